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

    func removalsDue(at now: Timestamp, of services: ServiceSelection, limit: Int) throws
        -> [Removal]
    {
        let selected = services.condition(from: 2)
        return try removals(
            """
            WHERE progress <> 'confirmed' AND next_attempt <= $1\(selected.text)
            ORDER BY next_attempt, grant_id, service LIMIT $\(selected.next)
            """,
            [.time(now)] + selected.values + [.limit(limit)]
        )
    }

    func removalsToCut(at now: Timestamp, of services: ServiceSelection, limit: Int) throws
        -> [Removal]
    {
        let selected = services.condition(from: 2)
        return try removals(
            """
            WHERE progress <> 'confirmed' AND cut_at IS NULL AND next_attempt <= $1\(selected.text)
            ORDER BY next_attempt DESC, grant_id DESC, service DESC LIMIT $\(selected.next)
            """,
            [.time(now)] + selected.values + [.limit(limit)]
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

    func nextRemovalAttempt(of services: ServiceSelection) throws -> Timestamp? {
        let selected = services.condition(from: 1)
        return try connection.selectOne(
            from: "removal",
            key: Self.removalKey,
            """
            WHERE progress <> 'confirmed'\(selected.text)
            ORDER BY next_attempt, grant_id, service LIMIT 1
            """,
            selected.values
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

extension ServiceSelection {
    /// What follows other conditions, with placeholders from `number` on; and the next number.
    fileprivate func condition(from number: Int) -> (text: String, values: [SQLValue], next: Int) {
        switch self {
        case .all: ("", [], number)
        case .only(let services): Self.condition("IN", services, number, none: " AND 1 = 0")
        case .allBut(let services): Self.condition("NOT IN", services, number, none: "")
        }
    }

    private static func condition(
        _ word: String,
        _ services: Set<ServiceID>,
        _ number: Int,
        none: String
    ) -> (text: String, values: [SQLValue], next: Int) {
        guard !services.isEmpty else { return (none, [], number) }
        let next = number + services.count
        let places = (number..<next).map { "$\($0)" }.joined(separator: ", ")
        let values = services.map(\.text).sorted().map { SQLValue.text($0) }
        return (" AND service \(word) (\(places))", values, next)
    }
}
