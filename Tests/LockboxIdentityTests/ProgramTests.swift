import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// A program comes in with API tokens from the console, to see and to ask, and by nothing else.
struct ProgramTests {
    private static let here = ClientKey(address: "192.0.2.1")
    private static let robot = Fixture.robot

    private static func with(_ body: (TestWorld, SignIn, Sessions) async throws -> Void)
        async throws
    {
        try await IdentityWorld.with(people: [robot], body)
    }

    @Test func consoleGivesAProgramNoPasswordAndNoInvitation() async throws {
        try await Self.with { world, signIn, _ in
            let password = try await world.refusal {
                _ = try await signIn.setPassword(IdentityWorld.password, of: Self.robot.email)
            }
            let invitation = try await world.refusal {
                _ = try await world.lockbox.invite(Self.robot.email)
            }
            #expect(password == .signInOfProgram && invitation == .signInOfProgram)
        }
    }

    /// Even what stands in the database opens nothing.
    @Test func storedPasswordAndInvitationOfAProgramOpenNothing() async throws {
        try await Self.with { world, signIn, sessions in
            let invitation = Fixture.invitation(to: Self.robot, at: world.clock.now())
            try await world.store.write { tx in
                let known = try #require(try tx.password(of: Fixture.adam.id))
                try tx.save(PasswordRecord(encoded: known.encoded), of: Self.robot.id)
                try tx.insert(invitation)
            }
            await #expect(throws: Refusal.badCredentials) {
                _ = try await sessions.begin(
                    email: Self.robot.email.text,
                    password: IdentityWorld.password,
                    from: Self.here
                )
            }
            await #expect(throws: Refusal.badCredentials) {
                _ = try await signIn.issueToken(
                    email: Self.robot.email.text,
                    password: IdentityWorld.password,
                    TokenTerms(label: ""),
                    from: Self.here
                )
            }
            let invitations = Invitations(
                store: world.audited,
                signIn: signIn,
                sessions: sessions,
                key: InvitationKey(seed: Array(repeating: 3, count: 32))
            )
            await #expect(throws: InvitationOver(.withdrawn)) {
                try await invitations.look(invitation.id.text, by: nil)
            }
        }
    }

    @Test func whoSaysThatAProgramForgotItsPasswordStartsNothing() async throws {
        try await Self.with { world, _, _ in
            let forgotten = ForgottenPasswords(store: world.audited)
            let before = try await world.entries(of: .provider).count
            try forgotten.ask(Self.robot.email.text, from: Self.here, now: world.clock.now())
            try await forgotten.work()
            #expect(try await world.entries(of: .provider).count == before)
            let open = try await world.store.read { try $0.openInvitations(to: Self.robot.id) }
            #expect(open == [])
        }
    }

    @Test func accountAtTheProvidersOwnSignInIsNeverAPrograms() async throws {
        try await Self.with { world, _, sessions in
            var settings = Fixture.signsInElsewhere
            settings.domains = [DomainName("example-cloud.test")!]
            try await world.audited.write(by: .console) { [settings] change in
                try change.tx.save(settings, of: .provider)
                change.emit(.directory(.signInChanged(.provider, settings)))
            }
            let providers = ProviderSignIn(store: world.audited, sessions: sessions)
            let token = IDToken(
                identity: Identity(issuer: Fixture.issuer, subject: "bot"),
                address: Self.robot.email,
                session: nil,
                roleValues: []
            )
            await #expect(throws: NotAdmitted.unknown(Self.robot.email)) {
                _ = try await providers.begin(token, at: .provider, from: Self.here)
            }
        }
    }

    @Test func tokenOfAProgramIsForSeeingAndAsking() async throws {
        try await Self.with { world, signIn, _ in
            let usual = try await signIn.issueToken(for: Self.robot.email, TokenTerms(label: ""))
            #expect(usual.token.scopes == [.read, .ask])
            #expect(try await signIn.caller(token: usual.secret) == Self.robot)
            for scopes in [["decide"], ["read", "administer"], TokenScopes.every.names] {
                let terms = try TokenTerms(label: "", scopes: scopes)
                let refusal = try await world.refusal {
                    _ = try await signIn.issueToken(for: Self.robot.email, terms)
                }
                #expect(refusal.field == "scopes")
            }
        }
    }
}
