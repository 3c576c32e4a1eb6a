import LockboxApprovals
package import LockboxDomain
package import LockboxPorts
import MerkleLog
import Synchronization

/// More of a tenant's log is unread than is read while others wait: it is to be read ahead.
struct LogIsUnread: Error {
    let tenant: TenantID
}

/// What was read of tenants' logs, from their first record on: a log is gone through once, and after
/// that only what was appended to it.
package final class ReadLogs: Sendable {
    /// One tenant's. Whoever needs it waits for whoever is reading it, and for no other tenant's.
    final class One: Sendable {
        let state: Mutex<LogReading>
        /// What is being read ahead, by all who want it: nobody rests on it before it is at the head.
        private let draft = Mutex<LogReading?>(nil)

        init(_ tenant: TenantID) { state = Mutex(LogReading(tenant)) }

        /// Reads a slice; true where nothing is left.
        fileprivate func readAhead(in tx: any StoreTransaction) throws -> Bool {
            let known = state.withLock { $0 }
            return try draft.withLock { draft in
                var reading = draft ?? known
                draft = nil
                if reading.size < known.size { reading = known }
                _ = try reading.goOn(in: tx, atMost: ReadLogs.slice)
                guard try reading.unread(in: tx) == 0 else {
                    draft = reading
                    return false
                }
                state.withLock { known in
                    if known.size <= reading.size { known = reading }
                }
                return true
            }
        }
    }

    /// Records that are read in one view.
    private static let slice: UInt64 = 2000
    /// Records that are read while others wait: within a write, and in a view that says whether access
    /// is good.
    static let tail: UInt64 = 500
    /// Logs that are read side by side.
    private static let width = 2

    private let logs = Mutex<[TenantID: One]>([:])

    package init() {}

    /// Reads the logs of `tenants`, a slice at a time, each in a view of its own: no view is held for
    /// long, and nobody waits. What is left to read then is what was appended meanwhile.
    package func readAhead(_ tenants: some Sequence<TenantID>, in store: any Store) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, tenant) in tenants.enumerated() {
                if place >= Self.width { try await group.next() }
                let log = log(of: tenant)
                group.addTask {
                    while try await !store.read(.bulk, { try log.readAhead(in: $0) }) {}
                }
            }
            try await group.waitForAll()
        }
    }

    /// Whether more of the log of `tenant` is unread than is read while others wait.
    package func isFarBehind(_ tenant: TenantID, in tx: any StoreTransaction) throws -> Bool {
        try log(of: tenant).state.withLock { try $0.unread(in: tx) } > Self.tail
    }

    func log(of tenant: TenantID) -> One {
        logs.withLock { logs in
            if let known = logs[tenant] { return known }
            let one = One(tenant)
            logs[tenant] = one
            return one
        }
    }
}

/// What the records of one tenant's log say of keys, rules and access, read from their bytes in order.
///
/// No column chooses what is read: a record that was taken out leaves a gap, one whose bytes were changed
/// does not lead to the tree's hashes, and then the log says nothing any more. That these hashes are
/// those that were signed is looked at when the server starts (`LogContinuity`).
struct LogReading: Sendable {
    private static let batch: UInt64 = 1000

    private let log: LogID
    private var range = CompactRange()
    private var approvals: ApprovalCheck
    /// What was granted in order and is not over, by request.
    private var open: [String: GrantTerms] = [:]
    /// Requests of which a record has other columns or texts than its bytes say.
    private var spoilt: Set<String> = []
    private var isBroken = false

    init(_ tenant: TenantID) {
        log = .tenant(tenant)
        approvals = ApprovalCheck(tenant: tenant.text)
    }

    /// All that was said of keys, rules and approvals; nil where the log is not what it was.
    var check: ApprovalCheck? { isBroken ? nil : approvals }

    func isOpen(_ request: AccessRequestID) -> Bool { !isBroken && open[request.text] != nil }

    func grants(_ grant: OpenGrant) -> Bool {
        !isBroken && open[grant.request.text] == GrantTerms(grant)
    }

    func isOver(_ request: AccessRequestID) -> Bool { approvals.isOver(request.text) }

    /// How many records were read.
    var size: UInt64 { range.size }

    /// How many of the view's records were not read.
    func unread(in tx: any StoreTransaction) throws -> UInt64 {
        let head = try tx.head(of: log)
        return isBroken || head.size < range.size ? 0 : head.size - range.size
    }

