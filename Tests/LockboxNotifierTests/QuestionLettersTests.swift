import LockboxDomain
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Who hears of questions and answers, and who does not want to hear what.
@Suite struct QuestionLettersTests {
    @Test func questionOfTheCustomerGoesToTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: stage.cast.alice)
            #expect(
                try await stage.waiting(id, .questionAsked, .questionAnswered) == [
                    "questionAsked → erik"
                ]
            )
            let notice = try await stage.notice(id, .questionAsked, to: stage.cast.erik)
            #expect(notice.goodUntil == Stage.start + .hours(12))
            let letter = LetterContent(notice)
            #expect(letter.subject == "Question from the customer: access request \(id)")
            #expect(letter.heading == "Contoso has a question about your access request")
            #expect(
                letter.lead.hasSuffix(
                    "Contoso must decide by Mon 23 Nov 2026, 20:15 UTC, or the request expires."
                )
            )
            #expect(letter.value("Decide by") == "Mon 23 Nov 2026, 20:15 UTC")
        }
    }

    @Test func answerGoesToThoseWhoWroteOrElseToAllApprovers() async throws {
        try await Stage.with { stage in
            let cast = stage.cast
            let id = try await stage.askCustomer()
            try await stage.post(id, by: cast.mona)
            #expect(
                try await stage.waiting(id, .questionAnswered)
                    == ["questionAnswered → adam", "questionAnswered → alice"]
            )
            let unasked = LetterContent(
                try await stage.notice(id, .questionAnswered, to: cast.adam)
            )
            #expect(unasked.heading == "Adatum has written to you about an access request")

            try await stage.deliver(id)
            for person in [cast.alice, cast.alice, cast.erik, cast.erik] {
                try await stage.post(id, by: person)
            }
            // Two questions are one letter, and so are two answers.
            #expect(try await stage.waiting(id, .questionAsked) == ["questionAsked → erik"])
            #expect(
                try await stage.waiting(id, .questionAnswered)
                    == [
                        "questionAnswered → adam", "questionAnswered → alice",
                        "questionAnswered → alice",
                    ]
            )
            let answer = LetterContent(
                try await stage.notice(id, .questionAnswered, to: cast.alice)
            )
            #expect(answer.heading == "Adatum has answered your question")
            #expect(answer.subject == "Answer to your question: access request \(id)")
        }
    }

    @Test func whoMayNoLongerDecideHearsNoAnswer() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: stage.cast.alice)
            try await stage.store.write { [alice = stage.cast.alice] tx in
                var former = alice
                former.roles = .member
                try tx.save(former)
            }
            try await stage.post(id, by: stage.cast.erik)
            #expect(try await stage.waiting(id, .questionAnswered) == ["questionAnswered → adam"])
        }
    }

    @Test func lettersSayWhatTheClockDoesInEachState() async throws {
        try await Stage.with { stage in
            let cast = stage.cast
            func lead(_ id: AccessRequestID) async throws -> String {
                try await stage.post(id, by: cast.adam)
                return LetterContent(try await stage.notice(id, .questionAsked, to: cast.erik)).lead
            }
            let submitted = try await stage.submit()
            #expect(
                try await lead(submitted).contains(
                    "a manager of Adatum must review the request by Mon 23"
                )
            )
            let planned = try await stage.approved(notBefore: Stage.start + .hours(3))
            #expect(try await lead(planned).contains("still opens at Mon 23 Nov 2026, 11:15 UTC"))
            let open = try await stage.approved()
            #expect(try await lead(open).contains("still ends at Mon 23 Nov 2026, 10:15 UTC"))
        }
    }

    // MARK: - Muted letters

    @Test func mutedLettersAreNotWrittenAndOthersAre() async throws {
        try await Stage.with { stage in
            let (alice, adam) = (stage.cast.alice, stage.cast.adam)
            try await stage.mute([.reminders, .accessBegan, .accessReports], by: alice)
            let id = try await stage.askCustomer()
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → alice", "lastReminder → adam",
                    "reminder → adam",
                ]
            )
            try await stage.decide(id, adam)
            try await stage.pass(id, to: Stage.start + .hours(2))
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessEnded → erik", "accessReport → adam",
                    "approved → erik",
                ]
            )
        }
    }

    @Test func remindersThatWaitAreStoppedForWhoMutesThem() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.mute(.reminders, by: stage.cast.alice)
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → alice", "lastReminder → adam",
                    "reminder → adam",
                ]
            )
            try await stage.mute([], by: stage.cast.alice)
            #expect(try await stage.waiting(id, .reminder, .lastReminder).count == 2)
        }
    }

    @Test(arguments: Notice.Kind.allCases)
    func onlyLettersThatInformCanBeMuted(_ kind: Notice.Kind) {
        let all = MutedLetters(MutedLetters.all.map(\.kind))
        let informing: [Notice.Kind] = [.reminder, .lastReminder, .accessBegan, .accessReport]
        #expect(kind.isMuted(by: all) == informing.contains(kind))
        #expect(!kind.isMuted(by: []))
    }
}
