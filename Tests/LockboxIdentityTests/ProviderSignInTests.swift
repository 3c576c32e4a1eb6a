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
        issuer: String = Fixture.issuer
    ) -> IDToken {
        IDToken(
            identity: Identity(issuer: issuer, subject: subject),
            address: address.flatMap { EmailAddress($0) },
            session: nil
        )
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
                try change.update(Fixture.adam, to: adam)
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
