import Crypto
package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import Synchronization

/// Answers "is this credential good now, and for what?" from memory, and "who may do what now?"
/// besides.
///
/// Entries carry absolute ends, so expiry needs no message. A write of this process is in the index
/// before its caller hears of it (`committed`); writes of other processes come through `refresh`.
/// An answer rests on memory only while the last refresh is younger than `freshness`; after that
/// the store is asked, and if it cannot answer, nobody gets in.
///
/// It also knows what must be cut when access ends, whether or not the end can be written down
/// (`DecisionIndex+Ends.swift`).
package final class DecisionIndex: CommitListener {
    /// The published bound on how old an answer may be.
    package static let freshness = TimeSpan.seconds(1)

    struct State {
        /// What is not revoked, by the hash of the secret.
        var credentials: [[UInt8]: Credential] = [:] { didSet { version += 1 } }
        var open = OpenAccesses()
        /// What the log was found to grant, as it was then: a row that says something else since is
        /// looked at anew.
        var grants = OpenGrants() { didSet { version += 1 } }
        /// Ends that hold and are not written down.
        var ends: [GrantID: ImmediateEnd] = [:] { didSet { version += 1 } }
        /// Grants that ended early, until their credentials are over anyhow: an answer that was
        /// being prepared meanwhile must not name them.
        var endedEarly: [GrantID: Timestamp] = [:] { didSet { version += 1 } }
        /// Rows that the log does not grant: nothing is open by them, and what was is cut.
        var refused: [GrantID: RefusedGrant] = [:] { didSet { version += 1 } }
        /// Grows whenever anything may have changed that an answer rests on.
        private(set) var version = 0
        var refreshedAt: Timestamp? {
            didSet { lastKnown = refreshedAt ?? lastKnown }
        }
        /// When memory was last known to be right; stays when it is in doubt.
        var lastKnown: Timestamp?
        /// Grows with each change, so that a slow reload does not put back what ended meanwhile.
        var generation = 0
        /// Grows with each reload, so that what was read before one is not put beside it.
        var reloads = 0

        /// Whether nothing is open under `grant` any more, whatever its row says.
        func isOver(_ grant: GrantID) -> Bool {
            ends[grant] != nil || endedEarly[grant] != nil || refused[grant] != nil
        }
    }

    private let store: any Store
    private let logs: ReadLogs
    let clock: any WallClock
    let endAsked: @Sendable () -> Void
    private let refused: @Sendable (OpenGrant) -> Void
    let state = Mutex(State())

    /// `endAsked` is called when there may be something to cut before an end is written down;
    /// `refused` whenever a row of a grant is read that the log does not grant. `logs` is shared with
    /// who else reads them in this process.
    package init(
        store: any Store,
        logs: ReadLogs = ReadLogs(),
        clock: any WallClock,
        endAsked: @escaping @Sendable () -> Void = {},
        refused: @escaping @Sendable (OpenGrant) -> Void = { _ in }
    ) {
        self.store = store
        self.logs = logs
        self.clock = clock
        self.endAsked = endAsked
        self.refused = refused
    }

    /// The credential with this secret if it gives access now; nil if it does not, whatever the
    /// reason. A store that is slow to answer lets nobody in after the end.
    package func active(_ secret: String, now: Timestamp) async throws -> Credential? {
        try await active(secretHash: Self.hash(secret), now: now)
    }

    static func hash(_ secret: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(secret.utf8)))
    }

    /// The same of a secret of which the hash is known.
    func active(secretHash hash: [UInt8], now: Timestamp) async throws -> Credential? {
        let (credential, refreshedAt, known) = state.withLock {
            ($0.credentials[hash], $0.refreshedAt, $0.grants.byID)
        }
        if isFresh(refreshedAt, at: now) {
            return credential.flatMap { isGood($0, at: now) ? $0 : nil }
        }
        let stored = try await store.read(.endingAccess) { [logs] tx -> Credential? in
            guard let credential = try tx.credential(secretHash: hash), credential.revokedAt == nil,
                let request = try tx.request(credential.request),
                case .active(let grant) = request.seen(at: now).state,
                grant.id == credential.grant, let open = OpenGrant(request),
                credential.isUnder(open)
            else { return nil }
            var reading = GrantReading(known, logs, in: tx)
            return try reading.grants(open) ? credential : nil
        }
        return stored.flatMap { isGood($0, at: max(now, clock.now())) ? $0 : nil }
    }

    /// Whether memory that was refreshed then answers by itself.
    private func isFresh(_ refreshedAt: Timestamp?, at now: Timestamp) -> Bool {
        guard let refreshedAt else { return false }
        return now <= refreshedAt + Self.freshness
    }

    /// The grants of `holder` that give access now. A store that is slow to answer adds nothing
    /// after their end.
    package func grants(of holder: GrantHolder, now: Timestamp) async throws -> [OpenGrant] {
        let (remembered, refreshedAt, known) = state.withLock {
            ($0.grants.grants(of: holder), $0.refreshedAt, $0.grants.byID)
        }
        if isFresh(refreshedAt, at: now) { return good(remembered, at: now) }
        let stored = try await store.read(.endingAccess) { [logs] tx in
            var reading = GrantReading(known, logs, in: tx)
            return try tx.openGrants().filter(holder.has).filter { try reading.grants($0) }
        }
        return good(stored, at: max(now, clock.now()))
    }

    private func good(_ grants: [OpenGrant], at now: Timestamp) -> [OpenGrant] {
        state.withLock { state in
            grants.filter { open in
                open.grant.covers(now) && !state.isOver(open.grant.id)
            }
        }
    }

    /// Whether what `active` gave still gives access at this moment, as far as this process knows.
    /// To be asked right before somebody is told yes: writing the use down may have taken long.
    package func isStillGood(_ credential: Credential) -> Bool {
        isGood(credential, at: clock.now())
    }

    /// Whether what began under `credential` at `began` may go on, by memory alone: its access is
    /// not over, and what is remembered is younger than `bound`.
    package func mayGoOn(
        _ credential: Credential,
        since began: Timestamp,
        at now: Timestamp,
        bound: TimeSpan
    ) -> Bool {
        guard isGood(credential, at: now) else { return false }
        return state.withLock { state in
            guard let lastKnown = state.lastKnown, now <= lastKnown + bound else { return false }
            // What another process issued may have been let in before it was read here.
            return state.open.contains(credential) || lastKnown <= began + Self.freshness
        }
    }

    private func isGood(_ credential: Credential, at now: Timestamp) -> Bool {
        credential.covers(now)
            && state.withLock { !$0.isOver(credential.grant) }
    }

    /// A number that is another one once memory may answer anything otherwise than before.
    package var version: Int { state.withLock { $0.version } }

    /// Whether memory answers by itself at `now` and says what it said at `version`, time apart.
    package func isUnchanged(since version: Int, at now: Timestamp) -> Bool {
        let (present, refreshedAt) = state.withLock { ($0.version, $0.refreshedAt) }
        return present == version && isFresh(refreshedAt, at: now)
    }

    /// How many credentials give access now.
    package var count: Int {
        let now = clock.now()
        return state.withLock { state in
            state.credentials.values.count {
                now < $0.expiresAt && state.ends[$0.grant] == nil
            }
        }
    }

    /// Reads everything anew. Call when another process may have written, and at least every
    /// `freshness`.
    package func refresh(reload: Bool) async throws {
        let now = clock.now()
        let isKnown = state.withLock { state in
            guard !reload, state.refreshedAt != nil else { return false }
            state.refreshedAt = now
            if state.endedEarly.contains(where: { $0.value <= now }) {
                state.endedEarly = state.endedEarly.filter { now < $0.value }
            }
            return true
        }
        if isKnown { return }
        try await readAhead()
        while true {
            let (before, known) = state.withLock { ($0.generation, $0.grants.byID) }
            // What is over and not revoked has an end that is not written down yet.
            let (live, granted, others) = try await store.read(.endingAccess) { [logs] tx in
                var reading = GrantReading(known, logs, in: tx)
                let open = try tx.openGrants()
                let granted = try open.filter { try reading.grants($0) }
                let found = Dictionary(granted.map { ($0.grant.id, $0) }) { first, _ in first }
                let others = try open.filter { row in
                    try found[row.grant.id] != row && !reading.endedSince(row)
                }
                return (try tx.liveCredentials(at: .earliest), found, others)
            }
            let byHash = try Dictionary(
                live.filter { one in
                    granted[one.credential.grant].map { one.credential.isUnder($0) } ?? false
                }.map { ($0.secretHash, $0.credential) },
                uniquingKeysWith: { _, _ in
                    throw StoreError.corrupt("two live credentials have one secret")
                }
            )
            let open = OpenAccesses(live.map(\.credential))
            let done = state.withLock { state in
                guard state.generation == before else { return false }
                state.credentials = byHash
                state.open = open
                state.grants = OpenGrants(Array(granted.values))
                // What was found good before says whom to cut, and not the row.
                let closed = others.map { row in
                    let id = row.grant.id
                    return state.refused[id]
                        ?? RefusedGrant(terms: known[id] ?? row, since: now)
                }
                state.refused = Dictionary(closed.map { ($0.terms.grant.id, $0) }) { one, _ in one }
                state.refreshedAt = now
                state.reloads += 1
                return true
            }
            guard done else { continue }
            for other in others { refused(other) }
            if !others.isEmpty { endAsked() }
            return
        }
    }

    /// Reads long logs of tenants with open access before the view that rests on them.
    private func readAhead() async throws {
        let tenants = try await store.read(.endingAccess) { [logs] tx in
            try tx.tenantsWithOpenGrants().filter { try logs.isFarBehind($0, in: tx) }
        }
        try await logs.readAhead(tenants, in: store)
    }

    /// Reads the secrets' hashes of credentials that were issued just now, and what the grants are
    /// that were opened.
    private func learn(_ issued: [Credential], _ opened: [AccessRequestID]) async throws {
        while true {
            let (before, known) = state.withLock { ($0.reloads, $0.grants.byID) }
            let (live, grants) = try await store.read(.endingAccess) { [logs] tx in
                var reading = GrantReading(known, logs, in: tx)
                func granted(_ id: AccessRequestID) throws -> OpenGrant? {
                    guard let open = try tx.request(id).flatMap(OpenGrant.init),
                        try reading.grants(open)
                    else { return nil }
                    return open
                }
                let live = try issued.compactMap { try tx.liveCredential($0.id) }.filter {
                    try granted($0.credential.request).map($0.credential.isUnder) ?? false
                }
                return (live, try opened.compactMap(granted))
            }
            let done = state.withLock { state in
                // A reload meanwhile may know of an end, by another process, that our view did not.
                guard state.reloads == before else { return false }
                // And a reload that began before must not take them out again.
                state.generation += 1
                for (hash, credential) in live where state.endedEarly[credential.grant] == nil {
                    state.credentials[hash] = credential
                }
                for open in grants where state.endedEarly[open.grant.id] == nil {
                    state.grants.add(open)
                }
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
        var ended: [GrantID: Timestamp] = [:]
        var issued: [Credential] = []
        var opened: [AccessRequestID] = []
        for event in events {
            switch event {
            case .access(.grantEnded(_, let grant, _, _)): ended[grant.id] = grant.end
            case .access(.credentialIssued(let credential)): issued.append(credential)
            case .access(.grantOpened(let request, _)): opened.append(request.id)
            case .access(.grantStarted), .access(.resourceOpened), .access(.operationsRecorded),
                .access(.removalConfirmed), .access(.removalFailed), .access(.unknownFound),
                .request, .directory, .signIn, .provisioning, .log:
                break
            }
        }
        guard !issued.isEmpty || !ended.isEmpty || !opened.isEmpty else { return }
        state.withLock { state in
            state.generation += 1
            // Its secret is read below; what to cut at its end is known from here on.
            for credential in issued { state.open.add(credential) }
            guard !ended.isEmpty else { return }
            state.credentials = state.credentials.filter { ended[$0.value.grant] == nil }
            state.endedEarly.merge(ended) { first, _ in first }
            for grant in ended.keys {
                state.open.remove(grant)
                state.grants.remove(grant)
                state.ends[grant] = nil
                state.refused[grant] = nil
            }
        }
        guard !issued.isEmpty || !opened.isEmpty else { return }
        do {
            try await learn(issued, opened)
        } catch {
            // Memory no longer knows everything: until a refresh succeeds, the store is asked.
            state.withLock { $0.refreshedAt = nil }
        }
    }
}
