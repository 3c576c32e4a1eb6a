import CDispatch
import Foundation
package import LockboxDomain
import LockboxPorts
import ServiceLifecycle
import Synchronization

// The one home of the machine's clock, its randomness and its timers. Everything else is handed
// these.

/// The machine's clock, which does not go back (`SteadyTime` says how), nor stop while no process
/// runs (`ClockMark`).
package final class SystemClock: WallClock {
    private struct State {
        var time: SteadyTime
        var file: ClockMarkFile?
        var report: @Sendable (any Error) -> Void = { _ in }

        /// Another process accepted what the wall clock shows.
        private mutating func takeOver(_ reading: ClockReading) {
            guard let file, let earliest = file.earliest(at: reading) else { return }
            time.advance(to: earliest, at: reading)
            time.accept(ahead: file.accepted)
            _ = time.read(reading)
        }

        /// Makes `time.now` durable; gives what is in the way.
        mutating func keep(at reading: ClockReading) -> (any Error)? {
            do {
                if time.step != nil, try file?.isReplaced(at: reading) == true { takeOver(reading) }
                if let ahead = try file?.keep(time.now, accepted: time.accepted, at: reading) {
                    time.advance(to: ahead, at: reading)
                }
                return nil
            } catch {
                return error
            }
        }
    }

    private let state: Mutex<State>
    private let boot: String

    /// Steps of the machine's clock up to `believed` are taken for corrections.
    package init(believed: TimeSpan = .minutes(5)) {
        boot = Self.currentBoot()
        state = Mutex(State(time: SteadyTime(Self.reading(boot), believed: believed)))
    }

    package func now() -> Timestamp {
        let reading = Self.reading(boot)
        return kept { state in
            _ = state.time.read(reading)
            return state.keep(at: reading)
        }
    }

    package var step: TimeSpan? {
        _ = now()
        return state.withLock { $0.time.step }
    }

    package var ahead: TimeSpan {
        _ = now()
        return state.withLock { $0.time.ahead }
    }

    /// What the machine's clock shows now is right. Gives by how much it was off.
    package func accept() throws -> TimeSpan? {
        guard let step else { return nil }
        let reading = Self.reading(boot)
        let problem = state.withLock { state in
            state.time.accept(reading)
            return state.keep(at: reading)
        }
        if let problem { throw problem }
        return step
    }

    /// Time is at least `instant`: what was recorded before a restart has happened, whatever the
    /// machine's clock says.
    package func advance(to instant: Timestamp) {
        let reading = Self.reading(boot)
        _ = kept { state in
            state.time.advance(to: instant, at: reading)
            return state.keep(at: reading)
        }
    }

    /// Goes on from the mark in the file at `path`, and keeps one there from now on. `report` hears
    /// of marks that cannot be written; it may read this clock.
    package func goOn(from path: String, report: @escaping @Sendable (any Error) -> Void) throws {
        let file = try ClockMarkFile(path: path)
        let reading = Self.reading(boot)
        let problem = state.withLock { state in
            state.report = report
            state.file = file
            if let earliest = file.earliest(at: reading) {
                state.time.begin(at: earliest, accepted: file.accepted, at: reading)
                _ = state.time.read(reading)
            }
            return state.keep(at: reading)
        }
        if let problem { throw problem }
    }

    /// Changes the state, and reports what went wrong outside the lock.
    private func kept(_ change: (inout State) -> (any Error)?) -> Timestamp {
        let (now, problem, report) = state.withLock { state in
            let problem = change(&state)
            return (state.time.now, problem, state.report)
        }
        if let problem { report(problem) }
        return now
    }

    private static func reading(_ boot: String) -> ClockReading {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        var uptime = timespec()
        clock_gettime(CLOCK_BOOTTIME, &uptime)
        return ClockReading(
            wall: Timestamp(
                milliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000
            ),
            uptime: .seconds(uptime.tv_sec) + .nanoseconds(uptime.tv_nsec),
            boot: boot
        )
    }

    /// The kernel's name for this start of the machine.
    private static func currentBoot() -> String {
        do {
            return try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            // Then the wall clock says what has passed while nobody ran.
            return ""
        }
    }
}

/// The machine's clock that nobody can set.
package struct SystemMonotonicClock: MonotonicClock {
    private let start = ContinuousClock.now

    package init() {}

    package func elapsed() -> Duration { ContinuousClock.now - start }
}

/// The same without the time for which the machine was suspended: what did not answer meanwhile
/// is not at fault.
package struct SystemAwakeClock: MonotonicClock {
    private let start = SuspendingClock.now

    package init() {}

    package func elapsed() -> Duration { SuspendingClock.now - start }
}

/// The system's cryptographically secure generator. A commit needs some dozens of bytes in small
/// pieces, and the system is asked for all of them at once.
package struct SystemEntropy: Entropy {
    /// Bytes that nobody has had yet. What is handed out is not kept.
    private static let pool = Mutex<[UInt8]>([])
    private static let poolBytes = 2048

    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        guard count <= Self.poolBytes / 2 else { return Self.read(count) }
        return Self.pool.withLock { pool in
            if pool.count < count { pool = Self.read(Self.poolBytes) }
            defer {
                // Also out of memory, as far as Swift lets us say so.
                for place in pool.indices.suffix(count) { pool[place] = 0 }
                pool.removeLast(count)
            }
            return Array(pool.suffix(count))
        }
    }

    private static func read(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // So much the system gives in one call without being interrupted.
                let part = min(count - filled, 256)
                let rest = UnsafeMutableRawBufferPointer(buffer)[filled...]
                let start = UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress
                // It fails only where there is no such call: nothing may go on without chance.
                guard getentropy(start, part) == 0 else { fatalError("no source of randomness") }
                filled += part
            }
        }
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
