import LockboxPorts
import Synchronization

/// What goes wrong in the whole world at the moment, in percent.
struct Faults: Sendable {
    /// A write or read that the store does not take.
    var store = 0.0
    /// A commit whose answer gets lost, durable or not.
    var outcome = 0.0
    /// A call to a service, or from one, that is lost before or after it had its effect.
    var network = 0.0
    /// A letter that the relay does not take, or of which nobody knows.
    var relay = 0.0
    /// The longest wait for the disk, in milliseconds.
    var slowness: Int64 = 2

    static let none = Faults()

    var areOn: Bool { store + outcome + network + relay > 0 }
}

/// One process's way to the database: late, lost, or cut off as the seed says.
final class SimulatedStore: Store {
    private struct State {
        var isCutOff = false
        var isDead = false
    }

    private let inner: any Store
    private let scheduler: Scheduler
    private let faults: @Sendable () -> Faults
    private let state = Mutex(State())

    init(_ inner: any Store, _ scheduler: Scheduler, faults: @escaping @Sendable () -> Faults) {
        self.inner = inner
        self.scheduler = scheduler
        self.faults = faults
    }

    /// Reaches the database no more, or again.
    func cutOff(_ isCutOff: Bool) { state.withLock { $0.isCutOff = isCutOff } }

    /// Of a process that was killed: whatever is left of it changes nothing any more.
    func die() { state.withLock { $0.isDead = true } }

    var isDead: Bool { state.withLock(\.isDead) }
    var isCutOff: Bool { state.withLock(\.isCutOff) }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await reach()
        let lost = scheduler.draw { $0.happens(faults().outcome) }
        if lost, scheduler.draw({ $0.happens(50) }) {
            throw StoreError.outcomeUnknown("simulated: not durable")
        }
        let value = try await outside { try await inner.write(body) }
        if lost || isCutOff { throw StoreError.outcomeUnknown("simulated: durable") }
        return value
    }

    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await reach()
        return try await outside { try await inner.read(lane, body) }
    }

    func changedElsewhere() async throws -> Bool {
        try await reach()
        return try await outside { try await inner.changedElsewhere() }
    }

    private func reach() async throws {
        let (wait, fails) = scheduler.draw { chance in
            (
                Int64.random(in: 0...faults().slowness, using: &chance),
                chance.happens(faults().store)
            )
        }
        if wait > 0, !isDead { await scheduler.sleep(wait) }
        guard !fails, state.withLock({ !$0.isCutOff && !$0.isDead }) else {
            throw StoreError.unavailable("simulated")
        }
    }

    private func outside<Value: Sendable>(_ call: () async throws -> Value) async throws -> Value {
        scheduler.leave()
        let result: Result<Value, any Error>
        do { result = .success(try await call()) } catch { result = .failure(error) }
        scheduler.back()
        // What was done is done; whoever asked may never hear of it.
        await Task.yield()
        return try result.get()
    }
}
