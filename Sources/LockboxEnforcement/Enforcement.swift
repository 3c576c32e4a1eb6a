package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import Logging
import ServiceLifecycle

/// Makes the services match the grants: carries out removals until each is confirmed.
///
/// An order is durable before it is tried, and is confirmed in the log only after the service
/// confirmed it; a crash between the two tries it again, which does no harm.
package struct Enforcement: ServiceLifecycle.Service, CommitListener {
    package enum Limits {
        /// Removals carried out at once, in all and at one service, so that one that hangs does not
        /// hold up the others.
        package static let parallel = 256
        package static let parallelAtOneService = 64
        /// How many orders that are due one look sees: more than can pile up at a service before
        /// its waits grow long.
        package static let seen = 1000
        /// The longest wait between two looks.
        package static let longestWait: Int64 = 250
        /// Waits after the first, second, … failure in a row; the last one repeats.
        package static let backOff: [TimeSpan] = [
            TimeSpan(milliseconds: 250), TimeSpan(milliseconds: 500), .seconds(1), .seconds(2),
            .seconds(5),
            .seconds(15), .seconds(30),
        ]
    }

    private let store: AuditedStore
    private let enforcers: any EnforcerDirectory
    private let pause: any Pause
    private let logger: Logger

    package init(
        store: AuditedStore,
        enforcers: any EnforcerDirectory,
        pause: any Pause,
        logger: Logger
    ) {
        self.store = store
        self.enforcers = enforcers
        self.pause = pause
        self.logger = logger
    }

    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            let running = InFlight()
            var wait: Int64 = 0
            while await pause(milliseconds: wait) {
                wait = Limits.longestWait
                do {
                    let due = try await store.read(.endingAccess) { tx, now in
                        try tx.removalsDue(at: now, limit: Limits.seen)
                    }
                    for removal in due where running.begin(removal) {
                        group.addTask {
                            await carryOut(removal)
                            running.end(removal)
                            pause.wake()
                        }
                    }
                } catch is CancellationError {
                    return
                } catch {
                    logger.error(
                        "cannot read the removals that are due",
                        metadata: ["error": "\(error)"]
                    )
                }
            }
        }
    }

    private func carryOut(_ removal: Removal) async {
        var outcome = removal
        outcome.attempts += 1
        do {
            guard let enforcer = try await enforcers.enforcer(of: removal.service) else {
                throw EnforcerError("the service is not set up for removal")
            }
            try await enforcer.close(removal)
            outcome.progress = .confirmed
            outcome.problem = nil
        } catch {
            outcome.progress = .failed
            outcome.problem =
                (error as? EnforcerError)?.problem ?? "the service could not be reached"
            logger.error(
                "access could not be removed",
                metadata: [
                    "grant": "\(removal.grant)", "service": "\(removal.service)",
                    "attempt": "\(outcome.attempts)",
                ]
            )
        }
        do {
            try await record(outcome, after: removal)
        } catch {
            // The order stands as it was and is carried out again.
            logger.error(
                "the outcome of a removal could not be recorded",
                metadata: ["error": "\(error)"]
            )
        }
    }

    private func record(_ outcome: Removal, after before: Removal) async throws {
        try await store.write(by: .system) { change in
            var outcome = outcome
            let stored = try change.tx.removals(of: outcome.request).first {
                $0.grant == outcome.grant && $0.service == outcome.service
            }
            // What is confirmed stays so.
            guard stored?.progress != .confirmed else { return }
            let wait = Limits.backOff[min(outcome.attempts, Limits.backOff.count) - 1]
            outcome.nextAttempt = change.now + wait
            try change.tx.save(outcome)
            switch outcome.progress {
            case .confirmed: change.emit(.access(.removalConfirmed(outcome)))
            // The log says it when it begins, and once more when it is over; not with each of a
            // thousand attempts.
            case .failed where before.progress != .failed:
                change.emit(.access(.removalFailed(outcome)))
            case .failed, .pending: break
            }
        }
    }

    package func committed(_ events: [Event]) async { pause.wake() }
}
