import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Who hears of questions and answers, and who does not want to hear what.
@Suite struct QuestionLettersTests {
    @Test func questionOfTheCustomerGoesToTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: Fixture.adam)
            #expect(
                try await stage.waiting(id, .questionAsked, .questionAnswered) == [
                    "questionAsked → eve"
                ]
            )
            let notice = try await stage.notice(id, .questionAsked, to: Fixture.eve)
            #expect(notice.goodUntil == Stage.start + .hours(12))
            let letter = LetterContent(notice)
            #expect(letter.subject == "Question from the customer: access request \(id)")
            #expect(letter.heading == "Contoso Ltd has a question about your access request")
            #expect(
                letter.lead.hasSuffix(
                    "Contoso Ltd must decide by Mon 23 Nov 2026, 21:00 UTC, or the request expires."
                )
            )
            #expect(letter.value("Decide by") == "Mon 23 Nov 2026, 21:00 UTC")
        }
    }

    @Test func answerGoesToThoseWhoWroteOrElseToAllApprovers() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: Fixture.mark)
            #expect(
                try await stage.waiting(id, .questionAnswered)
                    == ["questionAnswered → adam", "questionAnswered → gita"]
            )
            let unasked = LetterContent(
                try await stage.notice(id, .questionAnswered, to: Fixture.gita)
            )
            #expect(unasked.heading == "Example Cloud has written to you about an access request")

            try await stage.deliver(id)
            for person in [Fixture.adam, Fixture.adam, Fixture.eve, Fixture.eve] {
                try await stage.post(id, by: person)
            }
            // Two questions are one letter, and so are two answers.
            #expect(try await stage.waiting(id, .questionAsked) == ["questionAsked → eve"])
            #expect(
                try await stage.waiting(id, .questionAnswered)
                    == [
                        "questionAnswered → adam", "questionAnswered → adam",
                        "questionAnswered → gita",
                    ]
            )
            let answer = LetterContent(
                try await stage.notice(id, .questionAnswered, to: Fixture.adam)
            )
            #expect(answer.heading == "Example Cloud has answered your question")
            #expect(answer.subject == "Answer to your question: access request \(id)")
        }
    }

    @Test func whoMayNoLongerDecideHearsNoAnswer() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: Fixture.adam)
            try await stage.store.write { [adam = Fixture.adam] tx in
                var former = adam
                former.roles = .member
                try tx.save(former)
            }
            try await stage.post(id, by: Fixture.eve)
            #expect(try await stage.waiting(id, .questionAnswered) == ["questionAnswered → gita"])
        }
    }

    @Test func lettersSayWhatTheClockDoesInEachState() async throws {
        try await Stage.with { stage in
            func lead(_ id: AccessRequestID) async throws -> String {
                try await stage.post(id, by: Fixture.gita)
                return LetterContent(try await stage.notice(id, .questionAsked, to: Fixture.eve))
                    .lead
            }
            let submitted = try await stage.submit()
            #expect(
                try await lead(submitted).contains(
                    "a manager of Example Cloud must review the request by Mon 23"
                )
            )
            let planned = try await stage.approved(notBefore: Stage.start + .hours(3))
            #expect(try await lead(planned).contains("still opens at Mon 23 Nov 2026, 12:00 UTC"))
            let open = try await stage.approved()
            #expect(try await lead(open).contains("still ends at Mon 23 Nov 2026, 11:00 UTC"))
        }
    }

    // MARK: - Muted letters

    @Test func mutedLettersAreNotWrittenAndOthersAre() async throws {
        try await Stage.with { stage in
            let (adam, gita) = (Fixture.adam, Fixture.gita)
            try await stage.mute([.reminders, .accessBegan, .accessReports], by: adam)
            let id = try await stage.askCustomer()
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → gita", "lastReminder → gita",
                    "reminder → gita",
                ]
            )
            try await stage.approve(id, gita)
            try await stage.pass(to: Stage.start + .hours(2))
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → gita", "accessEnded → eve", "accessReport → gita",
                    "approved → eve",
                ]
            )
        }
    }

    /// She does not hear that access began, but was asked.
    @Test func whoWasAskedHearsTheOutcomeThoughSheMutedThatAccessBegan() async throws {
        try await Stage.with { stage in
            try await stage.mute(.accessBegan, by: Fixture.gita)
            let id = try await stage.askCustomer()
            try await stage.deliver(id)
            try await stage.approve(id, Fixture.adam)
            #expect(try await stage.waiting(id, .settled) == ["settled → gita"])
            #expect(try await stage.waiting(id, .accessBegan) == ["accessBegan → adam"])
        }
    }

    @Test func approversHearOfNoMessageBeforeTheyAreAsked() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            for person in [Fixture.eve, Fixture.mark] { try await stage.post(id, by: person) }
            #expect(try await stage.waiting(id, .questionAnswered).isEmpty)
            try await stage.approve(id, Fixture.mark)
            stage.clock.advance(by: .minutes(5))
            try await stage.post(id, by: Fixture.eve)
            #expect(
                try await stage.waiting(id, .questionAnswered) == [
                    "questionAnswered → adam", "questionAnswered → gita",
                ]
            )
        }
    }

    @Test func remindersThatWaitAreStoppedForWhoMutesThem() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.mute(.reminders, by: Fixture.adam)
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → gita", "lastReminder → gita",
                    "reminder → gita",
                ]
            )
            try await stage.mute([], by: Fixture.adam)
            #expect(try await stage.waiting(id, .reminder, .lastReminder).count == 2)
        }
    }

    @Test(arguments: Notice.Kind.allCases)
    func onlyLettersThatInformCanBeMuted(_ kind: Notice.Kind) {
        let all = MutedLetters(MutedLetters.all.map(\.kind))
        let informing: [Notice.Kind] = [
            .reminder, .lastReminder, .accessBegan, .accessReport, .supportWritten,
        ]
        #expect(kind.isMuted(by: all) == informing.contains(kind))
        #expect(!kind.isMuted(by: []))
    }
}
