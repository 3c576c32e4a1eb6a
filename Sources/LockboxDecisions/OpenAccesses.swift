package import LockboxDomain

/// Access that is over and whose end is not written down, with what it may have open.
package struct UnrecordedEnd: Hashable, Sendable {
    package let grant: GrantID
    /// When it ended.
    package let at: Timestamp
    /// Whether the log does not grant what its row says; the end is written down once somebody ends it.
    package let isRefused: Bool
    /// One for each service at which somebody may be connected. They are in no store.
    package let orders: [Removal]
}

/// What may be open at services, by grant, and in the order in which time ends it. A grant without
/// a credential has nothing open.
struct OpenAccesses: Sendable {
    private var grants: [GrantID: [Credential]] = [:]
    /// The earliest end first. Grants that are gone stay in it until their end comes.
    private var byEnd: [(end: Timestamp, grant: GrantID)] = []

    init() {}

    init(_ credentials: [Credential]) {
        grants = Dictionary(grouping: credentials, by: \.grant)
        byEnd = grants.compactMap { grant, credentials in
            credentials.map(\.expiresAt).min().map { ($0, grant) }
        }.sorted { $0.end < $1.end }
    }

    mutating func add(_ credential: Credential) {
        if grants[credential.grant] == nil {
            let position = position(of: credential.expiresAt)
            byEnd.insert((credential.expiresAt, credential.grant), at: position)
        }
        let known = grants[credential.grant, default: []]
        if !known.contains(where: { $0.id == credential.id }) {
            grants[credential.grant] = known + [credential]
        }
    }

    func contains(_ credential: Credential) -> Bool {
        grants[credential.grant]?.contains { $0.id == credential.id } ?? false
    }

    mutating func remove(_ grant: GrantID) {
        grants[grant] = nil
        if byEnd.first?.grant == grant {
            byEnd.removeFirst(byEnd.prefix { grants[$0.grant] == nil }.count)
        }
    }

    /// Those whose time is over at `now`, and when it was.
    func over(at now: Timestamp) -> [(grant: GrantID, end: Timestamp)] {
        byEnd.prefix { $0.end <= now }.filter { grants[$0.grant] != nil }.map { ($0.grant, $0.end) }
    }

    /// The first end after `now`.
    func nextEnd(after now: Timestamp) -> Timestamp? {
        let position = position(of: now)
        return position < byEnd.count ? byEnd[position].end : nil
    }

    /// What has to be cut when access under `grant` is over since `end`.
    func orders(of grant: GrantID, endedAt end: Timestamp) -> [Removal] {
        let credentials = grants[grant, default: []]
        return Dictionary(grouping: credentials, by: \.resource.service).values.compactMap {
            group in
            group.first.map { first in
                Removal(
                    tenant: first.tenant,
                    request: first.request,
                    grant: grant,
                    service: first.resource.service,
                    usernames: Set(group.map(\.username)).sorted(),
                    nextAttempt: end
                )
            }
        }
    }

    /// Behind all that end at `instant` or before.
    private func position(of instant: Timestamp) -> Int {
        var (low, high) = (0, byEnd.count)
        while low < high {
            let middle = low + (high - low) / 2
            if byEnd[middle].end <= instant { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
