import LockboxDomain
import LockboxPorts

extension SQLTransaction {
    /// Access that is open after `instant` was not asked for before this.
    private static func firstAsking(_ instant: Timestamp) -> Timestamp {
        instant - Limits.maxAccess.upperBound - Limits.scheduleAhead
            - Limits.decisionWindow.upperBound - Limits.managerWindow
    }

    func accessPeriods(
        of tenant: TenantID?,
        engineer: PersonID?,
        after instant: Timestamp,
        most: Int
    ) throws -> [AccessPeriod] {
        var whose = Conditions()
        whose.add("r.tenant = %", tenant.map(SQLValue.id))
        whose.add("r.engineer = %", engineer.map(SQLValue.id))
        var lately = whose
        lately.add("r.created_at >= %", [.time(Self.firstAsking(instant))])
        lately.add(
            "(r.settled_at IS NULL AND g.ends_at > % OR r.settled_at > %)",
            [.time(instant), .time(instant)]
        )
        // However long ago it ended.
        var unconfirmed = whose
        unconfirmed.add(
            "r.id IN (SELECT o.request FROM removal o WHERE o.progress <> 'confirmed')",
            []
        )
        // They are few, and no index has them in this order.
        let found = try periods(unconfirmed, order: "", most: most)
        let known = Set(found.map(\.grant.id))
        let newest = "ORDER BY r.created_at DESC, r.id DESC"
        let others = try periods(lately, order: newest, most: most).filter {
            !known.contains($0.grant.id)
        }
        let all = (found + others).sorted {
            ($1.createdAt, $1.request) < ($0.createdAt, $0.request)
        }
        .prefix(most)
        let uses = try uses(of: all.map(\.grant.id))
        return all.map { period in
            var period = period
            period.uses = uses[period.grant.id] ?? []
            return period
        }
    }

    private func periods(_ conditions: Conditions, order: String, most: Int) throws
        -> [AccessPeriod]
    {
        var conditions = conditions
        let limit = conditions.placeholder(for: .count(most))
        // A cross join goes through the requests first, in the order of their index.
        return try connection.query(
            """
            SELECT r.id, r.created_at, r.tenant, r.engineer, r.asked_by, r.settled_at,
                g.id AS grant_id, g.starts_at AS grant_starts_at, g.ends_at AS grant_ends_at,
                g.scope AS grant_scope, g.basis AS grant_basis,
                (SELECT count(*) FROM removal m
                    WHERE m.request = r.id AND m.progress <> 'confirmed') AS unconfirmed
            FROM access_request r CROSS JOIN access_grant g
            \(conditions.whereClause) AND g.request = r.id
                AND (r.settled_at IS NULL OR r.settled_at > g.starts_at)
            \(order) LIMIT \(limit)
            """,
            conditions.values
        ) { found in
            let row = found.of("access_request", key: ["id"])
            return AccessPeriod(
                request: try row.id("id"),
                createdAt: try row.timestamp("created_at"),
                tenant: try row.slug("tenant"),
                engineer: try row.id("engineer"),
                askedBy: try row.optionalID("asked_by"),
                grant: try Self.grant(row, joined: true),
                endedAt: try row.optionalTimestamp("settled_at"),
                isUnconfirmed: try row.count("unconfirmed") > 0
            )
        }
    }

    /// Grants that one question asks for.
    private static let grantsAtOnce = 512

    private func uses(of grants: [GrantID]) throws -> [GrantID: [CredentialUse]] {
        var found: [GrantID: [CredentialUse]] = [:]
        for first in stride(from: 0, to: grants.count, by: Self.grantsAtOnce) {
            let some = grants[first..<min(first + Self.grantsAtOnce, grants.count)]
            var conditions = Conditions()
            conditions.addOne(of: some.map(SQLValue.id), "c.grant_id")
            let rows = try connection.query(
                """
                SELECT u.*, c.grant_id, c.service, c.resource
                FROM credential c JOIN credential_use u ON u.credential = c.id
                \(conditions.whereClause)
                """,
                conditions.values
            ) { found in
                let row = found.of("credential_use", key: ["credential"])
                let grant: GrantID = try row.id("grant_id")
                return (grant, try Self.use(row))
            }
            for (grant, use) in rows { found[grant, default: []].append(use) }
        }
        // The order is made here: no index has it for several grants.
        return found.mapValues { uses in
            uses.sorted { ($0.first, $0.credential) < ($1.first, $1.credential) }
        }
    }
}
