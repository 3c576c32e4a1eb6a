import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Synchronization
import Testing

/// Who is calling: tokens and passwords, and and what keeps strangers out.
struct SignInTests {
    /// A world with somebody at its door. Adam has the password `right`.
    private static let right = "correct horse battery"
    private static let here = ClientKey(address: "192.0.2.1")

    private static func with(
        between: (@Sendable (TestWorld) async throws -> Void)? = nil,
        _ body: (TestWorld, SignIn) async throws -> Void
    ) async throws {
        try await TestWorld.with { world async throws in
            let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
            let plain = SignIn(store: world.audited, hasher: hasher)
            var meddled = plain
            do {
                _ = try await plain.setPassword(right, of: Fixture.adam.email)
                if let between {
                    let store = MeddledStore(world.store, beforeWrite: { try await between(world) })
                    meddled = SignIn(
                        store: AuditedStore(
                            store: store,
                            clock: world.clock,
                            entropy: SeededEntropy(seed: 6)
                        ),
                        hasher: hasher
                    )
                }
                try await body(world, meddled)
            } catch {
                try await hasher.shutDown()
                throw error
            }
            try await hasher.shutDown()
        }
    }

    private static func refusal(_ body: () async throws -> Person) async throws -> Refusal? {
        do {
            _ = try await body()
            return nil
        } catch let refusal as Refusal {
            return refusal
        }
    }

    // MARK: - Tokens

