import LockboxAudit
import LockboxDomain
import LockboxPorts

/// Which rows of grants are obeyed: those that the log grants with these very terms, and signed as its
/// rules ask (docs/spec/approval-statement.md §6). Whoever puts a row into the tables has no record for
/// it.
struct GrantReading {
    private let known: [GrantID: OpenGrant]
    private var records: GrantRecords

    /// `known` are those that were found so before.
    init(_ known: [GrantID: OpenGrant], _ logs: ReadLogs, in tx: any StoreTransaction) {
        self.known = known
        records = GrantRecords(reading: tx, logs)
    }

    mutating func grants(_ open: OpenGrant) throws -> Bool {
        if known[open.grant.id] == open { return try records.stillGrants(open) }
        return try records.grants(open)
    }

    /// Whether a row that is not obeyed is one that nobody wrote by hand: it ended just now.
    mutating func endedSince(_ open: OpenGrant) throws -> Bool { try records.endedSince(open) }
}

extension Credential {
    /// Whether it opens no more than `open` gives, to nobody else, and no longer.
    func isUnder(_ open: OpenGrant) -> Bool {
        grant == open.grant.id && request == open.request && tenant == open.tenant
            && engineer == open.engineer && expiresAt <= open.grant.end
            && open.grant.scope.accesses.contains {
                $0.resource == resource && actions.isSubset(of: $0.actions)
            }
    }
}
