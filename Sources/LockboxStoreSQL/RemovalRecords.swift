import LockboxDomain
import LockboxPorts

extension SQLTransaction: RemovalRecords {
    private static let removalKey = ["grant_id", "service"]

    func save(_ removal: Removal) throws {
        try connection.save(
            [
                "grant_id": .id(removal.grant),
                "service": .id(removal.service),
                "request": .id(removal.request),
                "tenant": .id(removal.tenant),
                "usernames": try JSONColumn.value(removal.usernames),
                "progress": .choice(removal.progress),
                "attempts": .count(removal.attempts),
                "next_attempt": .time(removal.nextAttempt),
                "problem": .optional(removal.problem),
            ],
            in: "removal",
            key: Self.removalKey
        )
    }

    func removals(of request: AccessRequestID) throws -> [Removal] {
        try removals("WHERE request = $1 ORDER BY grant_id, service", [.id(request)])
    }

    func removalsDue(at now: Timestamp, limit: Int) throws -> [Removal] {
        try removals(
            """
            WHERE progress <> 'confirmed' AND next_attempt <= $1
            ORDER BY next_attempt, grant_id, service LIMIT $2
            """,
            [.time(now), .limit(limit)]
        )
    }

    func removalsToCut(at now: Timestamp, limit: Int) throws -> [Removal] {
        try removals(
            """
            WHERE progress <> 'confirmed' AND cut_at IS NULL AND next_attempt <= $1
            ORDER BY next_attempt DESC, grant_id DESC, service DESC LIMIT $2
            """,
            [.time(now), .limit(limit)]
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
        try removals("WHERE progress <> 'confirmed' ORDER BY next_attempt, grant_id, service", [])
    }

    func nextRemovalAttempt() throws -> Timestamp? {
        try connection.selectOne(
            from: "removal",
            key: Self.removalKey,
            """
            WHERE progress <> 'confirmed' ORDER BY next_attempt, grant_id, service LIMIT 1
            """
        ) { try $0.timestamp("next_attempt") }
    }

    private func removals(_ clause: String, _ values: [SQLValue]) throws -> [Removal] {
        try connection.select(from: "removal", key: Self.removalKey, clause, values) { row in
            Removal(
                tenant: try row.slug("tenant"),
                request: try row.id("request"),
                grant: try row.id("grant_id"),
                service: try row.slug("service"),
                usernames: try row.json("usernames"),
                progress: try row.choice("progress"),
                attempts: try row.count("attempts"),
                nextAttempt: try row.timestamp("next_attempt"),
                problem: try row.optionalText("problem"),
                cutAt: try row.optionalTimestamp("cut_at")
            )
        }
    }
}
