import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What keeps guessers of passwords out, and does not keep out those whose password it is.
struct HeldOffTests {
    private static let right = IdentityWorld.password
    private static let adam = Fixture.adam.email.text
    private static let here = ClientKey(address: "192.0.2.1")
    private static let elsewhere = ClientKey(address: "192.0.2.2")

    /// Whether `password` signs Adam in.
    private static func succeeds(
        _ signIn: SignIn,
        _ password: String = right,
        from client: ClientKey,
        email: String = adam
    ) async throws -> Bool {
        do {
            _ = try await signIn.person(email: email, password: password, from: client)
            return true
        } catch Refusal.badCredentials {
            return false
        }
    }

    private static func fail(
        _ signIn: SignIn,
        times: Int = IdentityLimits.failuresBeforeHold,
        from client: ClientKey
    ) async throws {
        for _ in 0..<times { #expect(try await !succeeds(signIn, "guess", from: client)) }
    }

    /// As if failures from everywhere had come close to the bound of the account, and one more.
    private static func lock(_ world: TestWorld, _ signIn: SignIn) async throws {
        try await world.store.write { tx in
            var record = try #require(try tx.password(of: Fixture.adam.id))
            record.failures = IdentityLimits.failuresBeforeLock - 1
            record.failuresSince = world.clock.now()
            try tx.save(record, of: Fixture.adam.id)
        }
        try await fail(signIn, times: 1, from: ClientKey(address: "198.51.100.1"))
    }

    /// Adam's session, and the name of the browser that it makes known.
    private static func known(_ sessions: Sessions) async throws -> (secret: String, device: String)
    {
        let (secret, begun) = try await sessions.begin(email: adam, password: right, from: here)
        return (secret, try #require(begun.device))
    }

    private static func records(_ world: TestWorld, _ activity: String) async throws -> Int {
        try await world.entries().filter { $0.activity == activity }.count
    }

    // MARK: - One client

    @Test func clientIsHeldOffAfterTooManyFailuresTheRightPasswordIncluded() async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            try await Self.fail(
                signIn,
                times: IdentityLimits.failuresBeforeHold - 1,
                from: Self.here
            )
            // One success in time, and counting begins anew.
            #expect(try await Self.succeeds(signIn, from: Self.here))
            try await Self.fail(signIn, from: Self.here)
            let until = world.clock.now() + IdentityLimits.hold
            // One answer to both, so that guessing on is of no use.
            for password in [Self.right, "guess"] {
                #expect(try await !Self.succeeds(signIn, password, from: Self.here))
            }
            #expect(try await Self.records(world, "signIn.clientHeldOff") == 1)
            #expect(try await Self.records(world, "signIn.locked") == 0)
            world.clock.move(to: until + TimeSpan(milliseconds: -1))
            #expect(try await !Self.succeeds(signIn, from: Self.here))
            world.clock.move(to: until)
            #expect(try await Self.succeeds(signIn, from: Self.here))
        }
    }

    @Test func strangersFailuresHoldNobodyElseOff() async throws {
        try await IdentityWorld.with { _, signIn, _ async throws in
            try await Self.fail(
                signIn,
                times: IdentityLimits.failuresBeforeHold * 2,
                from: Self.here
            )
            #expect(try await Self.succeeds(signIn, from: Self.elsewhere))
            // Nor the same client from another account.
            #expect(try await Self.succeeds(signIn, from: Self.here, email: "gita@contoso.test"))
            // And that it went well elsewhere gives the guesser nothing.
            #expect(try await !Self.succeeds(signIn, from: Self.here))
        }
    }

