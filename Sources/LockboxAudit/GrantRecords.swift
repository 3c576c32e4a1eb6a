package import LockboxApprovals
package import LockboxDomain
package import LockboxPorts
import Synchronization

/// Which keys count, which rules hold and which access is granted, by the logs of tenants alone, held
/// against the tables.
///
/// Of use for one view of the store: how far a log goes is asked once.
package struct GrantRecords {
    private let tx: any StoreTransaction
    private let logs: ReadLogs
    /// Within a write, whose records may come to nothing: what is read of them is kept here. Nil in a
    /// view of what is durable, where it is kept in `logs`.
    private var written: [TenantID: LogReading]?
    /// The tenants whose logs are read to their heads, however much of them is unread; those of others
    /// must have been read before. Nil for all.
    private let readAhead: Set<TenantID>?
    /// The logs that were read in this view.
    private var current: Set<TenantID> = []
    /// Those of which more was read already than the view has.
    private var behind: Set<TenantID> = []

    /// In a view of what is durable. It reads logs to their heads, however long they are.
    package init(reading tx: any StoreTransaction, _ logs: ReadLogs) {
        (self.tx, self.logs, readAhead) = (tx, logs, nil)
    }

    /// In a view of what is durable that `AuditedStore` gives, which reads ahead what is long.
    package init(viewing tx: any StoreTransaction, _ logs: ReadLogs) {
        (self.tx, self.logs, readAhead) = (tx, logs, [])
    }

    /// Within a write, to see what it has appended too. The logs of `readAhead` were read right before.
    init(writing tx: any StoreTransaction, _ logs: ReadLogs, _ readAhead: Set<TenantID>) {
        (self.tx, self.logs, self.readAhead, written) = (tx, logs, readAhead, [:])
    }

    /// Whether the tenant's log grants `open` with these very terms, and has the approvals and the
    /// signatures that its rules asked for. Everything that is missing or unreadable means no.
    package mutating func grants(_ open: OpenGrant) throws -> Bool {
        try reading(of: open.tenant) { $0.grants(open) }
    }

    /// Whether the access of a row that was found so before, and is unchanged, is not over in the log.
    package mutating func stillGrants(_ open: OpenGrant) throws -> Bool {
        try reading(of: open.tenant) { $0.isOpen(open.request) }
    }

    /// Whether access by `open` ended after the moment of this view: then nobody has written its row by
    /// hand.
    package mutating func endedSince(_ open: OpenGrant) throws -> Bool {
        let isOver = try reading(of: open.tenant) { $0.isOver(open.request) }
        return isOver && behind.contains(open.tenant)
    }

    /// Throws where the log, to which this write has appended, does not grant what it writes.
    package mutating func requireGranted(_ grant: Grant, of request: AccessRequest) throws {
        let open = OpenGrant(
            grant: grant,
            request: request.id,
            tenant: request.terms.tenant,
            engineer: request.terms.engineer
        )
        guard try grants(open) else {
            throw StoreError.corrupt(
                "access on \(request.id): the log does not say that it was approved as the tables do, "
                    + "so the database was changed beside the log, and nothing is opened"
            )
        }
    }

    /// The check of a decision that is being made at `tenant`: it has read all that was said before.
    package mutating func check(at tenant: TenantID) throws -> ApprovalCheck {
        guard let check = try reading(of: tenant, { $0.check }) else {
            throw StoreError.corrupt(
                "the log of \(tenant): its records are not those it has hashes of"
            )
        }
        return check
    }

    /// The keys of the people of `tenant` with which approvals can be signed, now or later.
    package mutating func keys(of tenant: TenantID) throws -> [ApprovalCheck.Key] {
        try check(at: tenant).keys.values.sorted { ($0.addedAt, $0.id) < ($1.addedAt, $1.id) }
    }

    private mutating func reading<Value: Sendable>(
        of tenant: TenantID,
        _ body: (LogReading) throws -> Value
    ) throws -> Value {
        let (tx, readAhead) = (tx, readAhead)
        func goOn(_ reading: inout LogReading) throws -> Bool {
            if let readAhead, !readAhead.contains(tenant),
                try reading.unread(in: tx) > ReadLogs.tail
            {
                throw LogIsUnread(tenant: tenant)
            }
            return try reading.goOn(in: tx)
        }
        let isCurrent = !current.insert(tenant).inserted
        var isBehind = false
        defer { if isBehind { behind.insert(tenant) } }
        guard let own = written else {
            return try logs.log(of: tenant).state.withLock { reading in
                if !isCurrent { isBehind = try goOn(&reading) }
                return try body(reading)
            }
        }
        var reading = own[tenant] ?? logs.log(of: tenant).state.withLock { $0 }
        if !isCurrent { isBehind = try goOn(&reading) }
        written?[tenant] = reading
        return try body(reading)
    }
}
