import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxTestWorld
import Testing

/// How a command line comes to its tokens, and all that keeps it from them.
struct LoginTests {
    private static let here = ClientKey(address: "192.0.2.1")
    private static let verifier = String(repeating: "v", count: 43)
    private static let callback = LoginCallback(
        address: "http://127.0.0.1:49152/callback",
        // SHA-256 of the verifier.
        challenge: "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
    )!

    /// A world with sign-ins at command lines.
    private struct Place {
        let world: TestWorld
        let signIn: SignIn
        let sessions: Sessions
        let logins: Logins

        func allowed(
            _ scope: String? = nil,
            by person: Person = Fixture.adam
        ) async throws -> String {
            try await logins.allow(
                LoginWish(device: "lockbox on laptop", scope: scope),
                LoginTests.callback,
                by: person,
                from: LoginTests.here
            )
        }

        func exchanged(
            _ code: String,
            verifier: String = LoginTests.verifier,
            callback: String = LoginTests.callback.address
        ) async throws -> LoginTokens {
            try await logins.tokens(code: code, verifier: verifier, callback: callback)
        }

        func begun(
            _ scope: String? = nil,
            by person: Person = Fixture.adam
        ) async throws -> LoginTokens {
            try await exchanged(try await allowed(scope, by: person))
        }

        /// Whether `access` opens anything.
        func isGood(_ access: String, _ need: ScopeNeed = .any) async throws -> Bool {
            do {
                _ = try await signIn.caller(token: access, from: LoginTests.here, needing: need)
                return true
            } catch is Refusal {
                return false
            }
        }

        func asked(_ scope: String? = nil, from address: String = "192.0.2.9") async throws
            -> DeviceLogin
        {
            try await logins.ask(
                LoginWish(device: "lockbox on server", scope: scope),
                from: ClientKey(address: address)
            )
        }

        func answer(_ isAllowed: Bool, _ code: String, by person: Person = Fixture.adam)
            async throws
        {
            try await logins.answer(
                userCode: code,
                isAllowed: isAllowed,
                by: person,
                from: LoginTests.here
            )
        }

        func activities() async throws -> [String] {
            try await world.entries().map(\.activity)
        }
    }

