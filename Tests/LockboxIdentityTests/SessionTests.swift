import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Sessions of the portal: how they begin, what ends them, and what their secret is good for.
struct SessionTests {
    private static let right = IdentityWorld.password
    private static let adam = Fixture.adam.email.text
    private static let here = ClientKey(address: "192.0.2.1")

    private static func contoso(adamDisabled: Bool) -> DirectoryFile.Tenant {
        let (contoso, adam) = (Fixture.contoso, Fixture.adam)
        return DirectoryFile.Tenant(
            place: "line 1",
            id: contoso.id,
            name: contoso.name,
            isLicensed: true,
            policy: nil,
            people: [
                .init(
                    place: "line 2",
                    email: adam.email,
                    name: adam.name,
                    roles: adam.roles,
                    aliases: [],
                    isDisabled: adamDisabled
                )
            ],
            resources: []
        )
    }

    private static func justBefore(_ span: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: span.milliseconds - 1)
    }

    @Test func rightPasswordBeginsASessionThatItsSecretResumes() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, signedIn) = try await sessions.begin(
                email: "ADAM+x@contoso.test",
                password: Self.right,
                from: Self.here
            )
            #expect(signedIn.person == Fixture.adam)
            #expect(signedIn.session.expiresAt == Fixture.now + IdentityLimits.sessionLifetime)
            let resumed = try #require(try await sessions.resume(secret))
            #expect(resumed.session == signedIn.session)
            #expect(resumed.person == Fixture.adam)
            #expect(resumed.csrfToken == signedIn.csrfToken)
            let last = try await world.entries().last
            #expect(last?.activity == "signIn.succeeded")
            #expect(last?.actor == Fixture.adam.id.text)
            for wrong in [
                "", String(secret.dropLast()), secret + "0", secret.uppercased(),
                " " + secret.dropFirst(),
                String(repeating: "0", count: 64), signedIn.csrfToken, signedIn.session.id.text,
            ] {
                #expect(try await sessions.resume(wrong) == nil, "\(wrong)")
            }
        }
    }

    @Test func wrongPasswordBeginsNothing() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            for (email, password) in [
                (Self.adam, "wrong horse"), ("nobody@contoso.test", Self.right),
            ] {
                await #expect(throws: Refusal.badCredentials) {
                    _ = try await sessions.begin(email: email, password: password, from: Self.here)
                }
            }
            #expect(try await world.store.read { try $0.sessions(of: Fixture.adam.id) } == [])
        }
    }

    @Test func sessionThatIsIdleTooLongIsOver() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            world.clock.advance(by: Self.justBefore(IdentityLimits.sessionIdle))
            let seen = try #require(try await sessions.resume(secret)).session.lastSeenAt
            #expect(seen == world.clock.now())
            // Being seen counts anew from there.
            world.clock.move(to: seen + Self.justBefore(IdentityLimits.sessionIdle))
            #expect(try await sessions.resume(secret) != nil)
            world.clock.advance(by: IdentityLimits.sessionIdle)
            #expect(try await sessions.resume(secret) == nil)
        }
    }

    @Test func busySessionIsOverAtItsAbsoluteEnd() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, signedIn) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let end = signedIn.session.expiresAt
            while world.clock.now() + .minutes(20) < end {
                world.clock.advance(by: .minutes(20))
                #expect(try await sessions.resume(secret) != nil)
            }
            world.clock.move(to: end + TimeSpan(milliseconds: -1))
            #expect(try await sessions.resume(secret) != nil)
            world.clock.move(to: end)
            #expect(try await sessions.resume(secret) == nil)
            // Confirming does not put it off.
            await #expect(throws: Refusal.notSignedIn) {
                _ = try await sessions.confirm(secret, password: Self.right)
            }
        }
    }

    @Test func beingSeenIsWrittenDownAtMostOnceAMinuteAndNeverInTheLog() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let size = try await world.entries().count
            func kept() async throws -> Timestamp? {
                try await world.store.read { try $0.sessions(of: Fixture.adam.id) }.first?
                    .lastSeenAt
            }
            world.clock.advance(by: Self.justBefore(IdentityLimits.sessionSeenEvery))
            _ = try await sessions.resume(secret)
            #expect(try await kept() == Fixture.now)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            _ = try await sessions.resume(secret)
            #expect(try await kept() == world.clock.now())
            #expect(try await world.entries().count == size)
        }
    }

    @Test func onlyABrowserBesideThoseThatSheUsesIsNews() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            func begin(_ device: String? = nil) async throws -> String? {
                let client = device.map { Self.here.with(device: $0) } ?? Self.here
                let begun = try await sessions.begin(
                    email: Self.adam,
                    password: Self.right,
                    from: client
                )
                return begun.signedIn.device
            }
            func told() async throws -> Int {
                try await world.entries().count { $0.activity == "signIn.newBrowser" }
            }
            let first = try #require(try await begin())
            _ = try await begin(first)
            #expect(try await told() == 0)
            let second = try #require(try await begin())
            #expect(try await told() == 1)
            _ = try await begin(second)
            _ = try await begin(first)
            #expect(try await told() == 1)
            // However many there are, she is not drowned in letters.
            for _ in 0..<10 { _ = try await begin() }
            #expect(try await told() == IdentityLimits.newBrowserBurst)
            // After she was away for long, no browser is known, and none is news.
            world.clock.advance(by: IdentityLimits.deviceKnown)
            _ = try await begin()
            #expect(try await told() == IdentityLimits.newBrowserBurst)
        }
    }

    @Test func confirmingMakesTheSessionFreshUnderANewSecretAndKillsTheOld() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (old, begun) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            world.clock.advance(by: Self.justBefore(IdentityLimits.confirmationWindow))
            #expect(sessions.isFresh(begun, now: world.clock.now()))
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            #expect(!sessions.isFresh(begun, now: world.clock.now()))
            await #expect(throws: Refusal.badCredentials) {
                _ = try await sessions.confirm(old, password: "wrong horse")
            }
            let stale = try #require(try await sessions.resume(old))
            #expect(!sessions.isFresh(stale, now: world.clock.now()))
            let (new, confirmed) = try await sessions.confirm(old, password: Self.right)
            #expect(new != old)
            #expect(confirmed.session.id == begun.session.id)
            #expect(confirmed.session.expiresAt == begun.session.expiresAt)
            #expect(sessions.isFresh(confirmed, now: world.clock.now()))
            #expect(try await sessions.resume(old) == nil)
            await #expect(throws: Refusal.notSignedIn) {
                _ = try await sessions.confirm(old, password: Self.right)
            }
            let resumed = try #require(try await sessions.resume(new))
            #expect(resumed.session == confirmed.session)
            #expect(sessions.csrfMatches(confirmed.csrfToken, resumed))
            #expect(!sessions.csrfMatches(begun.csrfToken, resumed))
        }
    }

    @Test func wrongConfirmationsHoldOffTheirSessionAndNothingElse() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (other, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            for _ in 0..<IdentityLimits.failuresBeforeHold {
                await #expect(throws: Refusal.badCredentials) {
                    _ = try await sessions.confirm(secret, password: "guess")
                }
            }
            await #expect(throws: Refusal.badCredentials) {
                _ = try await sessions.confirm(secret, password: Self.right)
            }
            #expect(try await sessions.resume(secret) != nil)
            _ = try await sessions.confirm(other, password: Self.right)
            _ = try await sessions.begin(email: Self.adam, password: Self.right, from: Self.here)
            world.clock.advance(by: IdentityLimits.hold)
            _ = try await sessions.confirm(secret, password: Self.right)
        }
    }

    @Test func sessionThatIsHeldOffTwiceEnds() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            for isOver in [false, true] {
                #expect(try await sessions.resume(secret) != nil)
                for _ in 0..<IdentityLimits.failuresBeforeHold {
                    await #expect(throws: Refusal.badCredentials) {
                        _ = try await sessions.confirm(secret, password: "guess")
                    }
                }
                #expect(try await (sessions.resume(secret) == nil) == isOver)
                world.clock.advance(by: IdentityLimits.hold)
            }
        }
    }

    @Test func csrfTokenOfAnotherSessionIsRefused() async throws {
        try await IdentityWorld.with { _, _, sessions async throws in
            let (secret, mine) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (_, again) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (_, hers) = try await sessions.begin(
                email: "gita@contoso.test",
                password: Self.right,
                from: Self.here
            )
            #expect(sessions.csrfMatches(mine.csrfToken, mine))
            for wrong in [
                again.csrfToken, hers.csrfToken, "", String(mine.csrfToken.dropLast()),
                mine.csrfToken + "0",
                mine.csrfToken.uppercased(), secret,
            ] {
                #expect(!sessions.csrfMatches(wrong, mine), "\(wrong)")
            }
        }
    }

    @Test func signingOutEndsOneSessionAndSigningOutEverywhereAll() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let (first, signedIn) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (second, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (third, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (hers, _) = try await sessions.begin(
                email: "gita@contoso.test",
                password: Self.right,
                from: Self.here
            )
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "")).secret
            for _ in 0..<2 { try await sessions.end(first) }
            #expect(try await sessions.resume(first) == nil)
            #expect(try await sessions.resume(second) != nil)
            for _ in 0..<2 { try await sessions.endAll(of: signedIn.person) }
            for secret in [second, third] { #expect(try await sessions.resume(secret) == nil) }
            #expect(try await sessions.resume(hers) != nil)
            #expect(try await signIn.caller(token: token) == Fixture.adam)
            #expect(try await world.entries().filter { $0.activity == "sessions.ended" }.count == 1)
        }
    }

    @Test func oneOfHerSessionsIsSeenAndEndedAndNobodyElsesIs() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            func begin(_ email: String) async throws -> (secret: String, signedIn: SignedIn) {
                try await sessions.begin(email: email, password: Self.right, from: Self.here)
            }
            let first = try await begin(Self.adam)
            world.clock.advance(by: .seconds(1))
            let second = try await begin(Self.adam)
            let hers = try await begin("gita@contoso.test")
            let adam = first.signedIn.person
            let open = try await sessions.open(of: adam)
            #expect(open.map(\.id) == [first, second].map(\.signedIn.session.id))
            for id in [hers.signedIn.session.id.text, "SES-1", ""] {
                await #expect(throws: Refusal.self) { try await sessions.end(id, of: adam) }
            }
            try await sessions.end(second.signedIn.session.id.text, of: adam)
            #expect(try await sessions.resume(second.secret) == nil)
            for kept in [first, hers] {
                #expect(try await sessions.resume(kept.secret) != nil)
            }
            #expect(try await sessions.open(of: adam).count == 1)
            world.clock.advance(by: IdentityLimits.sessionIdle)
            #expect(try await sessions.open(of: adam).isEmpty)
        }
    }

    @Test func newPasswordEndsSessionsAndTokensOfItsPersonOnly() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            _ = try await signIn.setPassword(Self.right, of: Fixture.sue.email)
            let (hers, _) = try await sessions.begin(
                email: "sue@contoso.test",
                password: Self.right,
                from: Self.here
            )
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "laptop"))
                .secret
            let herToken = try await signIn.issueToken(
                for: Fixture.sue,
                TokenTerms(label: "laptop")
            ).secret
            _ = try await signIn.setPassword("another horse", of: Fixture.adam.email)
            #expect(try await sessions.resume(secret) == nil)
            await #expect(throws: Refusal.notSignedIn) { _ = try await signIn.caller(token: token) }
            #expect(try await sessions.resume(hers) != nil)
            #expect(try await signIn.caller(token: herToken) == Fixture.sue)
            #expect(
                try await world.entries().suffix(3).map(\.activity)
                    == ["password.set", "token.revoked", "sessions.ended"]
            )
            // What comes after it stands.
            let (new, _) = try await sessions.begin(
                email: Self.adam,
                password: "another horse",
                from: Self.here
            )
            #expect(try await sessions.resume(new) != nil)
        }
    }

    @Test func personChangesHerOwnPasswordAndAllElseEnds() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let other = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            ).secret
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "laptop"))
                .secret
            let secret = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            ).secret
            let new = "otter lamp violin tram"
            let (next, signedIn) = try await sessions.setPassword(secret, to: new, field: "new")
            #expect(try await sessions.resume(next)?.person == Fixture.adam)
            #expect(try await sessions.resume(next)?.csrfToken == signedIn.csrfToken)
            for old in [secret, other] { #expect(try await sessions.resume(old) == nil) }
            await #expect(throws: Refusal.notSignedIn) { _ = try await signIn.caller(token: token) }
            await #expect(throws: Refusal.badCredentials) {
                _ = try await sessions.begin(
                    email: Self.adam,
                    password: Self.right,
                    from: Self.here
                )
            }
            _ = try await sessions.begin(email: Self.adam, password: new, from: Self.here)
            let record = try #require(
                try await world.entries().last { $0.activity == "password.set" }
            )
            #expect(record.actor == Fixture.adam.id.text)
        }
    }

    /// Each is a record for ever: who knows a password shall not fill the disk with it, and not keep
    /// its owner out either.
    @Test func signInsWithoutEndLeaveNoRecordsWithoutEnd() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            func signIn(_ times: Int) async throws -> Int {
                for _ in 0..<times {
                    _ = try await sessions.begin(
                        email: Self.adam,
                        password: Self.right,
                        from: Self.here
                    )
                }
                return try await world.entries().count { $0.activity == "signIn.succeeded" }
            }
            #expect(try await signIn(100) == 100)
            #expect(try await signIn(5) == 100)
            world.clock.advance(by: .minutes(10))
            #expect(try await signIn(5) == 101)
        }
    }

    @Test func passwordsAreNotChangedWithoutEnd() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            var (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            func change() async throws {
                secret = try await sessions.setPassword(
                    secret,
                    to: "otter lamp violin tram",
                    field: "new"
                ).secret
            }
            for _ in 0..<10 { try await change() }
            await #expect(throws: Refusal.tooManyAttempts(retryAfter: .hours(1))) {
                try await change()
            }
            #expect(try await sessions.resume(secret) != nil)
        }
    }

    @Test func passwordGivenLongAgoChangesNothing() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            world.clock.advance(by: IdentityLimits.confirmationWindow)
            await #expect(throws: Refusal.notSignedIn) {
                _ = try await sessions.setPassword(
                    secret,
                    to: "otter lamp violin tram",
                    field: "new"
                )
            }
            _ = try await sessions.begin(email: Self.adam, password: Self.right, from: Self.here)
        }
    }

    @Test(arguments: [
        "lamp violin", "password1234", "Passw0rd2026!", "123456789012", "aaaaaaaaaaaaaaaa",
        "qwertyuiop12", "adamcontoso2026", "Contoso-Lockbox-1", "iloveyouiloveyou",
        "abcdefghijklmnop", "", String(repeating: "otter lamp ", count: 30),
    ])
    func passwordThatOthersWouldGuessIsRefused(_ new: String) async throws {
        try await IdentityWorld.with { _, _, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let refusal = await #expect(throws: Refusal.self) {
                _ = try await sessions.setPassword(secret, to: new, field: "new")
            }
            guard case .invalid("new", _) = refusal else {
                Issue.record("\(String(describing: refusal))")
                return
            }
            #expect(try await sessions.resume(secret) != nil)
            _ = try await sessions.begin(email: Self.adam, password: Self.right, from: Self.here)
        }
    }

    @Test func personSwitchedOffLosesSessionsAndTokensForGood() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let (secret, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let token = try await signIn.issueToken(for: Fixture.adam, TokenTerms(label: "laptop"))
                .secret
            for isDisabled in [true, false] {
                _ = try await world.lockbox.apply(
                    DirectoryFile(
                        providerName: nil,
                        providerPeople: [],
                        tenants: [Self.contoso(adamDisabled: isDisabled)],
                        services: []
                    )
                )
                #expect(try await sessions.resume(secret) == nil)
                await #expect(throws: Refusal.notSignedIn) {
                    _ = try await signIn.caller(token: token)
                }
            }
            let (again, _) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            // Even where the row alone says so, without the write that ends everything.
            try await world.store.write { tx in
                var adam = Fixture.adam
                adam.isDisabled = true
                try tx.save(adam)
            }
            #expect(try await sessions.resume(again) == nil)
            await #expect(throws: Refusal.badCredentials) {
                _ = try await sessions.begin(
                    email: Self.adam,
                    password: Self.right,
                    from: Self.here
                )
            }
            try await world.store.write { try $0.save(Fixture.adam) }
        }
    }

    @Test func oneSessionTooManyEndsTheOldest() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            var secrets: [String] = []
            for _ in 0...IdentityLimits.sessionsPerPerson {
                secrets.append(
                    try await sessions.begin(
                        email: Self.adam,
                        password: Self.right,
                        from: Self.here
                    ).secret
                )
                world.clock.advance(by: .seconds(1))
            }
            #expect(try await sessions.resume(secrets[0]) == nil)
            for secret in secrets.dropFirst() { #expect(try await sessions.resume(secret) != nil) }
            // Those that are over are not counted, whether or not their rows are gone.
            world.clock.advance(by: IdentityLimits.sessionLifetime)
            _ = try await sessions.begin(email: Self.adam, password: Self.right, from: Self.here)
            let known = try await world.store.read { try $0.sessions(of: Fixture.adam.id) }
            #expect(known.count == IdentityLimits.sessionsPerPerson + 1)
            #expect(known.count { world.clock.now() < $0.expiresAt } == 1)
        }
    }

    @Test func secretIsInNoRecordAndNoColumn() async throws {
        try await IdentityWorld.with { world, _, sessions async throws in
            let (old, begun) = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (new, confirmed) = try await sessions.confirm(old, password: Self.right)
            try await sessions.endAll(of: begun.person)
            let secrets = [old, new, begun.csrfToken, confirmed.csrfToken, Self.right]
            for log in [LogID.provider, .tenant(Fixture.contoso.id)] {
                for entry in try await world.entries(of: log) {
                    let text =
                        String(decoding: entry.bytes, as: UTF8.self)
                        + entry.texts.compactMap(\.text).joined()
                    for secret in secrets { #expect(!text.contains(secret)) }
                }
            }
            let found = try await world.store.read { tx in
                try secrets.map { try tx.session(secretHash: Array($0.utf8)) }
            }
            #expect(found.allSatisfy { $0 == nil })
        }
    }
}
