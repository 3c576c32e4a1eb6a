import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Who hears of what is written on support requests.
@Suite struct SupportLettersTests {
    @Test func answerGoesToItsOpenerAndReplyToWhoAnswered() async throws {
        try await Stage.with { stage in
            try await stage.support(.wrote, by: Fixture.sue)
            #expect(try await stage.supportLetters() == [], "no engineer takes part yet")
            try await stage.support(.wrote, by: Fixture.eve)
            try await stage.support(.wrote, by: Fixture.eve)
            #expect(try await stage.supportLetters() == ["supportWritten → sue"])
            try await stage.support(.wrote, by: Fixture.gita)
            #expect(
                try await stage.supportLetters() == [
                    "supportWritten → eve", "supportWritten → sue",
                ]
            )
            let answer = LetterContent(try await stage.supportNotice(to: Fixture.sue))
            #expect(answer.subject == "Answer from Example Cloud: support request SR-1001")
            let reply = LetterContent(try await stage.supportNotice(to: Fixture.eve))
            #expect(reply.heading == "Contoso Ltd has written on a support request")
            for letter in [answer, reply] {
                let text = "\(letter)"
                for secret in Stage.freeTexts + ["Gita"] { #expect(!text.contains(secret)) }
            }
        }
    }

    @Test func closingAndReopeningAreToldToTheOthers() async throws {
        try await Stage.with { stage in
            try await stage.support(.wrote, by: Fixture.eve)
            try await stage.support(.closed, by: Fixture.gita)
            #expect(
                try await stage.supportLetters() == [
                    "supportClosed → eve", "supportClosed → sue", "supportWritten → sue",
                ]
            )
            // Once it is closed, that there is an answer is no news, and the other is true.
            #expect(try await stage.standing(of: stage.supportNotice(.supportWritten)) == .over)
            let closed = try await stage.supportNotice(.supportClosed)
            #expect(try await stage.standing(of: closed) != .over)
            let told = LetterContent(
                try await stage.supportNotice(.supportClosed, to: Fixture.eve)
            )
            #expect(told.lead.hasPrefix("Contoso Ltd closed it."))
            try await stage.support(.reopened, by: Fixture.eve)
            #expect(try await stage.standing(of: closed) == .over)
            #expect(try await stage.supportLetters().contains("supportReopened → sue"))
        }
    }

    @Test func whoMutedMessagesHearsOfClosingAlone() async throws {
        try await Stage.with { stage in
            try await stage.mute(.supportMessages, by: Fixture.sue)
            try await stage.support(.wrote, by: Fixture.eve)
            try await stage.support(.closed, by: Fixture.eve)
            #expect(try await stage.supportLetters() == ["supportClosed → sue"])
        }
    }

    @Test func engineerHearsThatHerRequestWasTakenBackWithIt() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.support(.closed, by: Fixture.sue)
            #expect(try await stage.waiting(id, .takenBack) == ["takenBack → eve"])
            let letter = try await stage.notice(id, .takenBack, to: Fixture.eve)
            #expect(LetterContent(letter).heading == "Your access request was withdrawn")
            #expect(try await stage.standing(of: letter) != .over)
        }
    }

    @Test func whoWasAskedHearsThatClosingEndedItAndNotThatTheProviderTookItBack() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.deliver(id)
            try await stage.support(.closed, by: Fixture.gita)
            // She did it herself.
            #expect(try await stage.waiting(id, .withdrawn) == ["withdrawn → adam"])
            let letter = LetterContent(try await stage.notice(id, .withdrawn, to: Fixture.adam))
            #expect(letter.lead.hasPrefix("Its support request was closed before you decided."))
        }
    }

    @Test func letterThatWaitsSaysWhatIsSoNow() async throws {
        try await Stage.with { stage in
            try await stage.support(.wrote, by: Fixture.eve)
            try await stage.support(.closed, by: Fixture.eve)
            try await stage.support(.reopened, by: Fixture.gita)
            try await stage.support(.closed, by: Fixture.sue)
            let told = LetterContent(
                try await stage.supportNotice(.supportClosed, to: Fixture.eve)
            )
            #expect(told.lead.hasPrefix("Contoso Ltd closed it."))
        }
    }

    @Test func noLetterToTheProvidersPeopleNamesAnApprover() async throws {
        try await Stage.with { stage in
            let denied = try await stage.askCustomer()
            try await stage.post(denied, by: Fixture.gita)
            try await stage.deny(denied, Fixture.gita)
            stage.clock.advance(by: .hours(1))
            let stopped = try await stage.askCustomer()
            try await stage.approve(stopped, Fixture.gita)
            try await stage.revoke(stopped, by: Fixture.gita)
            let letters = try await stage.notices(denied) + stage.notices(stopped)
            let told = letters.filter { notice in
                [Fixture.eve, Fixture.mark, Fixture.max].contains { $0.id == notice.recipient }
            }
            #expect(told.count > 3)
            for notice in told {
                let text = "\(LetterContent(notice)) \(notice.facts)"
                #expect(!text.contains("Gita") && !text.contains("gita@"), "\(notice.kind)")
            }
        }
    }
}
