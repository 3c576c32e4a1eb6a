import Foundation
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxStoreSQLite
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// "Is this credential good now?", answered from memory, and when memory must not be trusted.
struct DecisionIndexTests {
    private struct Unreachable: Error {}

    @Test func answerFlipsAtTheBoundaryMillisecond() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            let (start, end) = (Fixture.now, Fixture.now + .hours(2))
            // The same from memory and from the store.
            for fresh in [true, false] {
                for (instant, isActive) in [
                    (start + TimeSpan(milliseconds: -1), false), (start, true),
                    (end + TimeSpan(milliseconds: -1), true), (end, false), (end + .days(1), false),
                ] {
                    world.clock.move(to: fresh ? instant : Fixture.now + .days(-1))
                    try await world.index.refresh(reload: false)
                    let found = try await world.index.active(issued.secret, now: instant)
                    #expect((found != nil) == isActive, "\(instant), fresh: \(fresh)")
                    world.clock.move(to: start)
                    try await world.index.refresh(reload: true)
                }
            }
        }
    }

    /// A refresh forgets what is over; between two refreshes the end is found by the clock alone.
    @Test func memoryFromBeforeTheEndEndsThereToo() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            let end = issued.credential.expiresAt
            world.clock.move(to: end + TimeSpan(milliseconds: -500))
            try await world.index.refresh(reload: true)
            for (milliseconds, isActive) in [(-1, true), (0, false), (1, false), (500, false)] {
                let instant = end + TimeSpan(milliseconds: Int64(milliseconds))
                let found = try await world.index.active(issued.secret, now: instant)
                #expect((found != nil) == isActive, "\(milliseconds) ms after the end")
            }
            #expect(world.index.count == 1)
        }
    }

    @Test func endIsKnownBeforeItsCallerHearsOfIt() async throws {
        try await TestWorld.with { world async throws in
            for person in [Fixture.eve, Fixture.adam] {
                let request = try await world.approved()
                let issued = try await world.credential(for: request)
                #expect(
                    try await world.index.active(issued.secret, now: Fixture.now)
                        == issued.credential
                )
                let (lockbox, id) = (world.lockbox, request.id.text)
                if person == Fixture.eve {
                    _ = try await lockbox.finish(id, comment: nil, by: person, key: nil)
                } else {
                    _ = try await lockbox.revoke(id, comment: nil, by: person, key: nil)
                }
                #expect(try await world.index.active(issued.secret, now: Fixture.now) == nil)
                #expect(world.index.count == 0)
            }
        }
    }

    @Test func nobodyIsLetInByWhatIsNoCredential() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            for secret in [
                "", "lbc_", issued.secret.uppercased(), issued.secret + " ",
                issued.credential.id.text,
                issued.credential.username,
            ] {
                for now in [Fixture.now, Fixture.now + .seconds(5)] {
                    #expect(try await world.index.active(secret, now: now) == nil)
                }
            }
        }
    }

    @Test func writeOfAnotherProcessIsSeenAfterARefresh() async throws {
        try await Self.withTwoProcesses { world, other async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            try await other.index.refresh(reload: true)
            #expect(
                try await other.index.active(issued.secret, now: Fixture.now) == issued.credential
            )
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            // Until it has looked, the other one may be as old as the published bound says.
            #expect(try await other.store.changedElsewhere())
            try await other.index.refresh(reload: true)
            #expect(try await other.index.active(issued.secret, now: Fixture.now) == nil)
        }
    }

    @Test func indexOlderThanTheBoundAsksTheStore() async throws {
        try await Self.withTwoProcesses { world, other async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            try await other.index.refresh(reload: true)
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            let bound = DecisionIndex.freshness
            let later = Fixture.now + bound + TimeSpan(milliseconds: 1)
            #expect(try await other.index.active(issued.secret, now: later) == nil)
            // And it finds what it never heard of.
            let second = try await world.credential(for: try await world.approved())
            #expect(try await other.index.active(second.secret, now: later) == second.credential)
        }
    }

    @Test func whatGoesOnIsOverWhenMemorySaysSoAndWhenItKnowsNothing() async throws {
        try await Self.withTwoProcesses { world, other async throws in
            let request = try await world.approved()
            let first = try await world.credential(for: request).credential
            let (began, later) = (Fixture.now, Fixture.now + .seconds(2))
            let mayGoOn = { (credential: Credential, since: Timestamp, now: Timestamp) in
                other.index.mayGoOn(credential, since: since, at: now, bound: .seconds(5))
            }
            #expect(!mayGoOn(first, began, began))
            try await other.index.refresh(reload: true)
            #expect(mayGoOn(first, began, began + .seconds(5)))
            #expect(!mayGoOn(first, began, began + .seconds(5) + TimeSpan(milliseconds: 1)))
            let second = try await world.credential(for: try await world.approved()).credential
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            other.clock.move(to: later)
            // It has not heard of either.
            #expect(mayGoOn(first, began, later) && mayGoOn(second, later, later))
            try await other.index.refresh(reload: true)
            #expect(!mayGoOn(first, began, later) && mayGoOn(second, later, later))
        }
    }

    @Test func storeThatFailsIsNeverAnswerYes() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            let isDown = Mutex(false)
            let broken = MeddledStore(
                world.store,
                beforeRead: { if isDown.withLock({ $0 }) { throw StoreError.unavailable("down") } }
            )
            let index = DecisionIndex(store: broken, clock: world.clock)
            try await index.refresh(reload: true)
            isDown.withLock { $0 = true }
            // Fresh: memory may answer.
            #expect(try await index.active(issued.secret, now: Fixture.now) == issued.credential)
            let late = Fixture.now + .seconds(2)
            for secret in [issued.secret, "lbc_unknown"] {
                await #expect(throws: StoreError.unavailable("down")) {
                    _ = try await index.active(secret, now: late)
                }
            }
            await #expect(throws: StoreError.unavailable("down")) {
                try await index.refresh(reload: true)
            }
            let empty = DecisionIndex(store: broken, clock: world.clock)
            await #expect(throws: StoreError.unavailable("down")) {
                _ = try await empty.active(issued.secret, now: Fixture.now)
            }
        }
    }

    @Test func commitOfUnknownOutcomeEndsTrustInMemory() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            let index = DecisionIndex(store: world.store, clock: world.clock)
            try await index.refresh(reload: true)
            // The grant ended, and this index was not told but warned.
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(try await index.active(issued.secret, now: Fixture.now) != nil)
            await index.outcomeUnknown()
            #expect(try await index.active(issued.secret, now: Fixture.now) == nil)
            try await index.refresh(reload: false)
            #expect(index.count == 0)
        }
    }

    @Test func newCredentialThatCannotBeReadBackIsAskedOfTheStore() async throws {
        try await TestWorld.with { world async throws in
            let isDown = Mutex(false)
            let broken = MeddledStore(
                world.store,
                beforeRead: { if isDown.withLock({ $0 }) { throw StoreError.unavailable("down") } }
            )
            let index = DecisionIndex(store: broken, clock: world.clock)
            try await index.refresh(reload: true)
            let issued = try await world.credential(for: try await world.approved())
            isDown.withLock { $0 = true }
            await index.committed([.access(.credentialIssued(issued.credential))])
            isDown.withLock { $0 = false }
            #expect(try await index.active(issued.secret, now: Fixture.now) == issued.credential)
        }
    }

    @Test func reloadThatBeganBeforeAnEndDoesNotBringItBack() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            let index = Mutex<DecisionIndex?>(nil)
            let grant = try #require(request.state.grant)
            let reads = Mutex(0)
            // While the first reload reads, the grant ends: what it has read is then no longer
            // true.
            let slow = Late(store: world.store) {
                guard
                    reads.withLock({ count in
                        count += 1
                        return count == 1
                    })
                else { return }
                _ = try await world.lockbox.revoke(
                    request.id.text,
                    comment: nil,
                    by: Fixture.adam,
                    key: nil
                )
                let ended = Ending(reason: .revoked, at: Fixture.now, by: nil, comment: nil)
                await index.withLock { $0 }?.committed([.access(.grantEnded(request, grant, ended))]
                )
            }
            let reloading = DecisionIndex(store: slow, clock: world.clock)
            index.withLock { $0 = reloading }
            try await reloading.refresh(reload: true)
            #expect(try await reloading.active(issued.secret, now: Fixture.now) == nil)
            #expect(reads.withLock { $0 } == 2)
        }
    }

    @Test func storeThatAnswersAfterTheEndLetsNobodyIn() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            let slow = Late(store: world.store) {
                world.clock.move(to: issued.credential.expiresAt)
            }
            let index = DecisionIndex(store: slow, clock: world.clock)
            #expect(try await index.active(issued.secret, now: Fixture.now) == nil)
        }
    }

    @Test func yesIsSaidByTheClockAtThatMoment() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            #expect(world.index.isStillGood(issued.credential))
            world.clock.move(to: issued.credential.expiresAt)
            #expect(!world.index.isStillGood(issued.credential))
            world.clock.move(to: Fixture.now)
            // It ends while the answer is being prepared.
            _ = try await world.lockbox.finish(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            #expect(!world.index.isStillGood(issued.credential))
        }
    }

    @Test func whatIsOverAndNotWrittenDownIsKnownAfterAReloadToo() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            world.clock.move(to: issued.credential.expiresAt + .hours(1))
            for reload in [false, true] {
                try await world.index.refresh(reload: reload)
                let over = world.index.unrecordedEnds(at: world.clock.now())
                #expect(over.map(\.at) == [issued.credential.expiresAt])
                #expect(over.flatMap(\.orders).flatMap(\.usernames) == [issued.credential.username])
                #expect(world.index.count == 0)
            }
            _ = try await world.lockbox.expireDue()
            #expect(world.index.unrecordedEnds(at: world.clock.now()).isEmpty)
        }
    }

    // MARK: - The feed

    /// Lets a loop run a number of rounds without waiting.
    private final class Rounds: Pause {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }

        func callAsFunction(milliseconds: Int64) async -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }

        func wake() {}
    }

    @Test func changeOfAnotherProcessIsToldEvenIfTheFirstLookFails() async throws {
        try await Self.withTwoProcesses { world, other async throws in
            let failures = Mutex(0)
            let told = Mutex(0)
            let flaky = MeddledStore(
                other.store,
                beforeRead: {
                    let fails = failures.withLock { left in
                        left -= 1
                        return left >= 0
                    }
                    if fails { throw StoreError.unavailable("down") }
                }
            )
            let index = DecisionIndex(store: flaky, clock: other.clock)
            func run(_ rounds: Int) async throws {
                let feed = ChangeFeed(
                    store: flaky,
                    pause: Rounds(rounds),
                    logger: Logger(label: "test") { _ in
                        SwiftLogNoOpLogHandler()
                    },
                    refresh: { reload in try await index.refresh(reload: reload) },
                    changed: { told.withLock { $0 += 1 } }
                )
                try await feed.run()
            }
            _ = try await other.store.changedElsewhere()
            try await run(3)
            #expect(told.withLock { $0 } == 0)
            let issued = try await world.credential(for: try await world.approved())
            failures.withLock { $0 = 1 }
            try await run(3)
            #expect(told.withLock { $0 } == 1)
            #expect(try await index.active(issued.secret, now: Fixture.now) == issued.credential)
        }
    }

    // MARK: - Grants

    private static func grants(_ world: TestWorld, at now: Timestamp = Fixture.now) async throws
        -> [Int]
    {
        var counts: [Int] = []
        let (eve, mailbox) = (Fixture.eve.id, Fixture.mailbox)
        for holder in [
            .engineer(eve), .resource(mailbox), .both(eve, mailbox), .engineer(Fixture.mark.id),
            .both(Fixture.mark.id, mailbox), .resource(Fixture.otherMailbox),
        ] as [GrantHolder] {
            counts.append(try await world.index.grants(of: holder, now: now).count)
        }
        return counts
    }

    private static let one = [1, 1, 1, 0, 0, 0]
    private static let none = [0, 0, 0, 0, 0, 0]

    @Test func grantIsFoundByWhoHasItAndByWhatItOpensWhileItHolds() async throws {
        try await TestWorld.with { world async throws in
            #expect(try await Self.grants(world) == Self.none)
            let request = try await world.approved { $0.notBefore = Fixture.now + .hours(1) }
            let (start, end) = (Fixture.now + .hours(1), Fixture.now + .hours(3))
            let instant = TimeSpan(milliseconds: 1)
            // It begins and ends by the clock alone, in memory as in the store.
            for fresh in [true, false] {
                for (at, expected) in [
                    (start - instant, Self.none), (start, Self.one), (end - instant, Self.one),
                    (end, Self.none),
                ] {
                    world.clock.move(to: fresh ? at : Fixture.now)
                    try await world.index.refresh(reload: true)
                    #expect(try await Self.grants(world, at: at) == expected, "\(at), \(fresh)")
                }
            }
            world.clock.move(to: start)
            try await world.index.refresh(reload: true)
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(try await Self.grants(world, at: start) == Self.none)
        }
    }

    @Test func grantOfAnotherProcessIsSeenAfterARefreshAndGoesInTheSameWay() async throws {
        try await Self.withTwoProcesses { world, other async throws in
            let request = try await world.approved()
            #expect(try await Self.grants(world) == Self.one)
            try await other.index.refresh(reload: true)
            #expect(try await Self.grants(other) == Self.one)
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            // Older than the bound, it asks the store.
            let late = Fixture.now + DecisionIndex.freshness + TimeSpan(milliseconds: 1)
            #expect(try await Self.grants(other, at: late) == Self.none)
            try await other.index.refresh(reload: true)
            #expect(try await Self.grants(other) == Self.none)
        }
    }

    @Test func grantThatIsBeingEndedIsNoneAndAnUnreachableStoreSaysNothing() async throws {
        try await TestWorld.with { world async throws in
            let grant = try #require(try await world.approved().state.grant)
            world.index.end(grant.id, at: Fixture.now)
            #expect(try await Self.grants(world) == Self.none)
            world.index.takeBack(grant.id)
            #expect(try await Self.grants(world) == Self.one)
            let store = MeddledStore(world.store, beforeRead: { throw Unreachable() })
            let index = DecisionIndex(store: store, clock: world.clock)
            await #expect(throws: Unreachable.self) {
                _ = try await index.grants(of: .engineer(Fixture.eve.id), now: Fixture.now)
            }
        }
    }

    /// Two houses on one file, as two processes have it.
    private static func withTwoProcesses(_ body: (TestWorld, TestWorld) async throws -> Void)
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-index-\(ProcessInfo.processInfo.globallyUniqueString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (one, two) = (
            try await SQLiteStore.open(path: folder + "/lockbox.sqlite"),
            try await SQLiteStore.open(path: folder + "/lockbox.sqlite")
        )
        let world = TestWorld(store: one)
        do {
            try await world.furnish()
            try await body(world, TestWorld(store: two, seed: 2))
        } catch {
            try await one.close()
            try await two.close()
            try FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try await one.close()
        try await two.close()
        try FileManager.default.removeItem(atPath: folder)
    }
}

/// A store whose reads end only after something else has happened.
private struct Late: Store {
    let store: any Store
    let afterRead: @Sendable () async throws -> Void

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.write(body)
    }

    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        let value = try await store.read(lane, body)
        try await afterRead()
        return value
    }

    func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }
}
