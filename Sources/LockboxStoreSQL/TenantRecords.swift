import LockboxDomain
import LockboxPorts

extension SQLTransaction: TenantRecords {
    func tenant(_ id: TenantID) throws -> Tenant? {
        try connection.selectOne(from: "tenant", "WHERE id = $1", [.id(id)], row: Self.tenant)
    }

    func tenants() throws -> [Tenant] {
        try connection.select(from: "tenant", "ORDER BY id", row: Self.tenant)
    }

    func save(_ tenant: Tenant) throws {
        var row: Columns = [
            "id": .id(tenant.id),
            "name": .text(tenant.name),
            "is_licensed": .flag(tenant.isLicensed),
            "domains": try JSONColumn.value(tenant.domains.map(\.text)),
            "administered_since": .time(tenant.administeredSince),
            "version": .count(tenant.version),
        ]
        Self.add(tenant.policy, to: &row)
        try connection.save(row, in: "tenant")
    }

    static func add(_ policy: Policy, to row: inout Columns) {
        row["require_approval"] = .flag(policy.requireApproval)
        row["decision_window"] = .span(policy.decisionWindow)
        row["max_access"] = .span(policy.maxAccess)
        row["approvals_needed"] = .count(policy.approvalsNeeded)
        row["withheld_from_tokens"] = .scopes(policy.withheldFromTokens)
        row["cooling_off"] = .span(policy.coolingOff)
        row["allows_programs"] = .flag(policy.allowsPrograms)
        row["retention"] = .span(policy.retention)
        row["signed_approvals"] = .choice(policy.signedApprovals)
        row["closes_unknown_access"] = .flag(policy.closesUnknownAccess)
        row["signed_changes"] = .choice(policy.signedChanges)
    }

    private static func tenant(_ row: SQLRow) throws -> Tenant {
        Tenant(
            id: try row.slug("id"),
            name: try row.text("name"),
            isLicensed: try row.flag("is_licensed"),
            policy: try policy(row),
            domains: try row.json("domains", [String].self).map { name in
                guard let domain = DomainName(name) else { throw row.corrupt }
                return domain
            },
            administeredSince: try row.optionalTimestamp("administered_since"),
            version: try row.count("version")
        )
    }

    /// The rules in a row of a tenant, or of what waits to be so there.
    static func policy(_ row: SQLRow) throws -> Policy {
        do {
            return try Policy(
                requireApproval: row.flag("require_approval"),
                decisionWindow: row.span("decision_window"),
                maxAccess: row.span("max_access"),
                approvalsNeeded: row.count("approvals_needed"),
                withheldFromTokens: row.scopes("withheld_from_tokens"),
                coolingOff: row.span("cooling_off"),
                allowsPrograms: row.flag("allows_programs"),
                retention: row.optionalSpan("retention"),
                signedApprovals: row.choice("signed_approvals"),
                closesUnknownAccess: row.flag("closes_unknown_access"),
                signedChanges: row.choice("signed_changes")
            )
        } catch is Refusal {
            throw row.corrupt
        }
    }

    // MARK: - Resources

    func owner(of resource: Resource) throws -> TenantID? {
        try connection.selectOne(
            from: "resource",
            key: ["service", "name"],
            "WHERE service = $1 AND name = $2",
            [.id(resource.service), .text(resource.name)]
        ) { try $0.slug("tenant") }
    }

    func resources(of tenant: TenantID) throws -> [Resource] {
        try connection.select(
            from: "resource",
            key: ["service", "name"],
            "WHERE tenant = $1 ORDER BY service, name",
            [.id(tenant)]
        ) { try $0.resource(service: "service", name: "name") }
    }

    func onlyTenant(at service: ServiceID) throws -> TenantID? {
        guard
            let first = try connection.selectOne(
                from: "resource",
                key: ["service", "name"],
                "WHERE service = $1 LIMIT 1",
                [.id(service)],
                row: { try $0.slug("tenant") as TenantID }
            )
        else { return nil }
        let other = try connection.selectOne(
            from: "resource",
            key: ["service", "name"],
            "WHERE service = $1 AND tenant <> $2 LIMIT 1",
            [.id(service), .id(first)],
            row: { try $0.slug("tenant") as TenantID }
        )
        return other == nil ? first : nil
    }

    func save(_ resource: Resource, of tenant: TenantID) throws {
        let present = try owner(of: resource)
        guard present == nil || present == tenant else { throw Refusal.alreadyExists(.resource) }
        guard present == nil else { return }
        try connection.insert(
            [
                "service": .id(resource.service),
                "name": .text(resource.name),
                "tenant": .id(tenant),
            ],
            into: "resource"
        )
    }

    // MARK: - Provider

    func providerName() throws -> String {
        try connection.selectOne(from: "provider") { try $0.text("name") } ?? ""
    }

    func saveProviderName(_ name: String) throws {
        try connection.save(["id": .integer(1), "name": .text(name)], in: "provider")
    }
}
