import Crypto
import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import Synchronization

/// Answers "is this credential good now, and for what?" from memory.
///
/// Entries carry absolute ends, so expiry needs no message. A write of this process is in the index
/// before its caller hears of it (`committed`); writes of other processes come through `refresh`.
/// An answer rests on memory only while the last refresh is younger than `freshness`; after that
/// the store is asked, and if it cannot answer, nobody gets in.
package final class DecisionIndex: CommitListener {
    /// The published bound on how old an answer may be.
    package static let freshness = TimeSpan.seconds(1)

    private struct State {
        var live: [[UInt8]: Credential] = [:]
        var refreshedAt: Timestamp?
        /// Grows with each change, so that a slow reload does not put back what ended meanwhile.
        var generation = 0
    }

    private let store: any Store
    private let clock: any WallClock
    private let state = Mutex(State())

    package init(store: any Store, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// The credential with this secret if it gives access now; nil if it does not, whatever the
    /// reason.
    package func active(_ secret: String, now: Timestamp) async throws -> Credential? {
        let hash = Array(SHA256.hash(data: Array(secret.utf8)))
        let (known, refreshedAt) = state.withLock { ($0.live[hash], $0.refreshedAt) }
        if let refreshedAt, now <= refreshedAt + Self.freshness {
            guard let known, known.issuedAt <= now, now < known.expiresAt else { return nil }
            return known
        }
        return try await store.read(.endingAccess) { tx in
            guard let credential = try tx.credential(secretHash: hash), credential.revokedAt == nil,
                credential.issuedAt <= now, now < credential.expiresAt,
                let request = try tx.request(credential.request),
                case .active(let grant) = request.seen(at: now).state,
                grant.id == credential.grant
            else { return nil }
            return credential
        }
    }

    /// How many credentials it holds.
    package var count: Int { state.withLock { $0.live.count } }

    /// Reads everything anew. Call when another process may have written, and at least every
    /// `freshness`.
    package func refresh(reload: Bool) async throws {
        let now = clock.now()
        guard reload || state.withLock({ $0.refreshedAt == nil }) else {
            state.withLock { state in
                state.refreshedAt = now
                state.live = state.live.filter { now < $0.value.expiresAt }
            }
            return
        }
        while true {
            let before = state.withLock { $0.generation }
            let live = try await store.read(.endingAccess) { tx in
                try tx.liveCredentials(at: now)
            }
            let byHash = try Dictionary(
                live.map { ($0.secretHash, $0.credential) },
                uniquingKeysWith: { _, _ in
                    throw StoreError.corrupt("two live credentials have one secret")
                }
            )
            let done = state.withLock { state in
                guard state.generation == before else { return false }
                state.live = byHash
                state.refreshedAt = now
                return true
            }
            if done { return }
        }
    }

    /// Until a reload succeeds, the store is asked: a grant may have ended without our hearing of
    /// it.
    package func outcomeUnknown() async {
        state.withLock { state in
            state.generation += 1
            state.refreshedAt = nil
        }
    }

    package func committed(_ events: [Event]) async {
        var ended: Set<GrantID> = []
        var issued = false
        for event in events {
            switch event {
            case .access(.grantEnded(_, let grant, _)): ended.insert(grant.id)
            case .access(.credentialIssued): issued = true
            case .access(.grantOpened), .access(.grantStarted), .access(.resourceOpened),
                .access(.removalConfirmed), .access(.removalFailed),
                .request, .directory, .signIn:
                break
            }
        }
        guard issued || !ended.isEmpty else { return }
        state.withLock { state in
            state.generation += 1
            if !ended.isEmpty { state.live = state.live.filter { !ended.contains($0.value.grant) } }
        }
        guard issued else { return }
        do {
            try await refresh(reload: true)
        } catch {
            // Memory no longer knows everything: until a refresh succeeds, the store is asked.
            state.withLock { $0.refreshedAt = nil }
        }
    }
}
