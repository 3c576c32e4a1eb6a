import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// Access that is over is cut from memory, whatever the store does, and is written down after.
struct CutFromMemoryTests {
    @Test func accessWhoseTimeIsOverIsCutWhileNothingCanBeWritten() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            let issued = try await bench.world.credential(for: request)
            bench.world.clock.move(to: issued.credential.expiresAt + TimeSpan(milliseconds: -1))
            try await bench.world.index.refresh(reload: false)
            bench.fail(StoreError.unavailable("database is locked"))
            try await bench.run { () async throws in
                await bench.look(tried: 0)
                #expect(bench.cut.isEmpty)
                bench.world.clock.advance(by: TimeSpan(milliseconds: 1))
                try await bench.world.index.refresh(reload: false)
                await bench.look(tried: 1)
                #expect(bench.cut == [[issued.credential.username]])
                let now = bench.world.clock.now()
                #expect(try await bench.world.index.active(issued.secret, now: now) == nil)
                #expect(bench.world.index.unrecordedEnds(at: now).map(\.grant) == [request.grant])
            }
        }
    }

    @Test func whatIsNotWrittenDownIsCutAgainAndAgainAndNotOnceItIs() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            let issued = try await bench.world.credential(for: request)
            bench.world.clock.move(to: issued.credential.expiresAt)
            try await bench.run { () async throws in
                await bench.look(tried: 1)
                #expect(bench.cut.count == 1)
                await bench.look(tried: 1)
                #expect(bench.cut.count == 1)
                for times in 2...4 {
                    bench.time.advance(by: .seconds(5))
                    await bench.look(tried: times)
                    #expect(bench.cut.count == times)
                }
                _ = try await bench.world.lockbox.expireDue()
                bench.time.advance(by: .seconds(60))
                await bench.look(tried: 4)
                #expect(bench.cut.count == 4)
                #expect(bench.world.index.unrecordedEnds(at: .latest).isEmpty)
            }
        }
    }

    @Test func aStopCutsAtOnceAndIsWrittenDownAsSoonAsThatCanBe() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            let issued = try await bench.world.credential(for: request)
            bench.fail(StoreError.unavailable("database or disk is full"))
            try await bench.run { () async throws in
                let told = await #expect(throws: EndNotRecorded.self) {
                    try await bench.revoke(request, by: Fixture.adam)
                }
                #expect(told?.sentence.contains("stopped") == false)
                #expect(told?.sentence.contains("could not be recorded") == true)
                await bench.look(tried: 1)
                #expect(bench.cut == [[issued.credential.username]])
                let now = bench.world.clock.now()
                #expect(try await bench.world.index.active(issued.secret, now: now) == nil)
                // And nobody gets in anew by another credential.
                bench.fail(nil)
                await #expect(throws: Refusal.accessNotActive(.ended)) {
                    _ = try await bench.world.credential(for: request)
                }
                let view = try await bench.view(of: request)
                #expect(view.unrecordedEnd == now)
                #expect(view.grantState == .removing)

                bench.time.advance(by: .seconds(60))
                await bench.look(tried: 1)
                await bench.until { bench.world.index.ended(request.grant) == nil }
                let after = try await bench.view(of: request)
                #expect(after.request.state.ending?.by == Fixture.adam.id)
                #expect(after.unrecordedEnd == nil)
            }
            try await bench.world.expectConsistentLogs()
        }
    }

    @Test func aStopOfSomebodyWhoMayNotCutsNothing() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            let issued = try await bench.world.credential(for: request)
            bench.fail(StoreError.unavailable("database is locked"))
            try await bench.run { () async throws in
                for person in [Fixture.eve, Fixture.frida, Fixture.sue] {
                    await #expect(throws: Refusal.self) {
                        try await bench.revoke(request, by: person)
                    }
                }
                await bench.look(tried: 0)
                #expect(bench.cut.isEmpty)
                let now = bench.world.clock.now()
                #expect(try await bench.world.index.active(issued.secret, now: now) != nil)
            }
        }
    }

    @Test func aStopThatIsRefusedInTheEndTakesNothingAway() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            let issued = try await bench.world.credential(for: request)
            // Between the look and the write she loses her role.
            bench.fail(Refusal.notPermitted(.revoke))
            await #expect(throws: Refusal.notPermitted(.revoke)) {
                try await bench.revoke(request, by: Fixture.adam)
            }
            let now = bench.world.clock.now()
            #expect(try await bench.world.index.active(issued.secret, now: now) != nil)
            #expect(bench.world.index.ended(request.grant) == nil)
        }
    }

    @Test func twoHundredThatEndTogetherAreOrderedTogether() async throws {
        try await CutBench.with { bench async throws in
            var names: Set<String> = []
            for _ in 0..<200 {
                let request = try await bench.world.approved()
                names.insert(try await bench.world.credential(for: request).credential.username)
            }
            bench.world.clock.advance(by: .hours(2))
            bench.fail(StoreError.unavailable("database is locked"))
            try await bench.run { () async throws in
                await bench.look(tried: 200 / CutFromMemory.Limits.batch)
                #expect(Set(bench.cut.joined()) == names)
                #expect(bench.cut.count == 200 / CutFromMemory.Limits.batch)
            }
        }
    }

    @Test func whatWasCutFromMemoryIsNotCutAgainOnceItsOrderIsWrittenDown() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            _ = try await bench.world.credential(for: request)
            bench.world.clock.advance(by: .hours(2))
            try await bench.run { () async throws in
                await bench.look(tried: 1)
                #expect(bench.cut.count == 1)
                _ = try await bench.world.lockbox.expireDue()
                let orders = try await bench.world.store.read { tx in
                    try tx.removals(of: request.id)
                }
                let job = CutJob(
                    store: bench.world.audited,
                    enforcers: bench.service,
                    first: bench.first,
                    logger: CutBench.quiet,
                    done: {}
                )
                #expect(job.ready(orders).count == 1)
                try await job.carryOut(orders, under: .free)
                #expect(bench.cut.count == 1)
                let stored = try await bench.world.store.read { tx in
                    try tx.removals(of: request.id)
                }
                #expect(stored.map(\.cutAt) == [bench.world.clock.now()])
            }
        }
    }

    @Test func aServiceThatCannotBeCutNowIsTriedAgain() async throws {
        try await CutBench.with { bench async throws in
            let request = try await bench.world.approved()
            _ = try await bench.world.credential(for: request)
            bench.world.clock.advance(by: .hours(2))
            bench.service.failures.withLock { $0 = 2 }
            try await bench.run { () async throws in
                for times in 1...3 {
                    bench.time.advance(by: .seconds(5))
                    await bench.look(tried: times)
                }
                #expect(bench.cut.count == 1)
            }
        }
    }
}

