package import LockboxDomain
package import LockboxPorts
package import LockboxService

/// Makes records of the log of operations that have waited for long enough.
///
/// It needs no lease, for the same reason as `ExpiryJob`: the write looks again at what is due.
package struct OperationsJob: Job {
    package let lane = Lane(.operations, parallel: 1, seen: 1)

    private let lockbox: Lockbox

    package init(lockbox: Lockbox) { self.lockbox = lockbox }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws
        -> [OpenBatch]
    {
        try tx.openBatches(since: now - Limits.batchAge, limit: limit)
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        try tx.oldestOpenBatch().map { $0 + Limits.batchAge }
    }

    package func key(of batch: OpenBatch) -> WorkKey { WorkKey(item: "what is due") }

    package func carryOut(_ batches: [OpenBatch], under claim: Claim) async throws {
        try await lockbox.closeOldBatches()
    }
}
