import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// Orders are carried out until a service confirms them, and what happens to them is told once
/// each.
struct OrdersTests {
    @Test func failureIsRecordedOnceRetriedLaterAndLaterAndItsEndRecorded() async throws {
        try await TestWorld.with { world async throws in
            let scripted = Scripted { _, attempt throws(EnforcerError) in
                if attempt <= 3 { throw EnforcerError("the mail server could not be reached") }
            }
            let request = try await Self.ended(world)
            try await Self.run(world, scripted) { pause in
                var removal = try await Self.removal(world, request) { $0.attempts == 1 }
                #expect(removal.progress == .failed)
                #expect(removal.problem == "the mail server could not be reached")
                let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
                #expect(view.grantState == .removalFailed)
                for (attempt, wait) in [(2, 250), (3, 500), (4, 1000)] as [(Int, Int64)] {
                    #expect(removal.nextAttempt == world.clock.now() + TimeSpan(milliseconds: wait))
                    world.clock.advance(by: TimeSpan(milliseconds: wait - 1))
                    pause.wake()
                    await pause.untilIdle()
                    #expect(scripted.calls == attempt - 1)
                    world.clock.advance(by: TimeSpan(milliseconds: 1))
                    pause.wake()
                    removal = try await Self.removal(world, request) { $0.attempts == attempt }
                }
                #expect(removal.progress == .confirmed)
                #expect(removal.problem == nil)
            }
            let told = try await world.activities(about: request.id)
            #expect(told.suffix(3) == ["access.ended", "access.removalFailed", "access.removed"])
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.grantState == .ended)
            try await world.expectConsistentLogs()
        }
    }

    @Test func orderThatWasConfirmedMeanwhileIsNotRecordedAgain() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let orders = try await world.store.read { tx in try tx.removals(of: request.id) }
            let job = RemovalJob(
                store: world.audited,
                enforcers: Scripted { _, _ in },
                first: FirstActions(time: FixedMonotonicClock()),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            // As two processes do that have both read the order before one confirms it.
            for _ in 0..<2 { try await job.carryOut(orders, under: .free) }
            let told = try await world.activities(about: request.id)
            #expect(told.count { $0 == "access.removed" } == 1)
            let stored = try await world.store.read { tx in try tx.removals(of: request.id) }
            #expect(stored.map(\.progress) == [.confirmed])
            #expect(stored.map(\.attempts) == [1])
            try await world.expectConsistentLogs()
        }
    }

    @Test func waitsAfterFailuresGrowAndStayAtTheLast() {
        let waits = RemovalJob.Limits.backOff
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 < $1 })
        #expect(waits.last == .seconds(30))
    }

    @Test func serviceThatIsNotSetUpIsAFailureAndNotForgotten() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            try await Self.run(world, Scripted(isSetUp: false) { _, _ in }) { _ in
                let removal = try await Self.removal(world, request) { $0.attempts == 1 }
                #expect(removal.progress == .failed)
                #expect(removal.problem == "the service is not set up for removal")
            }
        }
    }

    @Test func serviceThatHangsBlocksNoOtherHoweverMuchWaitsForIt() async throws {
        try await TestWorld.with { world async throws in
            let post = Fixture.service("post", clientID: "post")
            try await world.store.write { tx in
                try tx.save(post)
                try tx.save(
                    Fixture.resource("mailbox:sue@contoso.test", of: post.service.id),
                    of: Fixture.contoso.id
                )
            }
            for _ in 0..<RemovalJob.Limits.parallelAtOneService + 10 {
                _ = try await Self.ended(world)
            }
            world.clock.advance(by: .seconds(1))
            let other = try await Self.ended(world, service: "post")
            let gate = Gate()
            let scripted = Scripted { removal, _ in
                if removal.service.text == "mail" { await gate.wait() }
            }
            try await Self.run(world, scripted) { lanes in
                let removal = try await Self.removal(world, other) { $0.attempts == 1 }
                #expect(removal.progress == .confirmed)
                let most = 1 + RemovalJob.Limits.parallelAtOneService
                while scripted.calls < most { await lanes.untilIdle() }
                lanes.wake()
                await lanes.untilIdle()
                #expect(scripted.calls == most)
                gate.open()
            }
        }
    }

    @Test func orderBeingCarriedOutIsNotBegunAgain() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let gate = Gate()
            let scripted = Scripted { _, _ in await gate.wait() }
            try await Self.run(world, scripted) { pause in
                for _ in 0..<20 {
                    pause.wake()
                    await pause.untilIdle()
                }
                #expect(scripted.calls == 1)
                gate.open()
                _ = try await Self.removal(world, request) { $0.progress == .confirmed }
            }
            #expect(scripted.calls == 1)
        }
    }

    @Test func orderThatAnEarlierProcessLeftIsCarriedOutByTheNext() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            // The first one stops before the service has confirmed anything.
            try await Self.run(
                world,
                Scripted { _, _ throws(EnforcerError) in throw EnforcerError("down") }
            ) { _ in
                _ = try await Self.removal(world, request) { $0.progress == .failed }
            }
            world.clock.advance(by: .seconds(1))
            try await Self.run(world, Scripted { _, _ in }) { _ in
                _ = try await Self.removal(world, request) { $0.progress == .confirmed }
            }
        }
    }

    @Test func orderOfOneGrantNamesNoOtherGrantsLogin() async throws {
        try await TestWorld.with { world async throws in
            let open = try await world.approved()
            let kept = try await world.credential(for: open)
            let request = try await Self.ended(world)
            let seen = Mutex<[String]>([])
            try await Self.run(
                world,
                Scripted { removal, _ in seen.withLock { $0 += removal.usernames } }
            ) { _ in
                _ = try await Self.removal(world, request) { $0.progress == .confirmed }
            }
            #expect(seen.withLock { $0 }.count == 1)
            #expect(!seen.withLock { $0 }.contains(kept.credential.username))
        }
    }

    @Test func everyOrderIsCutBeforeAnySettlesHoweverManyEndTogether() async throws {
        try await TestWorld.with { world async throws in
            var requests: [AccessRequest] = []
            for _ in 0..<200 { requests.append(try await Self.ended(world)) }
            let gate = Gate()
            let cut = Mutex<[GrantID]>([])
            let closed = Mutex(0)
            let scripted = Scripted(
                first: { orders in cut.withLock { $0 += orders.map(\.grant) } }
            ) { _, _ in
                await gate.wait()
                closed.withLock { $0 += 1 }
            }
            try await Self.run(world, scripted) { lanes in
                while cut.withLock({ $0.count }) < 200 { await lanes.untilIdle() }
                #expect(closed.withLock { $0 } == 0)
                #expect(Set(cut.withLock { $0 }).count == 200)
                gate.open()
                for request in requests {
                    _ = try await Self.removal(world, request) { $0.progress == .confirmed }
                }
            }
            // Each once, and no more kicks at each look.
            #expect(cut.withLock { $0.count } == 200)
            #expect(scripted.calls == 200)
        }
    }

    @Test func aFirstActionThatHangsHoldsUpNoOtherServiceAndASettlingNone() async throws {
        try await TestWorld.with { world async throws in
            let post = Fixture.service("post", clientID: "post")
            try await world.store.write { tx in
                try tx.save(post)
                try tx.save(
                    Fixture.resource("mailbox:sue@contoso.test", of: post.service.id),
                    of: Fixture.contoso.id
                )
            }
            let hanging = try await Self.ended(world)
            let other = try await Self.ended(world, service: "post")
            let gate = Gate()
            let scripted = Scripted(
                first: { orders in
                    if orders.contains(where: { $0.service.text == "mail" }) { await gate.wait() }
                }
            ) { _, _ in }
            try await Self.run(world, scripted) { _ in
                _ = try await Self.removal(world, other) { $0.progress == .confirmed }
                let removal = try await Self.removal(world, hanging) { _ in true }
                #expect(removal.progress == .pending && removal.cutAt == nil)
                gate.open()
                _ = try await Self.removal(world, hanging) { $0.progress == .confirmed }
            }
        }
    }

    @Test func aFirstActionThatFailsIsFollowedByTheRestWhichSaysWhy() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let scripted = Scripted(
                first: { _ throws(EnforcerError) in throw EnforcerError("down") }
            ) { _, _ throws(EnforcerError) in throw EnforcerError("still down") }
            try await Self.run(world, scripted) { _ in
                let removal = try await Self.removal(world, request) { $0.attempts == 1 }
                #expect(removal.progress == .failed && removal.problem == "still down")
                #expect(removal.cutAt == nil)
            }
        }
    }

    @Test func aFirstActionThatFailedIsTriedAgainWithTheNextAttemptAndNotBefore() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let gate = Gate()
            let cut = Mutex(0)
            let scripted = Scripted(
                first: { _ throws(EnforcerError) in
                    cut.withLock { $0 += 1 }
                    throw EnforcerError("down")
                }
            ) { _, attempt throws(EnforcerError) in
                await gate.wait()
                if attempt == 1 { throw EnforcerError("still down") }
            }
            try await Self.run(world, scripted) { lanes in
                while scripted.calls < 1 { await lanes.untilIdle() }
                for _ in 0..<10 {
                    lanes.wake()
                    await lanes.untilIdle()
                }
                #expect(cut.withLock { $0 } == 1)
                gate.open()
                _ = try await Self.removal(world, request) { $0.attempts == 1 }
                world.clock.advance(by: .seconds(1))
                lanes.wake()
                _ = try await Self.removal(world, request) { $0.progress == .confirmed }
            }
            #expect(cut.withLock { $0 } == 2)
        }
    }

    @Test func orderOfAnotherProcessIsCutWhenItStaysUncutForAWhile() async throws {
        try await TestWorld.with { world async throws in
            let request = try await Self.ended(world)
            let cut = Mutex(0)
            let scripted = Scripted(first: { orders in cut.withLock { $0 += orders.count } }) {
                _,
                _ in
            }
            let lanes = OrderLanes(world, scripted)
            async let running: Void = lanes.cut.run()
            async let orders: Void = lanes.orders.run()
            for _ in 0..<5 {
                await lanes.untilIdle()
                lanes.wake()
            }
            await lanes.untilIdle()
            #expect(cut.withLock { $0 } == 0)
            lanes.time.advance(by: FirstActions.Limits.patience)
            lanes.wake()
            _ = try await Self.removal(world, request) { $0.progress == .confirmed }
            lanes.stop()
            _ = await (running, orders)
            #expect(cut.withLock { $0 } == 1)
        }
    }

    // MARK: - Parts

    /// A request whose access was used and has ended.
    private static func ended(_ world: TestWorld, service: String = "mail") async throws
        -> AccessRequest
    {
        let request = try await world.approved { $0.resources[0].service = service }
        _ = try await world.credential(for: request)
        return try await world.lockbox.revoke(
            request.id.text,
            comment: nil,
            by: Fixture.adam,
            key: nil
        ).request
    }

    private static func run(
        _ world: TestWorld,
        _ scripted: Scripted,
        _ body: (OrderLanes) async throws -> Void
    ) async throws {
        let lanes = OrderLanes(world, scripted)
        let open = try await world.store.read { tx in try tx.openRemovals() }
        // As if their access had ended in this process.
        for removal in open { lanes.first.ended(removal.grant) }
        async let cut: Void = lanes.cut.run()
        async let orders: Void = lanes.orders.run()
        do {
            try await body(lanes)
        } catch {
            lanes.stop()
            _ = await (cut, orders)
            throw error
        }
        lanes.stop()
        _ = await (cut, orders)
    }

    /// The order of `request` once `condition` holds.
    private static func removal(
        _ world: TestWorld,
        _ request: AccessRequest,
        _ condition: (Removal) -> Bool
    ) async throws -> Removal {
        for _ in 0..<2000 {
            let found = try await world.store.read { tx in try tx.removals(of: request.id) }
            if let removal = found.first, condition(removal) { return removal }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Timeout()
    }

    private struct Timeout: Error {}
}

