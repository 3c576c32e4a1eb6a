import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// Records what is read from the log of one service.
package struct StatementRecorder: LogRecorder {
    private let store: AuditedStore
    private let service: ServiceID
    private let dropped: @Sendable (_ username: String) -> Void

    /// `dropped` hears of a login name whose statements belong to no access that can still have any.
    package init(
        _ lockbox: Lockbox,
        of service: ServiceID,
        dropped: @escaping @Sendable (_ username: String) -> Void
    ) {
        store = lockbox.store
        self.service = service
        self.dropped = dropped
    }

    package func position(in file: String) async throws -> Int {
        try await store.read { [service] tx, _ in
            try tx.statementPosition(in: file, of: service) ?? 0
        }
    }

    package func record(_ piece: LogPiece) async throws -> Int {
        let service = service
        let (position, others) = try await store.write(by: .service(service)) { change in
            let recorded = try change.tx.statementPosition(in: piece.file, of: service) ?? 0
            guard recorded >= piece.range.lowerBound, recorded < piece.range.upperBound else {
                return (recorded, Set<String>())
            }
            // Another process may have come first, with a part of the piece.
            let new = Dictionary(grouping: piece.statements.filter { $0.end > recorded }) {
                $0.username
            }
            var others: Set<String> = []
            for (username, statements) in new.sorted(by: { $0.key < $1.key }) {
                let credentials = try change.credentials(of: username)
                let own = credentials.last { $0.resource.service == service }
                if let own, try !change.isOver(own) {
                    try change.record(statements, of: own)
                } else if own != nil || credentials.isEmpty {
                    others.insert(username)
                }
                // Else it is another service's at the same server, which reads for itself.
            }
            try change.tx.saveStatementPosition(
                piece.range.upperBound,
                in: piece.file,
                of: service,
                at: change.now
            )
            return (piece.range.upperBound, others)
        }
        for username in others.sorted() { dropped(username) }
        return position
    }
}

extension Change {
    /// Those with this login name, in order of issue.
    fileprivate func credentials(of username: String) throws -> [Credential] {
        guard let grant = GrantID(loginName: username) else { return [] }
        return try tx.credentials(of: grant).filter { $0.username == username }
    }

    /// Whether the removal of its access is confirmed: after that nothing more can have been run.
    fileprivate func isOver(_ credential: Credential) throws -> Bool {
        try tx.removals(of: credential.request).contains {
            $0.grant == credential.grant && $0.service == credential.resource.service
                && $0.progress == .confirmed
        }
    }

    /// All are of one login.
    fileprivate mutating func record(
        _ statements: [LoggedStatement],
        of credential: Credential
    ) throws {
        let times = statements.map { $0.at ?? now }
        if let first = times.min(), let last = times.max(),
            try tx.recordUse(of: credential.id, count: times.count, first: first, last: last),
            case .active(let grant) = try tx.request(credential.request)?.seen(at: now).state,
            grant.id == credential.grant
        {
            // Read after the end, it is no news that it was opened.
            emit(.access(.resourceOpened(credential)))
        }
        try record(statements.map { ($0.operation, $0.at ?? now) }, of: credential)
    }
}
