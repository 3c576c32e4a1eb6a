import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxTestWorld
import Testing

/// What API tokens are for, from where, for how long, and who sees and ends them.
struct TokenTests {
    private static let here = ClientKey(address: "192.0.2.1")
    private static let all: [(scope: TokenScopes, need: ScopeNeed)] = [
        (.read, .read), (.ask, .ask), (.decide, .decide), (.administer, .administer),
    ]

    private static func with(_ body: (TestWorld, SignIn) async throws -> Void) async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            try await body(world, signIn)
        }
    }

    /// What comes of a use of `token`; nil where it is taken.
    private static func refusal(
        _ signIn: SignIn,
        _ token: LockboxIdentity.NewToken,
        _ need: ScopeNeed,
        from client: ClientKey = here
    ) async throws -> Refusal? {
        do {
            _ = try await signIn.caller(token: token.secret, from: client, needing: need)
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    private static func withhold(_ scopes: TokenScopes, _ world: TestWorld) async throws {
        try await world.audited.write(by: .person(Fixture.gita)) { change in
            let before = try #require(try change.tx.tenant(Fixture.contoso.id))
            var after = before
            after.policy.withheldFromTokens = scopes
            after.version += 1
            try change.tx.save(after)
            change.emit(.directory(.policyChanged(before: before, after: after)))
        }
    }

    // MARK: - Scopes

    @Test func tokenIsGoodForItsScopesAlone() async throws {
        try await Self.with { _, signIn async throws in
            for (scope, _) in Self.all {
                let terms = try TokenTerms(label: "one", scopes: scope.names)
                let token = try await signIn.issueToken(for: Fixture.adam, terms)
                for (other, need) in Self.all {
                    #expect(
                        try await Self.refusal(signIn, token, need)
                            == (other == scope ? nil : .scopeMissing(other))
                    )
                }
                #expect(try await Self.refusal(signIn, token, .any) == nil)
                // Whatever may change anything may end access; to look changes nothing.
                #expect(
                    try await Self.refusal(signIn, token, .end)
                        == (scope == .read ? .scopeMissing(.ask) : nil)
                )
            }
        }
    }

    @Test func whereNothingIsSaidATokenReadsAndAsks() async throws {
        try await Self.with { _, signIn async throws in
            let byPerson = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: ""))
            #expect(byPerson.token.scopes == .standard)
            let byPassword = try await signIn.issueToken(
                email: "adam@contoso.test",
                password: IdentityWorld.password,
                TokenTerms(label: ""),
                from: Self.here
            )
            #expect(byPassword.token.scopes == .standard)
            let console = try await signIn.issueToken(
                for: Fixture.adam.email,
                TokenTerms(label: "")
            )
            #expect(console.token.scopes == .every)
        }
    }

    @Test func whatATenantWithholdsCountsAtOnceForTokensThatExist() async throws {
        try await Self.with { world, signIn async throws in
            let terms = try TokenTerms(label: "", scopes: TokenScopes.every.names)
            let token = try await signIn.issueToken(for: Fixture.adam, terms)
            let engineer = try await signIn.issueToken(for: Fixture.mark, terms)
            try await Self.withhold(.decide, world)
            #expect(try await Self.refusal(signIn, token, .decide) == .scopeWithheld(.decide))
            for need in [ScopeNeed.read, .ask, .administer, .end, .any] {
                #expect(try await Self.refusal(signIn, token, need) == nil)
            }
            // The provider's people are not the tenant's.
            #expect(try await Self.refusal(signIn, engineer, .decide) == nil)
            // And none is issued any more.
            await #expect(throws: Refusal.scopeWithheld(.decide)) {
                _ = try await signIn.issueToken(for: Fixture.adam, terms)
            }
            let console = try await signIn.issueToken(
                for: Fixture.adam.email,
                TokenTerms(label: "")
            )
            #expect(console.token.scopes == [.read, .ask, .administer])
            try await Self.withhold([], world)
            #expect(try await Self.refusal(signIn, token, .decide) == nil)
        }
    }

    @Test func tokenThatIsForDecidingAloneStillEndsAccessWhereThatIsWithheld() async throws {
        try await Self.with { world, signIn async throws in
            let token = try await signIn.issueToken(
                for: Fixture.adam,
                TokenTerms(label: "", scopes: ["decide"])
            )
            try await Self.withhold(.weighty, world)
            #expect(try await Self.refusal(signIn, token, .end) == nil)
        }
    }

    // MARK: - Days and addresses

    @Test func tokenLivesAsLongAsWasSaid() async throws {
        try await Self.with { world, signIn async throws in
            let short = try await signIn.issueToken(
                for: Fixture.adam,
                TokenTerms(label: "", days: 1)
            )
            let usual = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: ""))
            #expect(short.token.expiresAt == world.clock.now() + .days(1))
            #expect(usual.token.expiresAt == world.clock.now() + .days(90))
            world.clock.advance(by: TimeSpan(milliseconds: 86_399_999))
            #expect(try await Self.refusal(signIn, short, .read) == nil)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            #expect(try await Self.refusal(signIn, short, .read) == .notSignedIn)
            #expect(try await Self.refusal(signIn, usual, .read) == nil)
        }
    }

    @Test func termsThatNoTokenCanHaveAreRefusedByField() {
        func field(_ make: () throws -> TokenTerms) -> String? {
            do {
                _ = try make()
                return nil
            } catch { return (error as? Refusal)?.field }
        }
        #expect(field { try TokenTerms(label: String(repeating: "x", count: 101)) } == "label")
        for days in [0, -1, 366, .max, .min] {
            #expect(field { try TokenTerms(label: "", days: days) } == "days")
        }
        #expect(field { try TokenTerms(label: "", scopes: []) } == "scopes")
        #expect(field { try TokenTerms(label: "", scopes: ["read", "Read"]) } == "scopes[1]")
        #expect(field { try TokenTerms(label: "", scopes: ["read", "read"]) } == "scopes[1]")
        #expect(field { try TokenTerms(label: "", addresses: ["10.0.0.1/8"]) } == "addresses[0]")
        #expect(
            field { try TokenTerms(label: "", addresses: ["10.0.0.1", "10.0.0.1/32"]) }
                == "addresses[1]"
        )
        let many = (0...10).map { "10.0.0.\($0)" }
        #expect(field { try TokenTerms(label: "", addresses: many) } == "addresses")
        #expect(field { try TokenTerms(label: "", addresses: Array(many.dropLast())) } == nil)
    }

    @Test func tokenIsGoodFromItsAddressesAlone() async throws {
        try await Self.with { _, signIn async throws in
            let token = try await signIn.issueToken(
                for: Fixture.adam,
                TokenTerms(label: "", addresses: ["192.0.2.0/24", "2001:db8::/32"])
            )
            let proxies = try TrustedProxies(["192.0.2.200"])
            let good = [
                ClientKey(address: "192.0.2.1"),
                TrustedProxies.none.client(peer: "::ffff:192.0.2.9", forwardedFor: []),
                proxies.client(peer: "192.0.2.200", forwardedFor: ["2001:db8:1::5"]),
                proxies.client(peer: "192.0.2.200", forwardedFor: ["[2001:db8:1::5]:99"]),
            ]
            for client in good {
                #expect(try await Self.refusal(signIn, token, .read, from: client) == nil)
            }
            let elsewhere = [
                ClientKey(address: "192.0.3.1"), ClientKey(address: "nowhere"),
                // Nobody's word is taken that is no proxy's, and nobody is the proxy.
                TrustedProxies.none.client(peer: "198.51.100.1", forwardedFor: ["192.0.2.1"]),
                proxies.client(peer: "192.0.2.200", forwardedFor: ["203.0.113.1"]),
                proxies.client(peer: "192.0.2.200", forwardedFor: []),
                proxies.client(
                    peer: "192.0.2.200",
                    forwardedFor: ["203.0.113.1"],
                    forwarded: ["for=192.0.2.1"]
                ),
            ]
            for client in elsewhere {
                await #expect(throws: TokenFromElsewhere.self) {
                    _ = try await Self.refusal(signIn, token, .read, from: client)
                }
            }
            #expect(try await signIn.tokens(of: Fixture.adam).first?.lastUse?.from != nil)
        }
    }

    // MARK: - Last use

    @Test func lastUseIsWrittenDownOnceAMinute() async throws {
        try await Self.with { world, signIn async throws in
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: ""))
            func lastUse() async throws -> APIToken.LastUse? {
                try await signIn.tokens(of: Fixture.adam).first?.lastUse
            }
            #expect(try await lastUse() == nil)
            let began = world.clock.now()
            #expect(try await Self.refusal(signIn, token, .read) == nil)
            #expect(try await lastUse() == .init(at: began, from: AddressRange("192.0.2.1")))
            world.clock.advance(by: .seconds(59))
            let other = ClientKey(address: "198.51.100.4")
            #expect(try await Self.refusal(signIn, token, .read, from: other) == nil)
            #expect(try await lastUse()?.at == began)
            world.clock.advance(by: .seconds(1))
            // A use that is refused for its scope is a use.
            #expect(
                try await Self.refusal(signIn, token, .decide, from: other)
                    == .scopeMissing(.decide)
            )
            #expect(
                try await lastUse()
                    == .init(at: began + .minutes(1), from: AddressRange("198.51.100.4"))
            )
        }
    }

    // MARK: - Who sees and ends them

    @Test func administratorSeesAndEndsTheTokensOfHerPeople() async throws {
        try await Self.with { world, signIn async throws in
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "a")).token
            let own = try await signIn.issueToken(for: Fixture.gita, TokenTerms(label: "b")).token
            let other = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "c")).token
            let seen = try await signIn.tokens(ofTenant: "contoso", by: Fixture.gita)
            #expect(Set(seen.map(\.token.id)) == [token.id, own.id])
            await #expect(throws: Refusal.notFound(.token)) {
                try await signIn.revokeToken(other.id.text, ofTenant: "contoso", by: Fixture.gita)
            }
            try await signIn.revokeToken(token.id.text, ofTenant: "contoso", by: Fixture.gita)
            #expect(try await signIn.tokens(of: Fixture.adam).isEmpty)
            let last = try await world.entries(of: .tenant(Fixture.contoso.id)).last
            #expect(last?.activity == "token.revoked")
            #expect(last?.actor == Fixture.gita.id.text)
        }
    }

    @Test func nobodyElseSeesOrEndsThem() async throws {
        try await Self.with { _, signIn async throws in
            let token = try await signIn.issueToken(for: Fixture.gita, TokenTerms(label: "")).token
            for (person, expected) in [
                (Fixture.adam, Refusal.notPermitted(.changePeople)),
                (Fixture.sue, .notPermitted(.changePeople)), (Fixture.mark, .notFound(.tenant)),
                (Fixture.eve, .notFound(.tenant)),
            ] {
                await #expect(throws: expected) {
                    _ = try await signIn.tokens(ofTenant: "contoso", by: person)
                }
                await #expect(throws: expected) {
                    try await signIn.revokeToken(token.id.text, ofTenant: "contoso", by: person)
                }
            }
            for tenant in ["fabrikam", "nowhere", "", "Contoso"] {
                await #expect(throws: Refusal.notFound(.tenant)) {
                    _ = try await signIn.tokens(ofTenant: tenant, by: Fixture.gita)
                }
            }
            #expect(try await signIn.tokens(of: Fixture.gita).map(\.id) == [token.id])
        }
    }
}
