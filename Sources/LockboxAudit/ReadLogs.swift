import LockboxApprovals
import LockboxDomain
import LockboxPorts
import MerkleLog
import Synchronization

/// What was read of tenants' logs, from their first record on: a log is gone through once, and after
/// that only what was appended to it.
package final class ReadLogs: Sendable {
    /// One tenant's. Whoever needs it waits for whoever is reading it, and for no other tenant's.
    final class One: Sendable {
        let state: Mutex<LogReading>

        init(_ tenant: TenantID) { state = Mutex(LogReading(tenant)) }
    }

    private let logs = Mutex<[TenantID: One]>([:])

    package init() {}

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

    /// Reads what was appended since. True where the view is of before, and knows less than was read
    /// already: what is over stays so.
    mutating func goOn(in tx: any StoreTransaction) throws -> Bool {
        let head = try tx.head(of: log)
        guard !isBroken, range.size < head.size else { return head.size < range.size }
        while range.size < head.size {
            let end = min(head.size, range.size + Self.batch)
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
        isBroken = range.hashes != head.range
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
        return read(LogRecordCheck(entry, log: log.logName))
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

/// What access gives, as a record and a row say it.
private struct GrantTerms: Hashable, Sendable {
    private struct Part: Hashable {
        let service: String
        let actions: [String]
        /// Bytes: two spellings of one character are one text to Swift.
        let name: [UInt8]
    }

    private let grant, engineer, basis, start, end: String
    private let parts: [Part]

    init(_ open: OpenGrant) {
        (grant, engineer) = (open.grant.id.text, open.engineer.text)
        basis = open.grant.basis.rawValue
        (start, end) = (open.grant.start.description, open.grant.end.description)
        parts = open.grant.scope.accesses.map { access in
            Part(
                service: access.resource.service.text,
                actions: access.actions.names,
                name: Array(access.resource.name.utf8)
            )
        }
    }

    /// Nil where a part is missing. A name that was erased says nothing, and so not this.
    init?(_ told: LogRecordCheck.Told, engineer: String?) {
        guard let engineer, let grant = told.data["grant"]?.text,
            let basis = told.data["basis"]?.text, let start = told.data["start"]?.text,
            let end = told.data["end"]?.text, let items = told.data["resources"]?.items
        else { return nil }
        var parts: [Part] = []
        for (place, item) in items.enumerated() {
            guard let service = item.members?["service"]?.text,
                let actions = item.members?["actions"]?.texts,
                let name = told.text("resource\(place)")
            else { return nil }
            parts.append(Part(service: service, actions: actions, name: Array(name.utf8)))
        }
        (self.grant, self.engineer, self.basis) = (grant, engineer, basis)
        (self.start, self.end, self.parts) = (start, end, parts)
    }
}
