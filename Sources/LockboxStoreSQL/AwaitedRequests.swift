import LockboxDomain

/// What waits for one person, counted for each page that she sees: from an index, and no further
/// than is shown.
extension SQLTransaction {
    func decisionsAwaited(
        from person: PersonID,
        of tenant: TenantID,
        at now: Timestamp,
        most: Int
    ) throws -> Int {
        try counted(
            """
            r.tenant = % AND r.state = % AND r.deadline > % AND NOT EXISTS (
                SELECT 1 FROM decision d WHERE d.request = r.id AND d.person = %
            )
            """,
            most,
            [
                .id(tenant), .choice(AccessRequest.StateName.awaitingCustomer), .time(now),
                .id(person),
            ]
        )
    }

    func reviewsAwaited(from person: PersonID, at now: Timestamp, most: Int) throws -> Int {
        try counted(
            "r.state = % AND r.deadline > % AND r.engineer <> %",
            most,
            [.choice(AccessRequest.StateName.awaitingManager), .time(now), .id(person)]
        )
    }

    func answersAwaited(from engineer: PersonID, at now: Timestamp, most: Int) throws -> Int {
        try counted(
            """
            r.engineer = % AND r.deadline > % AND (
                SELECT p.tenant FROM message m JOIN person p ON p.id = m.person
                WHERE m.request = r.id ORDER BY m.number DESC LIMIT 1
            ) IS NOT NULL
            """,
            most,
            [.id(engineer), .time(now)]
        )
    }

    private func counted(_ condition: String, _ most: Int, _ values: [SQLValue]) throws -> Int {
        var conditions = Conditions()
        conditions.add(condition, values)
        let limit = conditions.placeholder(for: .count(most))
        let count = try connection.queryOne(
            """
            SELECT count(*) FROM (
                SELECT 1 FROM access_request r \(conditions.whereClause) LIMIT \(limit)
            ) counted
            """,
            conditions.values
        ) { row in try row.count(0) }
        return count ?? 0
    }
}
