import CDispatch
import Foundation
package import LockboxDomain
import LockboxPorts
import ServiceLifecycle
import Synchronization

// The one home of the machine's clock, its randomness and its timers. Everything else is handed
// these.

/// The machine's clock, which does not go back (`SteadyTime` says how).
package final class SystemClock: WallClock {
    private let time: Mutex<SteadyTime>

    package init() { time = Mutex(SteadyTime(wall: Self.wall(), monotonic: .now)) }

    package func now() -> Timestamp {
        let (wall, monotonic) = (Self.wall(), ContinuousClock.now)
        return time.withLock { $0.read(wall: wall, monotonic: monotonic) }
    }

    /// Time is at least `instant`: what was recorded before a restart has happened, whatever the
    /// machine's clock says.
    package func advance(to instant: Timestamp) {
        time.withLock { $0.advance(to: instant, monotonic: .now) }
    }

    private static func wall() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// The system's cryptographically secure generator.
package struct SystemEntropy: Entropy {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// A wait that can be cut short, and that ends for good when the service group is asked to stop.
package final class SystemPause: Pause {
    private struct State {
        var isWoken = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package func callAsFunction(milliseconds: Int64) async -> Bool {
        if milliseconds > 0 {
            await cancelWhenGracefulShutdown {
                await withTaskGroup { group in
                    group.addTask {
                        do {
                            try await Self.sleep(.milliseconds(milliseconds))
                        } catch {
                            // Woken, or stopped: the caller looks at that itself.
                        }
                    }
                    group.addTask { await self.woken() }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
        return !Task.isCancelled && !Task.isShuttingDownGracefully
    }

    package func wake() {
        let waiting = state.withLock { state in
            state.isWoken = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    private func woken() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isWoken || Task.isCancelled {
                        state.isWoken = false
                        return true
                    }
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }
    }

    /// Waits in real time. Throws if cancelled meanwhile.
    package static func sleep(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
