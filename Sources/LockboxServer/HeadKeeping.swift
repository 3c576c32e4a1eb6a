import LockboxAudit
import LockboxDomain
import LockboxPorts
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps the heads of logs beside the signing key as the logs grow, so that an older copy of the
/// database is known also where nobody had a head signed since: at most so much is lost of it as
/// was written in the last second.
final class HeadKeeping: CommitListener, Service {
    /// Milliseconds.
    private static let interval: Int64 = 1000

    private let continuity: LogContinuity
    private let pause: any Pause
    private let logger: Logger
    private let grown = Mutex<Set<LogID>>([])

    init(_ continuity: LogContinuity, pause: any Pause, logger: Logger) {
        (self.continuity, self.pause, self.logger) = (continuity, pause, logger)
    }

    func committed(_ events: [Event]) async {
        grown.withLock { $0.formUnion(events.map(\.side)) }
    }

    /// Runs until shutdown or cancellation.
    func run() async {
        var isFailing = false
        while await pause(milliseconds: Self.interval) { isFailing = await keep(isFailing) }
        _ = await keep(isFailing)
    }

    /// Whether it failed, which is said once.
    private func keep(_ wasFailing: Bool) async -> Bool {
        let logs = grown.withLock { grown in
            defer { grown = [] }
            return grown
        }
        guard !logs.isEmpty else { return wasFailing }
        do {
            try await continuity.keepHeads(of: Array(logs))
            return false
        } catch {
            grown.withLock { $0.formUnion(logs) }
            if !wasFailing {
                logger.error(
                    "what the logs are now cannot be kept beside the signing key",
                    metadata: ["cause": "\(error)"]
                )
            }
            return true
        }
    }
}
