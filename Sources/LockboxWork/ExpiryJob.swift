package import LockboxDomain
package import LockboxPorts
package import LockboxService

/// Records what time alone has done: undecided requests expire, scheduled access starts, access
/// ends, and another way to sign in or looser rules that waited become so.
///
/// It needs no lease. The write looks again at what is due, so of two processes that come at once
/// the second finds nothing left to record; and ending access waits for no other process.
package struct ExpiryJob: Job {
    /// One write takes as many requests as it may; so one look needs to see only whether there are
    /// any.
    package let lane = Lane(.expiry, parallel: 1, seen: 1)

    private let lockbox: Lockbox

    package init(lockbox: Lockbox) { self.lockbox = lockbox }

    /// That there is something.
    package struct Due: Sendable {}

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws -> [Due] {
        let requests = try tx.requestsDue(at: now, limit: limit)
        return try requests.map { _ in Due() }
            + (requests.isEmpty
                ? tx.signInChangesDue(at: now, limit: limit).map { _ in Due() }
                    + tx.policyChangesDue(at: now, limit: limit).map { _ in Due() } : [])
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        [try tx.nextRequestDeadline(), try tx.nextSignInChange(), try tx.nextPolicyChange()]
            .compactMap { $0 }.min()
    }

    package func key(of due: Due) -> WorkKey { WorkKey(item: "what is due") }

    package func carryOut(_ due: [Due], under claim: Claim) async throws {
        _ = try await lockbox.expireDue()
    }
}