    /// Reads what was appended since, `limit` records of it at the most: nothing can be said before all
    /// are read. True where the view is of before, and knows less than was read already: what is over
    /// stays so.
    mutating func goOn(in tx: any StoreTransaction, atMost limit: UInt64 = .max) throws -> Bool {
        let head = try tx.head(of: log)
        guard !isBroken, range.size < head.size else { return head.size < range.size }
        let last = limit < head.size - range.size ? range.size + limit : head.size
        while range.size < last {
            let end = min(last, range.size + Self.batch)
            let entries = try tx.entries(of: log, in: range.size..<end)
            guard UInt64(entries.count) == end - range.size else {
                isBroken = true
                return false
            }
            for entry in entries where try !read(entry, in: tx) {
                isBroken = true
                return false
            }
        }
        isBroken = last == head.size && range.hashes != head.range
        return false
    }

    /// False where the record is not the one that was hashed.
    private mutating func read(_ entry: LogEntry, in tx: any StoreTransaction) throws -> Bool {
        let hash = Hash.leaf(entry.bytes)
        guard entry.index == range.size, entry.hash == hash else { return false }
        var tiles: [(subtree: Subtree, hash: Hash)] = []
        range.append(hash) { subtree, hash in
            if subtree.level > 0 && subtree.level % 8 == 0 { tiles.append((subtree, hash)) }
        }
        for (subtree, hash) in tiles {
            let level = subtree.level / 8
            let kept = try tx.treeHashes(of: log, level: level, first: subtree.index, count: 1)
            guard kept == [hash] else { return false }
        }
        guard let activity = CanonicalSlice.member("activity", of: entry.bytes) else {
            return false
        }
        let name = String(decoding: activity.dropFirst().dropLast(), as: UTF8.self)
        guard ApprovalCheck.concerns(name) else { return true }
        return read(LogRecordCheck(entry, log: log.logName, hash: hash))
    }

    private mutating func read(_ record: LogRecordCheck) -> Bool {
        guard let leaf = record.leaf else { return false }
        if !record.differences.isEmpty {
            // Keys and rules are of all requests.
            guard let request = leaf.request else { return false }
            spoilt.insert(request)
        }
        let told = LogRecordCheck.Told(leaf: leaf, texts: record.texts)
        let findings = approvals.read(told.approvalRecord)
        guard let request = leaf.request else { return true }
        if spoilt.contains(request) || ApprovalCheck.ends(leaf.activity) {
            open[request] = nil
        } else if leaf.activity == "access.granted" {
            open[request] =
                findings.isEmpty
                ? GrantTerms(told, engineer: approvals.engineer(of: request)) : nil
        }
        return true
    }
}

/// What access gives, as a record and a row say it: a hash of it, for there is one of each grant that is
/// open.
private struct GrantTerms: Hashable, Sendable {
    private let hash: Hash

    init(_ open: OpenGrant) {
        self.init(
            [
                open.grant.id.text, open.engineer.text, open.grant.basis.rawValue,
                open.grant.start.description, open.grant.end.description,
            ],
            open.grant.scope.accesses.map { access in
                Self.part(
                    access.resource.service.text,
                    access.resource.name,
                    access.actions.names
                )
            }
        )
    }

    /// Nil where a part is missing. A name that was erased says nothing, and so not this.
    init?(_ told: LogRecordCheck.Told, engineer: String?) {
        guard let engineer, let grant = told.data["grant"]?.text,
            let basis = told.data["basis"]?.text, let start = told.data["start"]?.text,
            let end = told.data["end"]?.text, let items = told.data["resources"]?.items
        else { return nil }
        var parts: [CanonicalJSON] = []
        for (place, item) in items.enumerated() {
            guard let service = item.members?["service"]?.text,
                let actions = item.members?["actions"]?.texts,
                let name = told.text("resource\(place)")
            else { return nil }
            parts.append(Self.part(service, name, actions))
        }
        self.init([grant, engineer, basis, start, end], parts)
    }

    /// One text has one spelling here, and two spellings of one character are two.
    private init(_ terms: [String], _ parts: [CanonicalJSON]) {
        hash = .leaf(CanonicalJSON.list(terms.map(CanonicalJSON.string) + parts).canonicalBytes)
    }

    private static func part(_ service: String, _ name: String, _ actions: [String])
        -> CanonicalJSON
    {
        .list([.string(service), .string(name)] + actions.map(CanonicalJSON.string))
    }
}