    @Test func tokenSignsItsPersonInAndIsKeptAsAHashOnly() async throws {
        try await Self.with { world, signIn async throws in
            let new = try await signIn.issueToken(
                for: Fixture.eve.email,
                TokenTerms(label: "laptop")
            )
            #expect(new.secret.hasPrefix("lbx_"))
            #expect(try await signIn.caller(token: new.secret) == Fixture.eve)
            let kept = try await world.store.read { tx in
                (
                    try tx.token(secretHash: Lockbox.hash(new.secret)),
                    try tx.token(secretHash: Array(new.secret.utf8))
                )
            }
            #expect(kept.0?.id == new.token.id)
            #expect(kept.1 == nil)
            for log in [LogID.provider, .tenant(Fixture.contoso.id)] {
                for entry in try await world.entries(of: log) {
                    let text =
                        String(decoding: entry.bytes, as: UTF8.self)
                        + entry.texts.compactMap(\.text).joined()
                    #expect(
                        !text.contains("lbx_") && !text.contains(new.secret)
                            && !text.contains(Self.right)
                    )
                }
            }
            #expect(try await world.entries(of: .provider).last?.activity == "token.issued")
            try await world.expectConsistentLogs()
        }
    }

    @Test func everythingThatIsNoValidTokenIsRefusedAlike() async throws {
        try await Self.with { world, signIn async throws in
            let new = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: ""))
            let secret = new.secret
            let wrong = [
                "", "lbx_", secret + "0", String(secret.dropLast()), secret.uppercased(),
                " " + secret, secret + " ",
                "lbc_" + secret.dropFirst(4), "lbx_" + String(repeating: "0", count: 64),
                new.token.id.text,
            ]
            for text in wrong {
                #expect(
                    try await Self.refusal { try await signIn.caller(token: text) } == .notSignedIn,
                    "\(text)"
                )
            }
            // A credential for a service is no token for Lockbox, and the other way round.
            let issued = try await world.credential(for: try await world.approved())
            #expect(
                try await Self.refusal { try await signIn.caller(token: issued.secret) }
                    == .notSignedIn
            )
            #expect(try await world.index.active(secret, now: world.clock.now()) == nil)
        }
    }

    @Test func revokedTokenIsNotSignedInAndNobodyElseCanRevokeIt() async throws {
        try await Self.with { world, signIn async throws in
            let new = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "laptop"))
            await #expect(throws: Refusal.notFound(.token)) {
                try await signIn.revokeToken(new.token.id.text, of: Fixture.mark)
            }
            #expect(try await signIn.tokens(of: Fixture.eve) == [new.token])
            try await signIn.revokeToken(new.token.id.text, of: Fixture.eve)
            #expect(
                try await Self.refusal { try await signIn.caller(token: new.secret) }
                    == .notSignedIn
            )
            #expect(try await signIn.tokens(of: Fixture.eve).isEmpty)
            await #expect(throws: Refusal.notFound(.token)) {
                try await signIn.revokeToken(new.token.id.text, of: Fixture.eve)
            }
            #expect(try await world.entries(of: .provider).last?.activity == "token.revoked")
        }
    }

    @Test func tokenExpiresAtItsInstantAndNotBefore() async throws {
        try await Self.with { world, signIn async throws in
            let new = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "laptop"))
            let end = try #require(new.token.expiresAt)
            #expect(end == Fixture.now + .days(90))
            world.clock.move(to: end + TimeSpan(milliseconds: -1))
            #expect(try await signIn.caller(token: new.secret) == Fixture.eve)
            world.clock.move(to: end)
            #expect(
                try await Self.refusal { try await signIn.caller(token: new.secret) }
                    == .notSignedIn
            )
            #expect(try await signIn.tokens(of: Fixture.eve).isEmpty)
        }
    }

    @Test func tokenOfAPersonSwitchedOffIsNotSignedIn() async throws {
        try await Self.with { world, signIn async throws in
            let new = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "laptop"))
            try await world.store.write { tx in
                var eve = Fixture.eve
                eve.isDisabled = true
                try tx.save(eve)
            }
            #expect(
                try await Self.refusal { try await signIn.caller(token: new.secret) }
                    == .notSignedIn
            )
            await #expect(throws: Refusal.notSignedIn) {
                _ = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "another"))
            }
        }
    }

    @Test func numberOfTokensIsBounded() async throws {
        try await Self.with { world, signIn async throws in
            for _ in 0..<IdentityLimits.tokensPerPerson {
                _ = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "one of many"))
            }
            await #expect(throws: Refusal.limitReached(.tokens)) {
                _ = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "one too many"))
            }
            world.clock.advance(by: .days(90))
            _ = try await signIn.issueToken(
                for: Fixture.eve,
                TokenTerms(label: "the others are over")
            )
        }
    }

    @Test func tokensIssuedWithinADayAreBoundedThoughEachIsRevoked() async throws {
        try await Self.with { world, signIn async throws in
            for _ in 0..<Limits.tokensPerDay {
                let issued = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: ""))
                try await signIn.revokeToken(issued.token.id.text, of: Fixture.eve)
            }
            let refusal = Refusal.dailyLimitReached(.tokens, wait: .days(1))
            await #expect(throws: refusal) {
                _ = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "one too many"))
            }
            await #expect(throws: refusal) {
                _ = try await signIn.issueToken(
                    for: Fixture.eve.email,
                    TokenTerms(label: "by the console")
                )
            }
            _ = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "somebody else's"))
            world.clock.advance(by: .days(1))
            _ = try await signIn.issueToken(for: Fixture.eve, TokenTerms(label: "the next day"))
        }
    }

    // MARK: - Passwords

    @Test func rightPasswordSignsInUnderEverySpellingOfTheAddress() async throws {
        try await Self.with { _, signIn async throws in
            for address in ["adam@contoso.test", "ADAM@Contoso.Test", "adam+x@contoso.test"] {
                #expect(
                    try await signIn.person(email: address, password: Self.right, from: Self.here)
                        == Fixture.adam
                )
            }
        }
    }

    @Test func wrongPasswordUnknownAddressAndNoPasswordAreOneAnswer() async throws {
        try await Self.with { world, signIn async throws in
            try await world.store.write { tx in
                var uma = Fixture.uma
                uma.isDisabled = true
                try tx.save(uma)
            }
            for (email, password) in [
                ("adam@contoso.test", "wrong horse"), ("adam@contoso.test", ""),
                ("nobody@contoso.test", Self.right), ("not an address", Self.right),
                ("sue@contoso.test", Self.right),
                ("uma@contoso.test", Self.right),
            ] {
                let refusal = try await Self.refusal {
                    try await signIn.person(email: email, password: password, from: Self.here)
                }
                #expect(refusal == .badCredentials, "\(email)")
            }
        }
    }

    @Test func unknownAddressCostsAHashAsAKnownOneDoes() async throws {
        // Not by the clock: with its threads stopped the hasher refuses, so whoever is refused by
        // it has asked it.
        try await TestWorld.with { world async throws in
            let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
            let signIn = SignIn(store: world.audited, hasher: hasher)
            _ = try await signIn.setPassword(Self.right, of: Fixture.adam.email)
            try await hasher.shutDown()
            for email in [
                "adam@contoso.test", "nobody@contoso.test", "sue@contoso.test", "not an address",
            ] {
                await #expect(throws: CancellationError.self, "\(email)") {
                    _ = try await signIn.person(
                        email: email,
                        password: "whatever it is",
                        from: Self.here
                    )
                }
            }
        }
    }

    @Test func passwordOutsideTheLimitsIsRefusedAndNothingOfItIsCutOff() async throws {
        try await Self.with { _, signIn async throws in
            await #expect(
                throws: Refusal.invalid(field: "password", problem: .tooShort(minimum: 8))
            ) {
                _ = try await signIn.setPassword("1234567", of: Fixture.adam.email)
            }
            await #expect(
                throws: Refusal.invalid(field: "password", problem: .tooLong(maximum: 256))
            ) {
                _ = try await signIn.setPassword(
                    String(repeating: "a", count: 257),
                    of: Fixture.adam.email
                )
            }
            let longest = String(repeating: "a", count: 256)
            _ = try await signIn.setPassword(longest, of: Fixture.adam.email)
            #expect(
                try await signIn.person(
                    email: "adam@contoso.test",
                    password: longest,
                    from: Self.here
                ) == Fixture.adam
            )
            let refusal = try await Self.refusal {
                try await signIn.person(
                    email: "adam@contoso.test",
                    password: longest + "b",
                    from: Self.here
                )
            }
            #expect(refusal == .badCredentials)
        }
    }

    @Test func samePasswordIsStoredDifferentlyEachTimeAndWithTheCostThatWasChosen() async throws {
        let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5))
        let encoded = [try await hasher.hash(Self.right), try await hasher.hash(Self.right)]
        #expect(encoded[0] != encoded[1])
        #expect(
            encoded.allSatisfy {
                $0.hasPrefix("scrypt$ln=15,r=8,p=1$") && !$0.contains(Self.right)
            }
        )
        try await hasher.shutDown()
    }

    @Test func passwordReplacedWhileTheOldOneIsComparedDoesNotSignIn() async throws {
        let replaced = Mutex(false)
        try await Self.with(
            between: { world in
                guard
                    replaced.withLock({ done in
                        defer { done = true }
                        return !done
                    })
                else { return }
                try await world.store.write { tx in
                    try tx.save(
                        PasswordRecord(encoded: "scrypt$ln=15,r=8,p=1$00$00"),
                        of: Fixture.adam.id
                    )
                }
            },
            { _, signIn async throws in
                let refusal = try await Self.refusal {
                    try await signIn.person(
                        email: "adam@contoso.test",
                        password: Self.right,
                        from: Self.here
                    )
                }
                #expect(refusal == .badCredentials)
            }
        )
    }

    @Test func passwordReplacedWhileTheOldOneIsComparedGetsNoToken() async throws {
        try await Self.with(
            between: { world in
                try await world.store.write { tx in
                    try tx.save(
                        PasswordRecord(encoded: "scrypt$ln=15,r=8,p=1$00$00"),
                        of: Fixture.adam.id
                    )
                }
            },
            { world, signIn async throws in
                await #expect(throws: Refusal.badCredentials) {
                    _ = try await signIn.issueToken(
                        email: "adam@contoso.test",
                        password: Self.right,
                        TokenTerms(label: ""),
                        from: Self.here
                    )
                }
                #expect(try await world.store.read { try $0.tokens(of: Fixture.adam.id) } == [])
            }
        )
    }

    @Test func moreGuessesAtOnceThanCanBeHashedAreSentAway() async throws {
        try await Self.with { world, signIn async throws in
            let refusals = try await withThrowingTaskGroup(of: Refusal?.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        try await Self.refusal {
                            try await signIn.person(
                                email: "nobody\(number)@contoso.test",
                                password: "guess",
                                from: Self.here
                            )
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.contains(.badCredentials))
            #expect(refusals.contains(.tooManyAttempts(retryAfter: .seconds(1))))
            // It was only for the moment.
            world.clock.advance(by: .minutes(5))
            #expect(
                try await signIn.person(
                    email: "adam@contoso.test",
                    password: Self.right,
                    from: Self.here
                )
                    == Fixture.adam
            )
        }
    }
}