extension AccessRequest {
    fileprivate var grant: GrantID { state.grant?.id ?? GrantID(entropy: []) }
}

/// A world whose writes a test can break, with the loop that cuts.
private struct CutBench: Sendable {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let world: TestWorld
    let time = FixedMonotonicClock()
    let first: FirstActions
    let service = RecordingService()
    private let broken: Broken
    private let pause = ManualPause()

    private final class Broken: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }

    static func with(_ body: (CutBench) async throws -> Void) async throws {
        try await TestWorld.with { world async throws in
            let broken = Broken()
            let store = MeddledStore(
                world.store,
                beforeWrite: { if let error = broken.error.withLock({ $0 }) { throw error } }
            )
            let world = TestWorld(store: store, seed: 2)
            try await world.index.refresh(reload: true)
            try await body(CutBench(world, broken))
        }
    }

    private init(_ world: TestWorld, _ broken: Broken) {
        self.world = world
        self.broken = broken
        first = FirstActions(time: time)
    }

    /// What each write throws from now on.
    func fail(_ error: (any Error)?) { broken.error.withLock { $0 = error } }

    /// The login names of each order, in the order in which they came.
    var cut: [[String]] { service.cuts.withLock { $0 } }

    func revoke(_ request: AccessRequest, by person: Person) async throws {
        _ = try await world.lockbox.revoke(request.id.text, comment: nil, by: person, key: nil)
    }

    func view(of request: AccessRequest) async throws -> RequestView {
        try await world.lockbox.request(request.id.text, by: Fixture.adam)
    }

    func run(_ body: () async throws -> Void) async throws {
        let loop = CutFromMemory(
            index: world.index,
            enforcers: service,
            first: first,
            clock: world.clock,
            time: time,
            pause: pause,
            logger: Self.quiet,
            done: { service.looks.withLock { $0 += 1 } }
        )
        async let running: Void = loop.run()
        do {
            try await body()
        } catch {
            pause.stop()
            await running
            throw error
        }
        pause.stop()
        await running
    }

    /// The loop looks once, and what it began is over: `tried` batches in all.
    func look(tried: Int) async {
        pause.wake()
        await pause.untilIdle()
        await until { service.looks.withLock { $0 } >= tried }
    }

    func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }
}

private final class RecordingService: EnforcerDirectory, Enforcer {
    let cuts = Mutex<[[String]]>([])
    let looks = Mutex(0)
    let failures = Mutex(0)

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { self }

    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? {
        self
    }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails { throw EnforcerError("down") }
        cuts.withLock { $0.append(orders.flatMap(\.usernames)) }
    }

    func close(_ order: Removal) async throws(EnforcerError) {}
    func list() async throws(EnforcerError) -> [OpenAccess] { [] }
}