    @Test func manyGuessesAtOnceAreCountedEach() async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<IdentityLimits.failuresBeforeHold + 5 {
                    group.addTask { try await Self.succeeds(signIn, "guess", from: Self.here) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { !$0 })
            #expect(try await Self.records(world, "signIn.clientHeldOff") == 1)
            #expect(try await !Self.succeeds(signIn, from: Self.here))
            // Those that came while it was held off are not counted.
            let record = try await world.store.read { try $0.password(of: Fixture.adam.id) }
            #expect(record?.failures == IdentityLimits.failuresBeforeHold)
        }
    }

    @Test func browserWithMadeUpNamesIsCountedByItsAddress() async throws {
        try await IdentityWorld.with { _, signIn, _ async throws in
            for number in 0..<IdentityLimits.failuresBeforeHold {
                try await Self.fail(
                    signIn,
                    times: 1,
                    from: Self.here.with(device: "made up \(number)")
                )
            }
            #expect(try await !Self.succeeds(signIn, from: Self.here.with(device: "another")))
            #expect(try await !Self.succeeds(signIn, from: Self.here))
        }
    }

    // MARK: - The account

    @Test func failuresFromEverywhereTogetherHoldOffWhoeverIsNotKnown() async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            try await Self.lock(world, signIn)
            let until = world.clock.now() + IdentityLimits.hold
            #expect(try await !Self.succeeds(signIn, from: Self.here))
            #expect(try await Self.records(world, "signIn.locked") == 1)
            #expect(try await Self.succeeds(signIn, from: Self.here, email: "gita@contoso.test"))
            world.clock.move(to: until)
            #expect(try await Self.succeeds(signIn, from: Self.here))
            // A success does not wipe out what the others did: their next failure closes it again.
            try await Self.fail(signIn, times: 1, from: Self.elsewhere)
            #expect(try await !Self.succeeds(signIn, from: Self.here))
            #expect(try await Self.records(world, "signIn.locked") == 2)
        }
    }

    @Test func failuresOfYesterdayDoNotAddUp() async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            try await world.store.write { tx in
                var record = try #require(try tx.password(of: Fixture.adam.id))
                record.failures = IdentityLimits.failuresBeforeLock - 1
                record.failuresSince = Fixture.now
                try tx.save(record, of: Fixture.adam.id)
            }
            world.clock.advance(by: IdentityLimits.failuresCounted)
            try await Self.fail(signIn, times: 1, from: Self.elsewhere)
            #expect(try await Self.succeeds(signIn, from: Self.here))
        }
    }

    @Test func browserThatSignedInBeforeIsNotHeldOffByOthers() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let device = try await Self.known(sessions).device
            try await Self.lock(world, signIn)
            try await Self.fail(signIn, times: 1, from: Self.here)
            // From wherever it comes; and it keeps its name.
            let again = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.elsewhere.with(device: device)
            )
            #expect(again.signedIn.device == device)
            // By its own failures it is, and its address is not.
            try await Self.fail(signIn, from: Self.here.with(device: device))
            #expect(try await !Self.succeeds(signIn, from: Self.here.with(device: device)))
            world.clock.advance(by: IdentityLimits.hold)
            #expect(try await Self.succeeds(signIn, from: Self.here.with(device: device)))
            #expect(try await Self.succeeds(signIn, from: Self.here))
        }
    }

    @Test func browserThatIsHeldOffTwiceIsAStrangersFromThenOn() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let stolen = Self.elsewhere.with(device: try await Self.known(sessions).device)
            try await Self.fail(signIn, from: stolen)
            world.clock.advance(by: IdentityLimits.hold)
            try await Self.fail(signIn, from: stolen)
            world.clock.advance(by: IdentityLimits.hold)
            try await Self.lock(world, signIn)
            #expect(try await !Self.succeeds(signIn, from: stolen))
        }
    }

    // MARK: - The address

    /// Fails once at each of as many accounts, most of which are not there, as one address may.
    private static func spray(_ signIn: SignIn, from client: ClientKey) async throws {
        for number in 0..<IdentityLimits.addressFailureBurst {
            let email = number == 7 ? "gita@contoso.test" : "nobody\(number)@contoso.test"
            #expect(try await !succeeds(signIn, "Spring2026!", from: client, email: email))
        }
    }

    @Test func addressThatTriesAPasswordAtManyAccountsIsSentAwayWhateverItSays() async throws {
        try await IdentityWorld.with { world, signIn, _ async throws in
            try await Self.spray(signIn, from: Self.here)
            for password in [Self.right, "guess"] {
                await #expect(throws: Refusal.tooManyAttempts(retryAfter: .seconds(2))) {
                    try await Self.succeeds(signIn, password, from: Self.here)
                }
            }
            #expect(try await Self.succeeds(signIn, from: Self.elsewhere))
            world.clock.advance(by: .seconds(2))
            // A right password takes nothing.
            for _ in 0..<3 { #expect(try await Self.succeeds(signIn, from: Self.here)) }
        }
    }

    @Test func browserThatSignedInBeforeIsNotMeantByWhatItsAddressDid() async throws {
        try await IdentityWorld.with { _, signIn, sessions async throws in
            let (secret, device) = try await Self.known(sessions)
            try await Self.spray(signIn, from: Self.here)
            #expect(try await Self.succeeds(signIn, from: Self.here.with(device: device)))
            _ = try await sessions.confirm(secret, password: Self.right)
        }
    }

    @Test func browserIsKnownToItsOwnAccountOnlyAndNotForEver() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let hers = try await sessions.begin(
                email: "gita@contoso.test",
                password: Self.right,
                from: Self.here
            )
            let his = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            )
            let (herDevice, device) = (
                try #require(hers.signedIn.device), try #require(his.signedIn.device)
            )
            #expect(herDevice != device)
            try await Self.lock(world, signIn)
            for name in [herDevice, String(device.dropLast()), device.uppercased(), ""] {
                #expect(
                    try await !Self.succeeds(signIn, from: Self.here.with(device: name)),
                    "\(name)"
                )
            }
            #expect(try await Self.succeeds(signIn, from: Self.here.with(device: device)))
            world.clock.move(
                to: Fixture.now + IdentityLimits.deviceKnown + TimeSpan(milliseconds: -1)
            )
            try await Self.lock(world, signIn)
            #expect(try await Self.succeeds(signIn, from: Self.here.with(device: device)))
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            #expect(try await !Self.succeeds(signIn, from: Self.here.with(device: device)))
        }
    }

    @Test func nameThatSomebodyElsePutIntoABrowserIsNotTakenOver() async throws {
        try await IdentityWorld.with { _, _, sessions async throws in
            let planted = String(repeating: "ab", count: 32)
            let begun = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here.with(device: planted)
            )
            #expect(begun.signedIn.device != planted)
        }
    }

    @Test func newPasswordLetsInAtOnceAndForgetsBrowsers() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let begun = try await sessions.begin(
                email: Self.adam,
                password: Self.right,
                from: Self.here
            ).signedIn
            try await Self.fail(signIn, from: Self.here)
            try await Self.lock(world, signIn)
            _ = try await signIn.setPassword("another horse", of: Fixture.adam.email)
            #expect(try await Self.succeeds(signIn, "another horse", from: Self.here))
            try await Self.lock(world, signIn)
            let known = Self.here.with(device: begun.device)
            #expect(try await !Self.succeeds(signIn, "another horse", from: known))
        }
    }

    @Test func neitherAddressesNorNamesOfBrowsersAreKeptAsTheyAre() async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            let device = try await Self.known(sessions).device
            try await Self.fail(signIn, from: Self.here)
            for entry in try await world.entries() {
                let text =
                    String(decoding: entry.bytes, as: UTF8.self)
                    + entry.texts.compactMap(\.text).joined()
                #expect(!text.contains(Self.here.address) && !text.contains(device))
            }
        }
    }
}
