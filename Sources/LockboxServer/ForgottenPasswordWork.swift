import LockboxIdentity
import LockboxPorts
import Logging
import ServiceLifecycle

/// Writes the letters to those who said at the door that they forgot their password, after they were
/// answered: the answer's time tells nothing of who is known.
struct ForgottenPasswordWork: Service {
    private let forgotten: ForgottenPasswords
    private let pause: any Pause
    private let logger: Logger

    init(_ forgotten: ForgottenPasswords, pause: any Pause, logger: Logger) {
        self.forgotten = forgotten
        self.pause = pause
        self.logger = logger
    }

    /// Runs until shutdown or cancellation.
    func run() async {
        var isFailing = false
        while await pause(milliseconds: ForgottenPasswords.interval) {
            isFailing = await work(isFailing)
        }
        _ = await work(isFailing)
    }

    /// Whether it failed, which is said once.
    private func work(_ wasFailing: Bool) async -> Bool {
        do {
            try await forgotten.work()
            return false
        } catch {
            if !wasFailing {
                logger.error(
                    "letters about forgotten passwords cannot be written",
                    metadata: ["cause": "\(error.operatorText)"]
                )
            }
            return true
        }
    }
}
