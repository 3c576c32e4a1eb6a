package import LockboxDecisions
import LockboxDomain
package import LockboxPorts
package import Logging
import ServiceLifecycle
import Synchronization

/// Cuts what is open of access that is over, from memory: when its time is over, and when somebody
/// ended it. It waits for no write, no read and no other process.
///
/// Until the end is written down it cuts again and again, for a sign-in that was answered just
/// before the end may become a session only later; after that the lanes of orders do the rest. The
/// next process finds what time ended and nobody wrote down; that somebody ended it before its time is
/// lost with a process that could not write it.
package struct CutFromMemory: Service {
    package enum Limits {
        /// Waits after the first, second, … cut of what is still not written down; the last
        /// repeats.
        static let again: [Duration] = [
            .milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(15),
        ]
        /// Orders of one service that are handed over together.
        package static let batch = 50
        /// Milliseconds between two looks: the wall clock can be set.
        static let longestWait: Int64 = 250
    }

    private let index: DecisionIndex
    private let enforcers: any EnforcerDirectory
    private let first: FirstActions
    private let clock: any WallClock
    private let time: any MonotonicClock
    private let pause: any Pause
    /// Wakes the lanes that find the orders once they are written down.
    private let done: @Sendable () -> Void
    private let logger: Logger
    private let progress = Progress()

    /// `pause` is to be woken when the index hears of an end.
    package init(
        index: DecisionIndex,
        enforcers: any EnforcerDirectory,
        first: FirstActions,
        clock: any WallClock,
        time: any MonotonicClock,
        pause: any Pause,
        logger: Logger,
        done: @escaping @Sendable () -> Void
    ) {
        self.index = index
        self.enforcers = enforcers
        self.first = first
        self.clock = clock
        self.time = time
        self.pause = pause
        self.done = done
        self.logger = logger
    }

    /// Runs until shutdown or cancellation.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var wait: Int64 = 0
            while await pause(milliseconds: wait) {
                let now = clock.now()
                let over = index.unrecordedEnds(at: now)
                for orders in progress.begin(over.flatMap(\.orders), at: time.elapsed()) {
                    group.addTask { await cut(orders) }
                }
                let records = index.endsToRecord()
                progress.forget(recordsBut: Set(records.map(\.grant)))
                for (grant, record) in records
                where progress.begins(recordOf: grant, at: time.elapsed()) {
                    group.addTask { await write(grant, record) }
                }
                let next = index.nextEnd(after: now).map { ($0 - now).milliseconds }
                wait = min(max(next ?? Limits.longestWait, 0), Limits.longestWait)
            }
            group.cancelAll()
        }
    }

    /// Orders of one service.
    private func cut(_ orders: [Removal]) async {
        guard let service = orders.first?.service else { return }
        first.cutting(orders)
        var isDone = false
        do {
            if let enforcer = try enforcers.rememberedEnforcer(of: service) {
                try await enforcer.cut(orders)
                isDone = true
            }
        } catch {
            logger.error(
                "access could not be cut at once",
                metadata: [
                    "service": "\(service)", "orders": "\(orders.count)",
                    "cause": "\(error.operatorText)",
                ]
            )
        }
        first.cut(orders, isDone: isDone)
        progress.end(orders, at: time.elapsed())
        done()
    }

    /// Writes down an end that somebody was told could not be.
    private func write(_ grant: GrantID, _ record: @Sendable () async throws -> Void) async {
        do {
            try await record()
            index.dropRecord(of: grant)
            logger.notice("an end of access is written down", metadata: ["grant": "\(grant)"])
        } catch let refusal as Refusal {
            // It ended meanwhile, or whoever asked may not any more.
            index.dropRecord(of: grant)
            logger.notice(
                "an end of access was refused",
                metadata: ["grant": "\(grant)", "cause": "\(refusal)"]
            )
        } catch {
            logger.error(
                "an end of access could not be written down",
                metadata: ["grant": "\(grant)", "cause": "\(error)"]
            )
        }
        progress.end(recordOf: grant, at: time.elapsed())
    }
}

/// What is being cut or written down from memory, how often it was, and when it may be again.
private final class Progress: Sendable {
    private struct Piece {
        var times = 0
        /// Nil while it is being done.
        var notBefore: Duration?

        mutating func end(at now: Duration) {
            let waits = CutFromMemory.Limits.again
            notBefore = now + waits[min(times, waits.count - 1)]
            times += 1
        }
    }

    private struct Order: Hashable {
        let grant: GrantID
        let service: ServiceID

        init(_ removal: Removal) { (grant, service) = (removal.grant, removal.service) }
    }

    private struct State {
        var orders: [Order: Piece] = [:]
        var records: [GrantID: Piece] = [:]
    }

    private let state = Mutex(State())

    /// Those of `all` that are to be cut now, in batches of one service each. What is not in `all`
    /// is forgotten.
    func begin(_ all: [Removal], at now: Duration) -> [[Removal]] {
        state.withLock { state in
            let present = Set(all.map(Order.init))
            state.orders = state.orders.filter { present.contains($0.key) }
            var batches: [[Removal]] = []
            var open: [ServiceID: Int] = [:]
            for removal in all {
                let order = Order(removal)
                if let piece = state.orders[order] {
                    guard let notBefore = piece.notBefore, notBefore <= now else { continue }
                }
                state.orders[order, default: Piece()].notBefore = nil
                if let batch = open[removal.service],
                    batches[batch].count < CutFromMemory.Limits.batch
                {
                    batches[batch].append(removal)
                } else {
                    open[removal.service] = batches.count
                    batches.append([removal])
                }
            }
            return batches
        }
    }

    func end(_ orders: [Removal], at now: Duration) {
        state.withLock { state in
            for removal in orders { state.orders[Order(removal)]?.end(at: now) }
        }
    }

    func forget(recordsBut present: Set<GrantID>) {
        state.withLock { state in
            state.records = state.records.filter { present.contains($0.key) }
        }
    }

    func begins(recordOf grant: GrantID, at now: Duration) -> Bool {
        state.withLock { state in
            if let piece = state.records[grant] {
                guard let notBefore = piece.notBefore, notBefore <= now else { return false }
            }
            state.records[grant, default: Piece()].notBefore = nil
            return true
        }
    }

    func end(recordOf grant: GrantID, at now: Duration) {
        state.withLock { $0.records[grant]?.end(at: now) }
    }
}