    private static func with(_ body: (Place) async throws -> Void) async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            try await body(
                Place(
                    world: world,
                    signIn: signIn,
                    sessions: sessions,
                    logins: Logins(signIn)
                )
            )
        }
    }

    private static func expect(
        _ refused: LoginRefused,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> LoginTokens
    ) async {
        await #expect(throws: refused, sourceLocation: sourceLocation) { _ = try await body() }
    }

    // MARK: - Wishes

    @Test func wishesAreBoundedAndMean() throws {
        #expect(try LoginWish(device: nil, scope: nil).scopes == .standard)
        // Without it no command finds anything.
        #expect(try LoginWish(device: nil, scope: "decide").scopes == [.read, .decide])
        for scope in ["", "all", "read read", "read  ask", " read", "READ"] {
            #expect(throws: Refusal.self) { try LoginWish(device: nil, scope: scope) }
        }
        for device in ["a\u{0}b", "a\u{202E}b", "a\nb", String(repeating: "x", count: 101)] {
            #expect(throws: Refusal.self) { try LoginWish(device: device, scope: nil) }
        }
    }

    // MARK: - Codes

    @Test func whoHasTheCodeAndItsVerifierHasTokensThatAreForWhatWasAllowed() async throws {
        try await Self.with { place async throws in
            let tokens = try await place.begun("read decide")
            #expect(tokens.token.scopes == [.read, .decide])
            #expect(tokens.token.label == "lockbox on laptop")
            #expect(tokens.accessLife == .minutes(15))
            #expect(tokens.access.hasPrefix("lbx_") && tokens.refresh.hasPrefix("lbxr_"))
            #expect(try await place.isGood(tokens.access, .decide))
            #expect(try await !place.isGood(tokens.access, .administer))
            #expect(try await place.activities().last == "token.issued")
            let listed = try await place.signIn.tokens(of: Fixture.adam)
            #expect(listed.map(\.id) == [tokens.token.id])
            #expect(listed.first?.login != nil)
            // None of its secrets opens what another of them is for.
            for secret in [tokens.refresh, "lbx_" + tokens.refresh.dropFirst(5).prefix(64)] {
                #expect(try await !place.isGood(secret))
            }
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(refresh: tokens.access)
            }
        }
    }

    @Test func codeIsOfNoUseToWhoOnlySawIt() async throws {
        try await Self.with { place async throws in
            let code = try await place.allowed()
            for verifier in [
                "", String(repeating: "w", count: 43), Self.callback.challenge,
                Self.verifier + "v", String(repeating: "v", count: 129),
            ] {
                await Self.expect(.invalidGrant) {
                    try await place.exchanged(code, verifier: verifier)
                }
            }
            for callback in ["http://127.0.0.1:49153/callback", "http://[::1]:49152/callback", ""] {
                await Self.expect(.invalidGrant) {
                    try await place.exchanged(code, callback: callback)
                }
            }
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(deviceCode: code)
            }
            // Its own command line still can use it.
            _ = try await place.exchanged(code)
        }
    }

    @Test func codeIsGoodForAMinute() async throws {
        try await Self.with { place async throws in
            let late = try await place.allowed()
            place.world.clock.advance(by: .seconds(60))
            await Self.expect(.invalidGrant) { try await place.exchanged(late) }
            let timely = try await place.allowed()
            place.world.clock.advance(by: TimeSpan(milliseconds: 59_999))
            _ = try await place.exchanged(timely)
        }
    }

    @Test func codeThatComesTwiceEndsWhatItWasGoodFor() async throws {
        try await Self.with { place async throws in
            let code = try await place.allowed()
            let tokens = try await place.exchanged(code)
            await Self.expect(.invalidGrant) { try await place.exchanged(code) }
            #expect(try await !place.isGood(tokens.access))
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(refresh: tokens.refresh)
            }
            #expect(try await place.activities().suffix(2) == ["login.reused", "token.revoked"])
        }
    }

    // MARK: - Refresh

    @Test func refreshTokensFollowEachOther() async throws {
        try await Self.with { place async throws in
            let first = try await place.begun()
            place.world.clock.advance(by: .minutes(15))
            #expect(try await !place.isGood(first.access))
            let second = try await place.logins.tokens(refresh: first.refresh)
            #expect(second.token.id == first.token.id)
            #expect(try await place.isGood(second.access))
            let third = try await place.logins.tokens(refresh: second.refresh)
            // One access token at a time.
            #expect(try await !place.isGood(second.access))
            #expect(try await place.isGood(third.access))
        }
    }

    /// Whether the thief or the owner comes second: both lose it, and the owner hears of it.
    @Test func refreshTokenThatComesAgainEndsAll() async throws {
        try await Self.with { place async throws in
            var tokens = try await place.begun()
            let stolen = tokens.refresh
            for _ in 0..<3 { tokens = try await place.logins.tokens(refresh: tokens.refresh) }
            await Self.expect(.invalidGrant) { try await place.logins.tokens(refresh: stolen) }
            #expect(try await !place.isGood(tokens.access))
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(refresh: tokens.refresh)
            }
            #expect(try await place.activities().suffix(2) == ["login.reused", "token.revoked"])
        }
    }

    @Test func whoHasNeverHadOneEndsNothing() async throws {
        try await Self.with { place async throws in
            let tokens = try await place.begun()
            let zeros = String(repeating: "0", count: 64)
            for text in [
                "", "lbxr_", "lbxr_" + zeros, "lbxr_" + zeros + zeros,
                "lbxr_" + zeros + String(tokens.refresh.suffix(64)),
                "lbxr_" + String(repeating: "é", count: 64), tokens.refresh + "0",
            ] {
                await Self.expect(.invalidGrant) { try await place.logins.tokens(refresh: text) }
                try await place.logins.end(refresh: text)
            }
            #expect(try await place.isGood(tokens.access))
        }
    }

    @Test func loginEndsAfterAWeekWithoutUseAndAMonthInAnyCase() async throws {
        try await Self.with { place async throws in
            let began = place.world.clock.now()
            let idle = try await place.begun()
            var used = try await place.begun()
            for round in 1...4 {
                place.world.clock.advance(
                    by: round == 1 ? TimeSpan(milliseconds: 7 * 86_400_000 - 1) : .days(6)
                )
                used = try await place.logins.tokens(refresh: used.refresh)
                guard round == 1 else { continue }
                place.world.clock.advance(by: TimeSpan(milliseconds: 1))
                await Self.expect(.invalidGrant) {
                    try await place.logins.tokens(refresh: idle.refresh)
                }
            }
            #expect(try await place.isGood(used.access))
            place.world.clock.advance(by: (began + .days(30)) - place.world.clock.now())
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(refresh: used.refresh)
            }
        }
    }

    @Test func loginThatDecidesEndsWithTheDay() async throws {
        try await Self.with { place async throws in
            let tokens = try await place.begun("decide")
            #expect(tokens.token.expiresAt == place.world.clock.now() + .hours(12))
            place.world.clock.advance(by: .hours(12))
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(refresh: tokens.refresh)
            }
        }
    }

    @Test func lastAccessTokenEndsWithItsLogin() async throws {
        try await Self.with { place async throws in
            let tokens = try await place.begun("decide")
            place.world.clock.advance(by: .minutes(12 * 60 - 5))
            let last = try await place.logins.tokens(refresh: tokens.refresh)
            #expect(last.accessLife == .minutes(5))
        }
    }

    // MARK: - Devices

    @Test func deviceGetsItsTokensOnceSomebodyHasAllowedIt() async throws {
        try await Self.with { place async throws in
            let login = try await place.asked()
            #expect(
                login.userCode.wholeMatch(of: /[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}/) != nil
            )
            await Self.expect(.pending) {
                try await place.logins.tokens(deviceCode: login.deviceCode)
            }
            await Self.expect(.slowDown) {
                try await place.logins.tokens(deviceCode: login.deviceCode)
            }
            place.world.clock.advance(by: .seconds(5))
            await Self.expect(.pending) {
                try await place.logins.tokens(deviceCode: login.deviceCode)
            }
            // As people type.
            let typed = " " + login.userCode.lowercased().replacing("-", with: " ")
            let shown = try await place.logins.request(
                userCode: typed,
                by: Fixture.adam,
                from: Self.here
            )
            #expect(shown.device == "lockbox on server")
            #expect(shown.askedFrom == AddressRange("192.0.2.9"))
            try await place.answer(true, typed)
            let tokens = try await place.logins.tokens(deviceCode: login.deviceCode)
            #expect(tokens.token.person == Fixture.adam.id)
            #expect(try await place.isGood(tokens.access))
            // The code is over for everybody.
            await #expect(throws: Refusal.notFound(.page)) {
                try await place.answer(true, typed, by: Fixture.gita)
            }
            await Self.expect(.invalidGrant) {
                try await place.logins.tokens(deviceCode: login.deviceCode)
            }
            #expect(try await !place.isGood(tokens.access))
        }
    }

    @Test func whatWasDeniedOrIsLateGetsNothing() async throws {
        try await Self.with { place async throws in
            let denied = try await place.asked()
            try await place.answer(false, denied.userCode)
            await Self.expect(.denied) {
                try await place.logins.tokens(deviceCode: denied.deviceCode)
            }
            let (late, unfetched) = (try await place.asked(), try await place.asked())
            try await place.answer(true, unfetched.userCode)
            place.world.clock.advance(by: .minutes(10))
            await #expect(throws: Refusal.notFound(.page)) {
                try await place.answer(true, late.userCode)
            }
            for login in [late, unfetched] {
                await Self.expect(.expired) {
                    try await place.logins.tokens(deviceCode: login.deviceCode)
                }
            }
            await Self.expect(.invalidGrant) { try await place.logins.tokens(deviceCode: "") }
            await Self.expect(.invalidGrant) {
                try await place.exchanged(late.deviceCode)
            }
        }
    }

    @Test func codesAreNotFoundByGuessing() async throws {
        try await Self.with { place async throws in
            let login = try await place.asked()
            func guess(_ code: String, from address: String) async throws {
                _ = try await place.logins.request(
                    userCode: code,
                    by: Fixture.adam,
                    from: ClientKey(address: address)
                )
            }
            for number in 0..<IdentityLimits.userCodeGuessBurst {
                await #expect(throws: Refusal.notFound(.page)) {
                    try await guess("BBBB-BBBB", from: "192.0.2.\(number)")
                }
            }
            // The right one is refused too, from wherever, to the one who guessed.
            await #expect(throws: Refusal.self) {
                try await guess(login.userCode, from: "198.51.100.1")
            }
            _ = try await place.logins.request(
                userCode: login.userCode,
                by: Fixture.gita,
                from: Self.here
            )
        }
    }

    @Test func oneAddressBringsSoManyDevicesAndNoMore() async throws {
        try await Self.with { place async throws in
            for _ in 0..<IdentityLimits.deviceLoginBurst { _ = try await place.asked() }
            await #expect(throws: Refusal.self) { _ = try await place.asked() }
            _ = try await place.asked(from: "198.51.100.7")
        }
    }

    // MARK: - What ends it

    @Test func whatIsWithheldIsNeitherAllowedNorFetchedNorUsed() async throws {
        try await Self.with { place async throws in
            let tokens = try await place.begun("decide")
            let (code, login) = (try await place.allowed("decide"), try await place.asked("decide"))
            try await place.world.audited.write(by: .person(Fixture.gita)) { change in
                let before = try #require(try change.tx.tenant(Fixture.contoso.id))
                var after = before
                after.policy.withheldFromTokens = .decide
                after.version += 1
                try change.tx.save(after)
                change.emit(.directory(.policyChanged(before: before, after: after)))
            }
            for attempt in [
                { _ = try await place.allowed("decide") },
                { try await place.answer(true, login.userCode) },
                { _ = try await place.exchanged(code) },
            ] as [() async throws -> Void] {
                await #expect(throws: Refusal.scopeWithheld(.decide)) { try await attempt() }
            }
            #expect(try await !place.isGood(tokens.access, .decide))
            #expect(try await place.isGood(tokens.access, .read))
            try await place.answer(false, login.userCode)
        }
    }

    @Test func newPasswordSwitchingOffAndSigningOutEverywhereEndIt() async throws {
        for end in [
            { place in
                _ = try await place.signIn.setPassword(
                    "a new password here",
                    of: Fixture.adam.email
                )
            },
            { place in try await place.sessions.endAll(of: Fixture.adam) },
            { place in
                try await place.world.audited.write(by: .console) { change in
                    var after = try #require(try change.tx.person(Fixture.adam.id))
                    let before = after
                    after.isDisabled = true
                    try change.update(before, to: after)
                }
            },
            { place in
                let id = try await place.signIn.tokens(of: Fixture.adam)[0].id.text
                // Unlike the others it does not end what waits to be fetched.
                try await place.signIn.revokeToken(id, ofTenant: "contoso", by: Fixture.gita)
            },
        ] as [(Place) async throws -> Void] {
            try await Self.with { place async throws in
                let tokens = try await place.begun()
                try await end(place)
                #expect(try await !place.isGood(tokens.access))
                await Self.expect(.invalidGrant) {
                    try await place.logins.tokens(refresh: tokens.refresh)
                }
                // Not taken for a copy: it was ended otherwise.
                #expect(try await !place.activities().contains("login.reused"))
            }
        }
    }

    @Test func whatWasAllowedEndsWithTheSessionsToo() async throws {
        try await Self.with { place async throws in
            let (code, login) = (try await place.allowed(), try await place.asked())
            try await place.answer(true, login.userCode)
            try await place.sessions.endAll(of: Fixture.adam)
            await Self.expect(.invalidGrant) { try await place.exchanged(code) }
            await Self.expect(.denied) {
                try await place.logins.tokens(deviceCode: login.deviceCode)
            }
            #expect(try await place.signIn.tokens(of: Fixture.adam).isEmpty)
        }
    }

    @Test func commandLineCanEndItsOwn() async throws {
        try await Self.with { place async throws in
            let (one, other) = (try await place.begun(), try await place.begun())
            try await place.logins.end(refresh: one.refresh)
            #expect(try await !place.isGood(one.access))
            #expect(try await place.isGood(other.access))
            try await place.logins.end(refresh: one.refresh)
            #expect(try await place.activities().last == "token.revoked")
        }
    }
}
