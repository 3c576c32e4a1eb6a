import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import LockboxTestWorld
import Testing

@Suite struct ProviderSignInTests {
    private static let client = ClientKey(address: "192.0.2.1")
    private static let contoso = Side.tenant(Fixture.contoso.id)

    /// A world in which Contoso signs in at its provider, and owns its domain.
    private static func with(
        domains: [String] = ["contoso.test"],
        passwords: Bool = false,
        _ body: (TestWorld, SignIn, Sessions, ProviderSignIn) async throws -> Void
    ) async throws {
        try await IdentityWorld.with { world, signIn, sessions in
            var settings = Fixture.signsInElsewhere
            settings.allowsPasswords = passwords
            var tenant = Fixture.contoso
            tenant.domains = domains.compactMap { DomainName($0) }
            try await world.audited.write(by: .console) { [settings, tenant] change in
                try change.tx.save(tenant)
                change.emit(.directory(.domainsChanged(tenant)))
                try change.tx.save(settings, of: contoso)
                change.emit(.directory(.signInChanged(contoso, settings)))
            }
            try await body(
                world,
                signIn,
                sessions,
                ProviderSignIn(store: world.audited, sessions: sessions)
            )
        }
    }

    private static func token(
        _ subject: String,
        _ address: String? = "adam@contoso.test",
        issuer: String = Fixture.issuer,
        session: String? = nil,
        groups: [String] = []
    ) -> IDToken {
        IDToken(
            identity: Identity(issuer: issuer, subject: subject),
            address: address.flatMap { EmailAddress($0) },
            session: session,
            roleValues: groups
        )
    }

    // MARK: - Signed out there

    @Test func signingOutThereEndsWhatBeganThere() async throws {
        try await Self.with { world, _, sessions, providers in
            func begin(_ session: String?) async throws -> String {
                let token = Self.token("1", session: session)
                return try await providers.begin(token, at: Self.contoso, from: Self.client).secret
            }
            func end(_ subject: String?, _ session: String?, issuer: String = Fixture.issuer)
                async throws
            {
                try await providers.end(
                    LogoutToken(
                        issuer: issuer,
                        subject: subject,
                        session: session,
                        before: world.clock.now() + .seconds(60)
                    ),
                    of: Self.contoso
                )
            }
            let secrets = [try await begin("a"), try await begin("b"), try await begin(nil)]
            func open() async throws -> [Bool] {
                var open: [Bool] = []
                for secret in secrets { open.append(try await sessions.look(secret) != nil) }
                return open
            }
            try await end("2", nil)
            try await end(nil, "c")
            try await end("1", nil, issuer: "https://login.other.test")
            #expect(try await open() == [true, true, true])
            try await end(nil, "a")
            #expect(try await open() == [false, true, true])
            // One of which the provider never gave the name may be the one that is meant.
            try await end("1", "c")
            #expect(try await open() == [false, true, false])
            try await end("1", nil)
            #expect(try await open() == [false, false, false])
            let told = try await world.entries(of: Self.contoso).map(\.activity)
            #expect(told.filter { $0 == "sessions.endedByProvider" }.count == 3)
            // What began after it was said goes on: the same token ends nothing a second time.
            let late = LogoutToken(
                issuer: Fixture.issuer,
                subject: "1",
                session: nil,
                before: world.clock.now()
            )
            world.clock.advance(by: .seconds(1))
            let secret = try await begin("a")
            try await providers.end(late, of: Self.contoso)
            for stranger in [Side.provider, .tenant(Fixture.fabrikam.id)] {
                let token = LogoutToken(
                    issuer: Fixture.issuer,
                    subject: "1",
                    session: nil,
                    before: world.clock.now()
                )
                try await providers.end(token, of: stranger)
            }
            #expect(try await sessions.look(secret) != nil)
        }
    }

