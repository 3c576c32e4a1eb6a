package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import Logging

/// The second stage of the orders to services: carries each out until the service confirms that
/// nothing is left and nothing can come any more.
///
/// An order is durable before it is tried, and is confirmed in the log only after the service
/// confirmed it; a crash between the two tries it again, which does no harm.
package struct RemovalJob: Job {
    package enum Limits {
        /// Waits after the first, second, … failure in a row; the last one repeats.
        package static let backOff: [TimeSpan] = [
            TimeSpan(milliseconds: 250), TimeSpan(milliseconds: 500), .seconds(1), .seconds(2),
            .seconds(5), .seconds(15), .seconds(30),
        ]
        static func wait(after attempts: Int) -> TimeSpan {
            backOff[min(max(attempts, 1), backOff.count) - 1]
        }
        /// Orders that settle at one service at once.
        package static let parallelAtOneService = 64
    }

    package let lane: Lane

    private let store: AuditedStore
    private let own: OwnOrders
    private let enforcers: any EnforcerDirectory
    private let first: FirstActions
    private let logger: Logger

    package init(
        store: AuditedStore,
        own: OwnOrders = .all,
        enforcers: any EnforcerDirectory,
        first: FirstActions,
        logger: Logger
    ) {
        // More than can pile up at a service before its waits grow long are seen by one look.
        lane = Lane(
            name: own.share.ordersLane,
            parallel: 256,
            parallelAtOnePlace: Limits.parallelAtOneService,
            seen: 1000
        )
        self.store = store
        self.own = own
        self.enforcers = enforcers
        self.first = first
        self.logger = logger
    }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws
        -> [Removal]
    {
        try tx.removalsDue(at: now, of: own.services(in: tx), limit: limit)
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        try tx.nextRemovalAttempt(of: own.services(in: tx))
    }

    /// What has not been cut yet would settle in vain.
    package func ready(_ due: [Removal]) -> [Removal] { due.filter(first.isTried) }

    package func key(of removal: Removal) -> WorkKey { removal.workKey }

    package func carryOut(_ orders: [Removal], under claim: Claim) async throws {
        for order in orders where claim.isGood {
            try await record(await outcome(of: order), under: claim)
        }
    }

    private func outcome(of removal: Removal) async -> Removal {
        var outcome = removal
        outcome.attempts &+= 1
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
                    "attempt": "\(outcome.attempts)", "cause": "\(error.operatorText)",
                ]
            )
        }
        return outcome
    }

    private func record(_ outcome: Removal, under claim: Claim) async throws {
        try await store.write(by: .system, for: .ending) { change in
            var outcome = outcome
            let stored = try change.tx.removals(of: outcome.request).first {
                $0.grant == outcome.grant && $0.service == outcome.service
            }
            // What is confirmed stays so.
            guard stored?.progress != .confirmed else { return }
            outcome.nextAttempt = change.now + Limits.wait(after: outcome.attempts)
            switch outcome.progress {
            case .confirmed:
                // It is true whoever has the lane now.
                try change.tx.save(outcome)
                // What the service itself wrote down may have been read after the end.
                try change.closeBatches(of: outcome.grant)
                change.emit(.access(.removalConfirmed(outcome)))
            case .failed, .pending:
                guard try claim.stands(in: change.tx) else { return }
                try change.tx.save(outcome)
                // The log says it when it begins, and once more when it is over; not with each of
                // a thousand attempts.
                if outcome.progress == .failed, stored?.progress != .failed {
                    change.emit(.access(.removalFailed(outcome)))
                }
            }
        }
    }
}

extension OrderShare {
    /// Both processes settle at the same time, so that each has a lease of its own.
    fileprivate var ordersLane: String {
        switch self {
        case .all, .butOfGateways: "orders"
        case .ofGateways: "orders of gateways"
        }
    }
}
