import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// How many batches one write closes.
    private static let batches = 16

    /// Records that `operation` is done with `credential`, which was presented and accepted. Nothing
    /// may go on, neither to the service nor from it, before this returns: then it is durable. False,
    /// and nothing recorded, if the access has ended meanwhile.
    package func recordOperation(_ operation: ServiceOperation, of credential: Credential)
        async throws
        -> Bool
    {
        try await operations.record(operation, of: credential.id) { group in
            try await use(credential, for: group.close)
        }
    }

    /// Makes records of the log of what has waited for long enough.
    package func closeOldBatches() async throws {
        while true {
            let closed = try await store.write(by: .system) { change in
                let old = try change.tx.openBatches(
                    since: change.now - Limits.batchAge,
                    limit: Self.batches
                )
                for batch in old { try change.closeBatch(batch) }
                return old.count
            }
            if closed < Self.batches { return }
        }
    }
}
