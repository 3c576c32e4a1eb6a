package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import Logging

/// The first stage of the orders to services: cuts what is open, for all orders of one service that
/// are due together, whatever else is settling.
///
/// It needs no lease and no write before it acts. That an order was cut is written down after, so
/// that no other process cuts it too; a crash before that has it cut once more.
package struct CutJob: Job {
    package let lane = Lane(
        .cut,
        parallel: 4000,
        parallelAtOnePlace: 1000,
        batch: 200,
        seen: 2000
    )

    private let store: AuditedStore
    private let own: OwnOrders
    private let enforcers: any EnforcerDirectory
    private let first: FirstActions
    /// Wakes the lane that does the rest.
    private let done: @Sendable () -> Void
    private let logger: Logger

    package init(
        store: AuditedStore,
        own: OwnOrders = .all,
        enforcers: any EnforcerDirectory,
        first: FirstActions,
        logger: Logger,
        done: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.own = own
        self.enforcers = enforcers
        self.first = first
        self.logger = logger
        self.done = done
    }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws
        -> [Removal]
    {
        try tx.removalsToCut(at: now, of: own.services(in: tx), limit: limit)
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        try tx.nextRemovalAttempt(of: own.services(in: tx))
    }

    package func ready(_ due: [Removal]) -> [Removal] { first.ready(due, limit: lane.seen) }

    package func key(of removal: Removal) -> WorkKey { removal.workKey }

    package func carryOut(_ orders: [Removal], under claim: Claim) async throws {
        guard let service = orders.first?.service else { return }
        var cut = orders.filter(first.isCut)
        let uncut = orders.filter { !cut.contains($0) }
        do {
            if !uncut.isEmpty, let enforcer = try await enforcers.enforcer(of: service) {
                try await enforcer.cut(uncut)
                cut = orders
            }
        } catch {
            // The second stage tries it all again, and records why it cannot be done.
            logger.error(
                "access could not be cut at once",
                metadata: [
                    "service": "\(service)", "orders": "\(uncut.count)",
                    "cause": "\(error.operatorText)",
                ]
            )
        }
        first.tried(orders)
        done()
        guard !cut.isEmpty else { return }
        try await store.note(for: .ending) { [cut] tx, now in try tx.markCut(cut, at: now) }
        // What is written down is forgotten as tried; a look that began before that saw neither, and
        // would leave the order for the next one.
        done()
    }
}

extension Removal {
    /// A service that hangs holds up no other.
    var workKey: WorkKey { WorkKey(place: service.text, item: grant.text) }
}
