import LockboxDomain
import LockboxPorts

extension SQLTransaction: PolicyChangeRecords {
    func policyChange(of tenant: TenantID) throws -> PolicyChange? {
        try connection.selectOne(
            from: "policy_change",
            "WHERE tenant = $1",
            [.id(tenant)],
            row: Self.policyChange
        )
    }

    func save(_ change: PolicyChange) throws {
        var row: Columns = [
            "id": .id(change.id), "tenant": .id(change.tenant), "version": .count(change.version),
            "made_by": .id(change.by), "made_at": .time(change.madeAt),
            "takes_effect_at": .time(change.takesEffectAt),
            "agreed": try JSONColumn.value(change.agreed.map(\.text)),
        ]
        Self.add(change.policy, to: &row)
        try connection.save(row, in: "policy_change")
    }

    func removePolicyChange(of tenant: TenantID) throws {
        try connection.execute("DELETE FROM policy_change WHERE tenant = $1", [.id(tenant)])
    }

    func policyChangesDue(at now: Timestamp, limit: Int) throws -> [PolicyChange] {
        try connection.select(
            from: "policy_change",
            "WHERE takes_effect_at <= $1 ORDER BY takes_effect_at, id LIMIT $2",
            [.time(now), .count(limit)],
            row: Self.policyChange
        )
    }

    func nextPolicyChange() throws -> Timestamp? {
        try connection.queryOne("SELECT min(takes_effect_at) FROM policy_change") {
            try $0.optionalTimestamp(0)
        } ?? nil
    }

    private static func policyChange(_ row: SQLRow) throws -> PolicyChange {
        PolicyChange(
            id: try row.id("id"),
            tenant: try row.slug("tenant"),
            policy: try policy(row),
            version: try row.count("version"),
            by: try row.id("made_by"),
            madeAt: try row.timestamp("made_at"),
            takesEffectAt: try row.timestamp("takes_effect_at"),
            agreed: try row.people("agreed")
        )
    }
}

extension SQLRow {
    /// A list of people's identifiers.
    func people(_ column: SQLColumn) throws -> [PersonID] {
        try json(column, [String].self).map { try required(PersonID($0)) }
    }
}
