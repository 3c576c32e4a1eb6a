import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPortalWorld
import LockboxPorts
import Testing

/// The pages by which people come to their passwords, as somebody sees them who only has a link, or
/// only an address.
struct InvitationPageTests {
    private static let page = "/invitation/{invitation}"

    private static func form(_ code: String) -> [(String, String)] {
        [("code", code)] + PortalWorld.chosen.map { ($0.0, $0.1 ?? "") }
    }

    @Test func whoOnlyFollowsTheLinkOrSendsTheFormChangesNothingAndLearnsNothing() async throws {
        try await PortalWorld.with { world in
            let invitation = try await world.invited("sue")
            let before = try await world.recordedChanges()
            for _ in 0..<3 {
                let page = try await world.visit(Self.page, as: nil)
                #expect(page.status == 200)
                #expect(page.headers[values: .setCookie].isEmpty)
                for name in ["Sue", "Reyes", "sue@", "Contoso", "contoso"] {
                    #expect(!page.html.contains(name))
                }
                let empty = try await world.send(Self.page, form: Self.form(""), as: nil)
                #expect(empty.status == 422)
            }
            let stored = try await world.store.read { try $0.invitation(invitation.id) }
            #expect(stored == invitation)
            #expect(try await world.recordedChanges(since: before).count == before.count)
        }
    }

    @Test func codeAndPasswordAreTakenFromOurOwnPageOnly() async throws {
        try await PortalWorld.with { world in
            let invitation = try await world.invited("sue")
            let form = Self.form(PortalWorld.code(of: invitation))
            let foreign = try await world.send(
                Self.page,
                form: form,
                as: nil,
                origin: "https://evil.test"
            )
            #expect(foreign.status == 403)
            let answer = try await world.send(Self.page, form: form, as: nil)
            #expect(answer.status == 303 && answer.location == "/account?done=passwordChosen")
            let cookies = answer.headers[values: .setCookie]
            #expect(cookies.contains { $0.hasPrefix("__Host-lockbox=") })
            #expect(cookies.contains { $0.hasPrefix("__Host-lockbox-device=") })
            #expect(try await world.send(Self.page, form: form, as: nil).status == 410)
        }
    }

    /// Nothing is looked up before the answer, so that neither its words nor its time tell who is
    /// known here; it is the same where the database cannot even be asked.
    @Test func everybodyWhoForgotHerPasswordIsAnsweredAlike() async throws {
        try await PortalWorld.with { world in
            world.store.setBroken(true)
            var answers: Set<String> = []
            for address in ["sue@contoso.test", "nobody@contoso.test", "x", "", Texts.hostile] {
                let answer = try await world.send(
                    "/forgotten-password",
                    form: [("email", address)],
                    as: nil
                )
                #expect(answer.status == 200)
                answers.insert(answer.html)
            }
            #expect(answers.count == 1)
            world.store.setBroken(false)
            try await world.forgottenPasswords.work()
            let open = try await world.store.read { try $0.openInvitations(to: Fixture.sue.id) }
            #expect(open.map(\.purpose) == [.forgottenPassword])
        }
    }
}
