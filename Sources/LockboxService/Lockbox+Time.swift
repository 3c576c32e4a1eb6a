import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// How many requests one write advances, so that a backlog after a long stop does not hold up
    /// people.
    private static let batch = 100

    /// Records what time alone has done: undecided requests expire, scheduled access starts, access
    /// ends. Nobody's rights depend on it having run. Returns the next instant at which there is
    /// something to do.
    package func expireDue() async throws -> Timestamp? {
        await writeUsesBeforeAnEnd()
        while true {
            let done = try await store.write(by: .system, for: .ending) { change in
                let due = try change.tx.requestsDue(at: change.now, limit: Self.batch)
                for stored in due {
                    var request = stored
                    try change.advance(&request)
                }
                return due.count
            }
            if done < Self.batch { break }
        }
        try await carryOutDueChanges()
        return try await store.read(.endingAccess) { tx, _ in
            [
                try tx.nextRequestDeadline(), try tx.nextSignInChange(), try tx.nextPolicyChange(),
            ].compactMap { $0 }.min()
        }
    }

    /// In a write of its own, and only where there is something: ending access waits for nothing else.
    private func carryOutDueChanges() async throws {
        let isDue = try await store.read(.endingAccess) { tx, now in
            try !tx.signInChangesDue(at: now, limit: 1).isEmpty
                || !tx.policyChangesDue(at: now, limit: 1).isEmpty
        }
        guard isDue else { return }
        try await store.write(by: .system) { change in
            for due in try change.tx.signInChangesDue(at: change.now, limit: Self.batch) {
                try change.carryOut(due)
            }
            // A crash before the commit leaves them waiting, and the next look finds them due.
            for due in try change.tx.policyChangesDue(at: change.now, limit: Self.batch) {
                _ = try change.carryOut(due, by: nil)
            }
        }
    }
}