/// The two lanes of orders, which a test wakes.
struct OrderLanes: Sendable {
    let first: FirstActions
    let cut: LaneLoop<CutJob>
    let orders: LaneLoop<RemovalJob>
    let time = FixedMonotonicClock()
    private let cutPause = ManualPause()
    private let ordersPause = ManualPause()

    init(_ world: TestWorld, _ enforcers: any EnforcerDirectory) {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (cutPause, ordersPause) = (cutPause, ordersPause)
        first = FirstActions(time: time)
        cut = LaneLoop(
            CutJob(store: world.audited, enforcers: enforcers, first: first, logger: logger) {
                ordersPause.wake()
            },
            store: world.audited,
            pause: cutPause,
            sleep: { _ in await Task.yield() },
            logger: logger
        )
        orders = LaneLoop(
            RemovalJob(store: world.audited, enforcers: enforcers, first: first, logger: logger),
            store: world.audited,
            pause: ordersPause,
            sleep: { _ in await Task.yield() },
            logger: logger
        )
    }

    func wake() {
        cutPause.wake()
        ordersPause.wake()
    }

    func untilIdle() async {
        await cutPause.untilIdle()
        await ordersPause.untilIdle()
    }

    func stop() {
        cutPause.stop()
        ordersPause.stop()
    }
}

/// An enforcer that does what a test says at each attempt.
private final class Scripted: EnforcerDirectory, Enforcer {
    private let script: @Sendable (Removal, Int) async throws(EnforcerError) -> Void
    private let isSetUp: Bool
    private let first: @Sendable ([Removal]) async throws(EnforcerError) -> Void
    private let count = Mutex(0)

    init(
        isSetUp: Bool = true,
        first: @escaping @Sendable ([Removal]) async throws(EnforcerError) -> Void = {
            _ throws(EnforcerError) in
        },
        _ script: @escaping @Sendable (Removal, Int) async throws(EnforcerError) -> Void
    ) {
        self.isSetUp = isSetUp
        self.first = first
        self.script = script
    }

    var calls: Int { count.withLock { $0 } }

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { isSetUp ? self : nil }

    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? {
        isSetUp ? self : nil
    }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) { try await first(orders) }

    func list() async throws(EnforcerError) -> [OpenAccess] { [] }

    func close(_ removal: Removal) async throws(EnforcerError) {
        let attempt = count.withLock { count in
            count += 1
            return count
        }
        try await script(removal, attempt)
    }
}
