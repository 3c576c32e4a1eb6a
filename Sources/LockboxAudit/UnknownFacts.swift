package import LockboxDomain
package import LockboxPorts

extension AuditFacts {
    init(_ found: UnknownAccess) {
        self.init(
            Self.unknownAccess,
            data: [
                "service": .string(found.service.text), "kind": .string(found.kind.rawValue),
                "closed": .boolean(found.isClosed),
            ],
            texts: ["loginName": found.loginName]
        )
        texts["oddity"] = found.oddity
    }
}

/// What a record says of access that nobody granted.
package struct RecordedUnknownAccess: Hashable, Sendable {
    package let service: String
    package let isClosed: Bool
    package let time: Timestamp
    private let kind: String
    private let loginName: String?
    private let oddity: String?

    /// Nil for any other record.
    package init?(_ entry: LogEntry) {
        guard entry.activity == AuditFacts.unknownAccess,
            let leaf = LogRecordCheck.Leaf(entry.bytes),
            let service = leaf.data["service"]?.text, let kind = leaf.data["kind"]?.text,
            let isClosed = leaf.data["closed"]?.flag
        else { return nil }
        (self.service, self.isClosed, self.kind, time) = (service, isClosed, kind, entry.time)
        loginName = entry.texts.first { $0.field == "loginName" }?.text
        oddity = entry.texts.first { $0.field == "oddity" }?.text
    }

    fileprivate func isAbout(_ found: UnknownAccess) -> Bool {
        isClosed == found.isClosed
            && (service, kind, loginName, oddity)
                == (found.service.text, found.kind.rawValue, found.loginName, found.oddity)
    }
}

extension UnknownAccess {
    /// Whether the tenant's log said so at or after `instant`: this process before it was started
    /// anew, or another one.
    package func isRecorded(since instant: Timestamp, in tx: any StoreTransaction) throws -> Bool {
        try tx.search(
            LogSearch(from: instant, activity: AuditFacts.unknownAccess),
            in: .tenant(tenant),
            page: ListPage(limit: AuditLimits.unknownLookedAt)
        ).items.contains { RecordedUnknownAccess($0)?.isAbout(self) == true }
    }
}
