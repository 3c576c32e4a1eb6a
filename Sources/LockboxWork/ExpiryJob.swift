package import LockboxDomain
package import LockboxPorts
package import LockboxService

/// Records what time alone has done: undecided requests expire, scheduled access starts, access
/// ends.
///
/// It needs no lease. The write looks again at what is due, so of two processes that come at once
/// the second finds nothing left to record; and ending access waits for no other process.
package struct ExpiryJob: Job {
    /// One write takes as many requests as it may; so one look needs to see only whether there are
    /// any.
    package let lane = Lane(.expiry, parallel: 1, seen: 1)

    private let lockbox: Lockbox

    package init(lockbox: Lockbox) { self.lockbox = lockbox }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws
        -> [AccessRequest]
    {
        try tx.requestsDue(at: now, limit: limit)
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        try tx.nextRequestDeadline()
    }

    package func key(of request: AccessRequest) -> WorkKey { WorkKey(item: "what is due") }

    package func carryOut(_ requests: [AccessRequest], under claim: Claim) async throws {
        _ = try await lockbox.expireDue()
    }
}
