import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import LockboxWork
import Logging
import Synchronization

/// Work that is a list in memory: items that are due until they have been carried out.
final class ScriptedJob: Job {
    private struct State {
        var waiting: [WorkKey]
        var begun: [WorkKey] = []
        var batches: [[WorkKey]] = []
        var nextDue: Timestamp?
        var failures = 0
        var lookFailures = 0
    }

    let lane: Lane
    private let state: Mutex<State>
    private let script: @Sendable (WorkKey) async throws -> Void

    init(
        _ lane: Lane,
        _ items: [WorkKey],
        script: @escaping @Sendable (WorkKey) async throws -> Void = { _ in }
    ) {
        self.lane = lane
        self.script = script
        state = Mutex(State(waiting: items))
    }

    /// In the order in which they were begun.
    var begun: [WorkKey] { state.withLock(\.begun) }
    var batches: [[WorkKey]] { state.withLock(\.batches) }
    var waiting: [WorkKey] { state.withLock(\.waiting) }

    func add(_ item: WorkKey) { state.withLock { $0.waiting.append(item) } }
    func failLooks(_ count: Int) { state.withLock { $0.lookFailures = count } }
    func setNextDue(_ instant: Timestamp?) { state.withLock { $0.nextDue = instant } }

    func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws -> [WorkKey] {
        try state.withLock { state in
            if state.lookFailures > 0 {
                state.lookFailures -= 1
                throw StoreError.unavailable("busy")
            }
            return Array(state.waiting.prefix(limit))
        }
    }

    func nextDue(in tx: any StoreTransaction) throws -> Timestamp? { state.withLock(\.nextDue) }

    func key(of item: WorkKey) -> WorkKey { item }

    func carryOut(_ items: [WorkKey], under claim: Claim) async throws {
        state.withLock { state in
            state.begun += items
            state.batches.append(items)
        }
        for item in items {
            try await script(item)
            state.withLock { state in state.waiting.removeAll { $0 == item } }
        }
    }
}

/// A loop over a scripted job, driven by a pause that a test wakes.
struct Bench: Sendable {
    let pause = ManualPause()
    let clock = FixedClock()
    let loop: LaneLoop<ScriptedJob>

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` beside the loop, then stops the loop and waits until it has ended.
    static func run(
        _ job: ScriptedJob,
        _ body: @Sendable (Bench) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.temporary()
        let bench = Bench(job, store)
        async let running: Void = bench.loop.run()
        do {
            try await body(bench)
        } catch {
            bench.pause.stop()
            await running
            try await store.close()
            throw error
        }
        bench.pause.stop()
        await running
        try await store.close()
    }

    private init(_ job: ScriptedJob, _ store: SQLiteStore) {
        loop = LaneLoop(
            job,
            store: AuditedStore(store: store, clock: clock, entropy: SeededEntropy()),
            pause: pause,
            sleep: { _ in await Task.yield() },
            logger: Self.quiet
        )
    }

    /// Wakes the loop until `condition` holds.
    func until(_ condition: @Sendable () -> Bool) async {
        while !condition() {
            await pause.untilIdle()
            pause.wake()
            await Task.yield()
        }
    }
}
