import LockboxDomain
import LockboxPorts

extension SQLTransaction: RemovalRecords {
    private static let removalColumns = """
        grant_id, service, request, tenant, usernames, progress, attempts, next_attempt, problem
        """
    private static let readRemovalColumns = removalColumns + ", cut_at"

    func save(_ removal: Removal) throws {
        try connection.execute(
            """
            INSERT INTO removal (\(Self.removalColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (grant_id, service) DO UPDATE SET request = excluded.request, tenant = excluded.tenant,
                usernames = excluded.usernames, progress = excluded.progress, attempts = excluded.attempts,
                next_attempt = excluded.next_attempt, problem = excluded.problem
            """,
            [
                .id(removal.grant), .id(removal.service), .id(removal.request), .id(removal.tenant),
                try JSONColumn.value(removal.usernames), .choice(removal.progress),
                .count(removal.attempts),
                .time(removal.nextAttempt), .optional(removal.problem),
            ]
        )
    }

    func removals(of request: AccessRequestID) throws -> [Removal] {
        try connection.query(
            "SELECT \(Self.readRemovalColumns) FROM removal WHERE request = $1 ORDER BY grant_id, service",
            [.id(request)],
            row: Self.removal
        )
    }

    func removalsDue(at now: Timestamp, limit: Int) throws -> [Removal] {
        try connection.query(
            """
            SELECT \(Self.readRemovalColumns) FROM removal WHERE progress <> 'confirmed' AND next_attempt <= $1
            ORDER BY next_attempt, grant_id, service LIMIT $2
            """,
            [.time(now), .limit(limit)],
            row: Self.removal
        )
    }

    func removalsToCut(at now: Timestamp, limit: Int) throws -> [Removal] {
        try connection.query(
            """
            SELECT \(Self.readRemovalColumns) FROM removal
            WHERE progress <> 'confirmed' AND cut_at IS NULL AND next_attempt <= $1
            ORDER BY next_attempt DESC, grant_id DESC, service DESC LIMIT $2
            """,
            [.time(now), .limit(limit)],
            row: Self.removal
        )
    }

    func markCut(_ removals: [Removal], at now: Timestamp) throws {
        for removal in removals {
            try connection.execute(
                """
                UPDATE removal SET cut_at = $1
                WHERE grant_id = $2 AND service = $3 AND cut_at IS NULL
                """,
                [.time(now), .id(removal.grant), .id(removal.service)]
            )
        }
    }

    func openRemovals() throws -> [Removal] {
        try connection.query(
            """
            SELECT \(Self.readRemovalColumns) FROM removal WHERE progress <> 'confirmed'
            ORDER BY next_attempt, grant_id, service
            """,
            row: Self.removal
        )
    }

    func nextRemovalAttempt() throws -> Timestamp? {
        try connection.queryOne(
            """
            SELECT grant_id, service, next_attempt FROM removal WHERE progress <> 'confirmed'
            ORDER BY next_attempt, grant_id, service LIMIT 1
            """
        ) { try Record($0, of: "removal", keyColumns: 2).timestamp(2) }
    }

    private static func removal(_ row: SQLRow) throws -> Removal {
        let record = Record(row, of: "removal", keyColumns: 2)
        return Removal(
            tenant: try record.slug(3),
            request: try record.id(2),
            grant: try record.id(0),
            service: try record.slug(1),
            usernames: try record.json(4),
            progress: try record.choice(5),
            attempts: try record.count(6),
            nextAttempt: try record.timestamp(7),
            problem: try record.optionalText(8),
            cutAt: try record.optionalTimestamp(9)
        )
    }
}
