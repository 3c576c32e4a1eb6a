package import LockboxPorts
import Synchronization

/// How the writing of this process goes: what waits, what failed, and whether space is short.
package final class WriteHealth: Sendable {
    /// How things stand at one moment.
    package struct Report: Hashable, Sendable {
        /// Since the start of the process.
        package var failures = 0
        /// Since the last success, and for how long; none where the last write succeeded.
        package var failuresInARow = 0
        package var failingFor: Duration?
        /// What the last failure was, in the store's words: for the operator alone.
        package var problem: String?
        /// For how long the oldest write that has no outcome yet has waited.
        package var waitingFor: Duration?
        package var spaceIsReserved = false
    }

    private struct State {
        var next = 0
        var waiting: [Int: Duration] = [:]
        var failures = 0
        var failuresInARow = 0
        var failingSince: Duration?
        var problem: String?
        var lastSuccess: Duration?
        var spaceIsReserved = false
    }

    /// A write that waits for longer is in trouble.
    package static let patience = Duration.seconds(1)

    private let time: any MonotonicClock
    private let state = Mutex(State())

    package init(time: any MonotonicClock) { self.time = time }

    package var report: Report {
        let now = time.elapsed()
        return state.withLock { state in
            Report(
                failures: state.failures,
                failuresInARow: state.failuresInARow,
                failingFor: state.failingSince.map { now - $0 },
                problem: state.problem,
                waitingFor: state.waiting.values.min().map { now - $0 },
                spaceIsReserved: state.spaceIsReserved
            )
        }
    }

    /// Whether the next write can be expected to succeed soon.
    package var isGood: Bool {
        let report = report
        return report.failuresInARow == 0 && report.waitingFor ?? .zero < Self.patience
    }

    /// How long ago a write succeeded last.
    package var sinceSuccess: Duration? {
        let now = time.elapsed()
        return state.withLock { state in state.lastSuccess.map { now - $0 } }
    }

    /// From now on the space that is left is kept for ending access, or it is not any more.
    package func reserveSpace(_ isReserved: Bool) {
        state.withLock { $0.spaceIsReserved = isReserved }
    }

    var spaceIsReserved: Bool { state.withLock(\.spaceIsReserved) }

    /// Runs a write and takes note of how it goes. What a rule refuses says nothing: it was not
    /// written.
    func watch<Value: Sendable>(_ write: () async throws -> Value) async throws -> Value {
        let begun = time.elapsed()
        let number = state.withLock { state in
            state.next &+= 1
            state.waiting[state.next] = begun
            return state.next
        }
        do {
            let value = try await write()
            end(number, problem: nil)
            return value
        } catch let error as StoreError {
            end(number, problem: error.words)
            throw error
        } catch {
            state.withLock { $0.waiting[number] = nil }
            throw error
        }
    }

    private func end(_ number: Int, problem: String?) {
        let now = time.elapsed()
        state.withLock { state in
            state.waiting[number] = nil
            state.problem = problem
            if problem == nil {
                state.failuresInARow = 0
                state.failingSince = nil
                state.lastSuccess = now
            } else {
                state.failures += 1
                state.failuresInARow += 1
                state.failingSince = state.failingSince ?? now
            }
        }
    }
}

extension StoreError {
    fileprivate var words: String {
        switch self {
        case .unavailable(let text), .busy(let text), .outcomeUnknown(let text),
            .corrupt(let text):
            text
        }
    }
}
