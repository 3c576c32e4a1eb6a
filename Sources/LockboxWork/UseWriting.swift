package import LockboxPorts
package import LockboxService
package import Logging
import ServiceLifecycle

/// Writes down the uses of credentials that were counted in memory, and the rest of them at the end.
///
/// It needs no lease: each process writes what it has counted itself.
package struct UseWriting: Service {
    private let lockbox: Lockbox
    private let pause: any Pause
    private let logger: Logger

    package init(lockbox: Lockbox, pause: any Pause, logger: Logger) {
        self.lockbox = lockbox
        self.pause = pause
        self.logger = logger
    }

    /// Runs until shutdown or cancellation.
    package func run() async {
        var isFailing = false
        while await pause(milliseconds: UseCounts.interval) { isFailing = await write(isFailing) }
        _ = await write(isFailing)
    }

    /// Whether it failed, which is said once.
    private func write(_ wasFailing: Bool) async -> Bool {
        do {
            try await lockbox.writeUses()
            return false
        } catch {
            if !wasFailing {
                logger.error(
                    "uses of credentials cannot be written down",
                    metadata: ["cause": "\(error.operatorText)"]
                )
            }
            return true
        }
    }
}