    @Test func signingOutThereEndsCommandLinesToo() async throws {
        try await Self.with { world, signIn, _, providers in
            let logins = Logins(signIn)
            func signedIn() async throws -> LockboxIdentity.LoginTokens {
                let login = try await logins.ask(
                    LoginWish(device: nil, scope: nil),
                    from: Self.client
                )
                try await logins.answer(
                    userCode: login.userCode,
                    isAllowed: true,
                    by: Fixture.adam,
                    from: Self.client
                )
                return try await logins.tokens(deviceCode: login.deviceCode)
            }
            func end(_ session: String?, before: Timestamp) async throws {
                try await providers.end(
                    LogoutToken(
                        issuer: Fixture.issuer,
                        subject: "1",
                        session: session,
                        before: before
                    ),
                    of: Self.contoso
                )
            }
            _ = try await providers.begin(Self.token("1"), at: Self.contoso, from: Self.client)
            // Whichever session is meant, and also where none is open here any more.
            for session in [nil, "elsewhere"] as [String?] {
                let tokens = try await signedIn()
                try await end(session, before: world.clock.now())
                await #expect(throws: LoginRefused.invalidGrant) {
                    _ = try await logins.tokens(refresh: tokens.refresh)
                }
            }
            let said = world.clock.now()
            world.clock.advance(by: .seconds(1))
            let later = try await signedIn()
            try await end(nil, before: said)
            _ = try await logins.tokens(refresh: later.refresh)
        }
    }

    // MARK: - Roles that the provider says

    private static func withRoles(
        _ body: @escaping (TestWorld, ProviderSignIn, Sessions) async throws -> Void
    ) async throws {
        try await with { world, _, sessions, providers in
            var settings = Fixture.signsInElsewhere
            let provider = try #require(settings.provider)
            settings.provider = OpenIDProvider(
                issuer: provider.issuer,
                clientID: provider.clientID,
                authentication: provider.authentication,
                clientSecret: provider.clientSecret,
                roles: ClaimedRoles(
                    claim: "groups",
                    roles: ["people": [.member], "deciders": [.approver], "heads": [.admin]]
                )
            )
            try await world.audited.write(by: .console) { [settings] change in
                try change.tx.save(settings, of: contoso)
                change.emit(.directory(.signInChanged(contoso, settings)))
            }
            try await body(world, providers, sessions)
        }
    }

    @Test func rolesAreReadAnewAtEachSignIn() async throws {
        try await Self.withRoles { world, providers, sessions in
            for (groups, roles): ([String], Roles) in [
                (["people", "deciders", "unknown"], [.member, .approver]), (["people"], [.member]),
                ([], []), (["deciders"], [.approver]),
            ] {
                let (_, signedIn) = try await providers.begin(
                    Self.token("1", groups: groups),
                    at: Self.contoso,
                    from: Self.client
                )
                #expect(signedIn.person.roles == roles)
                let stored = try await world.store.read { try $0.person(Fixture.adam.id) }
                #expect(stored?.roles == roles)
            }
        }
    }

    /// In a tenant of its own, a new approver's yes waits, and she is let in all the same.
    @Test func rolesThatWaitLetInToo() async throws {
        try await Self.withRoles { world, providers, _ in
            let gita = Self.token("2", "gita@contoso.test", groups: ["people"])
            _ = try await providers.begin(gita, at: Self.contoso, from: Self.client)
            for (groups, waits) in [(["people"], false), (["deciders"], true), (["people"], false)]
            {
                let (_, signedIn) = try await providers.begin(
                    Self.token("1", groups: groups),
                    at: Self.contoso,
                    from: Self.client
                )
                #expect((signedIn.person.decisionDelay != nil) == waits)
                let stored = try await world.store.read { try $0.person(Fixture.adam.id) }
                #expect(stored == signedIn.person)
            }
        }
    }

    @Test func confirmingReadsThemToo() async throws {
        try await Self.withRoles { world, providers, sessions in
            let begun = try await providers.begin(
                Self.token("1", groups: ["deciders"]),
                at: Self.contoso,
                from: Self.client
            )
            _ = try await sessions.confirm(begun.secret, by: Self.token("1"))
            #expect(try await world.store.read { try $0.person(Fixture.adam.id) }?.roles == [])
        }
    }

    @Test func lastAdministratorStaysOneWhateverTheProviderSays() async throws {
        try await Self.withRoles { world, providers, _ in
            let gita = Self.token("2", "gita@contoso.test", groups: ["people"])
            let begun = try await providers.begin(gita, at: Self.contoso, from: Self.client)
            #expect(begun.signedIn.person.roles == [.member, .admin])
        }
    }

    @Test func firstSignInLinksTheAccountAndLaterOnesGoByIt() async throws {
        try await Self.with { world, _, sessions, providers in
            let (secret, first) = try await providers.begin(
                Self.token("1"),
                at: Self.contoso,
                from: Self.client
            )
            #expect(first.person.id == Fixture.adam.id)
            #expect(first.session.issuer == Fixture.issuer)
            #expect(try await sessions.resume(secret)?.person.id == Fixture.adam.id)
            // By now the account has another address, or none: it is his all the same.
            for address in ["gita@contoso.test", "adam@elsewhere.test", nil] {
                let again = try await providers.begin(
                    Self.token("1", address),
                    at: Self.contoso,
                    from: Self.client
                )
                #expect(again.signedIn.person.id == Fixture.adam.id)
            }
        }
    }

    @Test func providerSpeaksForNobodyElse() async throws {
        try await Self.with { world, _, _, providers in
            for (token, reason): (IDToken, NotAdmitted) in [
                (Self.token("1", nil), .noAddress),
                (Self.token("1", "eve@example-cloud.test"), .foreignAddress(Fixture.eve.email)),
                (Self.token("1", "frida@fabrikam.test"), .foreignAddress(Fixture.frida.email)),
                (
                    Self.token("1", "nobody@contoso.test"),
                    .unknown(try #require(EmailAddress("nobody@contoso.test")))
                ),
                (Self.token("1", issuer: "https://login.evil.test"), .otherSettings),
                // A local name is no account of anybody's.
                (Self.token("adam@contoso.test", issuer: Identity.localIssuer), .otherSettings),
            ] {
                await #expect(throws: reason) {
                    try await providers.begin(token, at: Self.contoso, from: Self.client)
                }
            }
            await #expect(throws: NotAdmitted.otherSettings) {
                try await providers.begin(Self.token("1"), at: .provider, from: Self.client)
            }
        }
    }

    @Test func addressCountsOnlyInATenantsOwnDomains() async throws {
        try await Self.with(domains: []) { _, _, _, providers in
            await #expect(throws: NotAdmitted.foreignAddress(Fixture.adam.email)) {
                try await providers.begin(Self.token("1"), at: Self.contoso, from: Self.client)
            }
        }
    }

    @Test func secondAccountWithTheSameAddressIsTurnedAwayAndRecorded() async throws {
        try await Self.with { world, _, _, providers in
            _ = try await providers.begin(Self.token("1"), at: Self.contoso, from: Self.client)
            let before = try await world.store.read { try $0.head(of: Self.contoso).size }
            for _ in 0..<20 {
                await #expect(throws: NotAdmitted.otherAccount(Fixture.adam.email)) {
                    try await providers.begin(Self.token("2"), at: Self.contoso, from: Self.client)
                }
            }
            // Told, but not as often as somebody likes.
            let after = try await world.store.read { try $0.head(of: Self.contoso).size }
            #expect(after == before + 5)
        }
    }

    @Test func whoIsSwitchedOffIsNotLetIn() async throws {
        try await Self.with { world, _, _, providers in
            _ = try await providers.begin(Self.token("1"), at: Self.contoso, from: Self.client)
            try await world.audited.write(by: .console) { change in
                var adam = Fixture.adam
                adam.isDisabled = true
                _ = try change.update(Fixture.adam, to: adam)
            }
            for subject in ["1", "2"] {
                await #expect(throws: NotAdmitted.disabled) {
                    try await providers.begin(
                        Self.token(subject),
                        at: Self.contoso,
                        from: Self.client
                    )
                }
            }
        }
    }

    @Test func passwordsCountOnlyWhereTheyAreAllowed() async throws {
        for isAllowed in [true, false] {
            try await Self.with(passwords: isAllowed) { _, signIn, _, _ in
                do {
                    _ = try await signIn.person(
                        email: "adam@contoso.test",
                        password: IdentityWorld.password,
                        from: Self.client
                    )
                    #expect(isAllowed)
                } catch Refusal.badCredentials {
                    #expect(!isAllowed)
                }
            }
        }
    }

    @Test func confirmationIsByTheSamePerson() async throws {
        try await Self.with { world, _, sessions, providers in
            let (secret, _) = try await providers.begin(
                Self.token("1"),
                at: Self.contoso,
                from: Self.client
            )
            _ = try await providers.begin(
                Self.token("2", "gita@contoso.test"),
                at: Self.contoso,
                from: Self.client
            )
            world.clock.advance(by: .minutes(11))
            let stale = try #require(try await sessions.resume(secret))
            #expect(!sessions.isFresh(stale, now: world.clock.now()))
            await #expect(throws: NotAdmitted.somebodyElse) {
                try await sessions.confirm(secret, by: Self.token("2"))
            }
            let (next, confirmed) = try await sessions.confirm(secret, by: Self.token("1"))
            #expect(sessions.isFresh(confirmed, now: world.clock.now()))
            #expect(next != secret)
            #expect(try await sessions.resume(secret) == nil)
        }
    }

    @Test func addressLeadsToTheProviderOfItsDomainAlone() async throws {
        try await Self.with { _, _, _, providers in
            for address in ["adam@contoso.test", "NOBODY@Contoso.TEST", "x@eu.contoso.test"] {
                let way = try await providers.way(for: address)
                #expect(way?.side == Self.contoso)
            }
            for address in ["frida@fabrikam.test", "a@notcontoso.test", "", "contoso.test"] {
                let way = try await providers.way(for: address)
                #expect(way?.side == nil)
            }
        }
    }
}
