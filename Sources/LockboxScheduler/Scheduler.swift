import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import LockboxService
package import Logging
import ServiceLifecycle

/// Ends what is due: waits until the next deadline, then lets time pass in the store.
///
/// It only records. Whether access is open, and whether a decision is in time, is judged against
/// the clock where it matters; a late scheduler neither prolongs nor kills anything.
package struct Scheduler: ServiceLifecycle.Service, CommitListener {
    /// The longest wait: the wall clock can be set, so no deadline is slept through.
    private static let longestWait: Int64 = 250
    private static let waitAfterFailure: Int64 = 500

    private let lockbox: Lockbox
    private let clock: any WallClock
    private let pause: any Pause
    private let logger: Logger

    package init(lockbox: Lockbox, clock: any WallClock, pause: any Pause, logger: Logger) {
        self.lockbox = lockbox
        self.clock = clock
        self.pause = pause
        self.logger = logger
    }

    package func run() async throws {
        var wait: Int64 = 0
        while await pause(milliseconds: wait) {
            do {
                let next = try await lockbox.letTimePass()
                wait = next.map { max(0, ($0 - clock.now()).milliseconds) } ?? Self.longestWait
                wait = min(wait, Self.longestWait)
            } catch is CancellationError {
                return
            } catch {
                logger.error("cannot let time pass", metadata: ["error": "\(error)"])
                wait = Self.waitAfterFailure
            }
        }
    }

    /// A new deadline may be earlier than the one waited for.
    package func committed(_ events: [Event]) async { pause.wake() }
}
