import LockboxAudit
package import LockboxDomain
import LockboxPorts
import Synchronization

/// Uses of credentials that are counted in memory and written down a moment later, so that a service
/// that asks again and again does not wait for the disk each time.
///
/// The first use of a credential is an audit record and is never counted here: only what follows one
/// that is durable, and only until this process hears that the access has ended. A crash loses the
/// counts of the last `bound`, no record.
package final class UseCounts: CommitListener {
    /// How long a use may wait to be written. Where one has waited longer, nothing is counted and each
    /// use is written before it is answered.
    package static let bound = TimeSpan.seconds(1)
    /// Milliseconds between two writes.
    package static let interval: Int64 = 250
    /// Credentials whose counts go into one write.
    private static let mostInOneWrite = 500

    struct Count: Sendable {
        let count: Int
        let first: Timestamp
        let last: Timestamp

        func adding(_ other: Count) -> Count {
            Count(
                count: count + other.count,
                first: min(first, other.first),
                last: max(last, other.last)
            )
        }
    }

    private struct State {
        /// Credentials of which a use is on record, with their grants.
        var known: [CredentialID: GrantID] = [:]
        var waiting: [CredentialID: Count] = [:]
        /// What is being written.
        var beingWritten: [CredentialID: Count] = [:]
        /// When the first use of those that wait, and of those being written, was.
        var oldest: Timestamp?
        var oldestBeingWritten: Timestamp?
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts a use of `credential`; false where it must be written at once.
    func add(_ credential: Credential, at now: Timestamp) -> Bool {
        state.withLock { state in
            guard state.known[credential.id] == credential.grant else { return false }
            for oldest in [state.oldest, state.oldestBeingWritten] {
                if let oldest, now > oldest + Self.bound { return false }
            }
            let use = Count(count: 1, first: now, last: now)
            state.waiting[credential.id] = state.waiting[credential.id]?.adding(use) ?? use
            state.oldest = state.oldest ?? now
            return true
        }
    }

    /// A use of `credential` is durable.
    func isRecorded(_ credential: Credential) {
        state.withLock { $0.known[credential.id] = credential.grant }
    }

    /// What is to be written next, until `end(written:)`; nil where there is nothing, or a write is
    /// under way.
    func begin() -> [CredentialID: Count]? {
        state.withLock { state in
            guard state.beingWritten.isEmpty, !state.waiting.isEmpty else { return nil }
            if state.waiting.count <= Self.mostInOneWrite {
                (state.beingWritten, state.waiting) = (state.waiting, [:])
            } else {
                for (credential, count) in state.waiting.prefix(Self.mostInOneWrite) {
                    state.beingWritten[credential] = count
                    state.waiting[credential] = nil
                }
            }
            state.oldestBeingWritten = state.beingWritten.values.map(\.first).min()
            state.oldest = state.waiting.values.map(\.first).min()
            return state.beingWritten
        }
    }

    /// The write is over; what was not written waits again.
    func end(written: Bool) {
        state.withLock { state in
            if !written {
                state.waiting.merge(state.beingWritten) { $0.adding($1) }
                state.oldest = state.waiting.values.map(\.first).min()
            }
            state.beingWritten = [:]
            state.oldestBeingWritten = nil
        }
    }

    /// Nothing is known any more: each next use is written, and looks whether the access has ended.
    package func forget() { state.withLock { $0.known = [:] } }

    // MARK: - CommitListener

    package func committed(_ events: [Event]) async {
        for case .access(.grantEnded(_, let grant, _, _)) in events {
            state.withLock { state in
                state.known = state.known.filter { $0.value != grant.id }
            }
        }
    }

    package func outcomeUnknown() async { forget() }
}
