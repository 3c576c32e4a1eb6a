import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// The letter by which somebody chooses a password, and who else hears of it.
@Suite struct InvitationLettersTests {
    private static let code = "7K3M-9QPX-AB2C"

    @Test func itHasTheLinkAndTheCodeAndGoesToThePersonAlone() async throws {
        try await Stage.with { stage in
            let invitation = try await stage.invite(Fixture.sue)
            let letters = try await stage.invitationLetters()
            #expect(letters.map(\.recipientAddress) == [Fixture.sue.email])
            let letter = try #require(letters.first)
            #expect(letter.kind.priority == .urgent)
            #expect(letter.goodUntil == invitation.endsAt)
            #expect(!letter.kind.isMuted(by: [.reminders, .accessBegan, .accessReports]))
            let content = LetterContent(letter, code: Self.code)
            #expect(
                content.link
                    == "https://lockbox.example-cloud.test/invitation/\(invitation.id.text)"
            )
            #expect(content.value("Code") == Self.code)
            #expect(content.value("Good until") == "Thu 26 Nov 2026, 09:00 UTC")
            #expect(content.value("Invited by") == "Example Cloud, on the server itself")
            // What is stored of it opens nothing.
            #expect(!letter.facts.values.contains { $0.contains(Self.code) })
        }
    }

    @Test func peopleOfTheProviderGetItToo() async throws {
        try await Stage.with { stage in
            try await stage.invite(Fixture.eve)
            let letter = try #require(try await stage.invitationLetters().first)
            #expect(letter.tenant == nil && letter.recipientAddress == Fixture.eve.email)
            #expect(LetterContent(letter, code: Self.code).lead.contains("Example Cloud"))
            guard case .right(let mailbox, _) = try await stage.standing(of: letter) else {
                Issue.record("not sent")
                return
            }
            #expect(mailbox.address == Fixture.eve.email.text)
            // It is none of the letters to operators.
            #expect(
                try await stage.store.read { try $0.operatorNotices(since: Stage.start) } == []
            )
        }
    }

    @Test func administratorsHearWhoWasInvitedAndNeverTheLink() async throws {
        try await Stage.with { stage in
            let invitation = try await stage.invite(Fixture.sue, by: Fixture.gita)
            let letters = try await stage.sideLetters().filter { $0.kind == .sideChanged }
            #expect(letters.map(\.recipientAddress) == [Fixture.gita.email])
            let letter = try #require(letters.first)
            #expect(
                LetterContent(letter).value("What")
                    == "Sue Reyes (sue@contoso.test): was invited to choose a password"
            )
            #expect(!letter.facts.values.contains { $0.contains(invitation.id.text) })
        }
    }

    /// Anybody can say so: it is no news to others.
    @Test func forgottenPasswordIsToldToNobodyElse() async throws {
        try await Stage.with { stage in
            try await stage.invite(Fixture.sue, for: .forgottenPassword)
            #expect(try await stage.sideLetters().map(\.kind) == [.invitation])
            let letter = try #require(try await stage.invitationLetters().first)
            let content = LetterContent(letter, code: Self.code)
            #expect(content.subject == "Lockbox: choose a new password")
            #expect(content.value("Good until") == "Mon 23 Nov 2026, 10:00 UTC")
            #expect(content.value("Invited by") == nil)
        }
    }

    @Test func letterOfAnInvitationThatIsOverIsNotSent() async throws {
        let ends: [(Stage) async throws -> Void] = [
            { _ = try await $0.invite(Fixture.sue) },
            { stage in
                let now = stage.clock.now()
                try await stage.store.write { tx in
                    for var open in try tx.openInvitations(to: Fixture.sue.id) {
                        try open.use(at: now)
                        try tx.update(open)
                    }
                }
            },
            { $0.clock.advance(by: .hours(72)) },
            { try await $0.save(changed(Fixture.sue) { $0.isDisabled = true }) },
        ]
        for end in ends {
            try await Stage.with { stage in
                try await stage.invite(Fixture.sue)
                let letter = try #require(try await stage.invitationLetters().first)
                try await end(stage)
                #expect(try await stage.standing(of: letter) == .over)
            }
        }
    }
}
