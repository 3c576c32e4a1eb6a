import Dispatch
import Synchronization

/// Runs work that blocks its thread, on at most `width` threads of its own; more work waits its
/// turn. Swift's own pool must not be blocked: it has one thread per core. The threads go back to
/// the system when there is nothing to do.
package final class BlockingPool: Sendable {
    /// How much may wait for its turn.
    package static let mostWaiting = 1000

    /// More waits than may.
    package struct Full: Error {}

    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let width: Int
    private let label: String
    private let state = Mutex(State())

    package init(width: Int, label: String) {
        self.width = max(1, width)
        self.label = label
    }

    /// What `work` gives.
    package func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value
    ) async throws(Full) -> Value {
        let value: Value? = await withCheckedContinuation { continuation in
            if !enqueue({ continuation.resume(returning: work()) }) {
                continuation.resume(returning: nil)
            }
        }
        guard let value else { throw Full() }
        return value
    }

    private func enqueue(_ job: @escaping @Sendable () -> Void) -> Bool {
        enum Place { case starts, waits, full }
        let place = state.withLock { state in
            if state.running < width {
                state.running += 1
                return Place.starts
            }
            if state.waiting.count >= Self.mostWaiting { return .full }
            state.waiting.append(job)
            return .waits
        }
        if place == .starts {
            // A serial queue gets a thread at once, however many others are blocked; a concurrent
            // one waits until the system has noticed that they are.
            DispatchQueue(label: label).async { self.work(job) }
        }
        return place != .full
    }

    private func work(_ first: @Sendable () -> Void) {
        first()
        while let next = next() { next() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
