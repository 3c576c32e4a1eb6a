import Dispatch
import LockboxPorts
import Synchronization

/// Runs work that blocks its thread, on at most `width` threads of its own; more work waits its
/// turn. Swift's own pool must not be blocked: it has one thread per core. The threads go back to
/// the system when there is nothing to do.
final class BlockingPool: Sendable {
    static let mostWaiting = 1000

    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let width: Int
    private let queue = DispatchQueue(label: "lockbox.mail", attributes: .concurrent)
    private let state = Mutex(State())

    init(width: Int) { self.width = max(1, width) }

    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(MailError)
        -> Value
    {
        let value: Value? = await withCheckedContinuation { continuation in
            if !enqueue({ continuation.resume(returning: work()) }) {
                continuation.resume(returning: nil)
            }
        }
        guard let value else { throw .unreachable("too many letters are waiting to be sent") }
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
        if place == .starts { queue.async { self.work(job) } }
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
