import LockboxDomain
import LockboxPorts

extension SQLTransaction: TenantRecords {
    private static let tenantColumns = """
        id, name, is_licensed, require_approval, decision_window, max_access, approvals_needed, version
        """

    func tenant(_ id: TenantID) throws -> Tenant? {
        try connection.queryOne(
            "SELECT \(Self.tenantColumns) FROM tenant WHERE id = $1",
            [.id(id)],
            row: Self.tenant
        )
    }

    func tenants() throws -> [Tenant] {
        try connection.query(
            "SELECT \(Self.tenantColumns) FROM tenant ORDER BY id",
            row: Self.tenant
        )
    }

    func save(_ tenant: Tenant) throws {
        try connection.execute(
            """
            INSERT INTO tenant (\(Self.tenantColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, is_licensed = excluded.is_licensed,
                require_approval = excluded.require_approval, decision_window = excluded.decision_window,
                max_access = excluded.max_access, approvals_needed = excluded.approvals_needed,
                version = excluded.version
            """,
            [
                .id(tenant.id), .text(tenant.name), .flag(tenant.isLicensed),
                .flag(tenant.policy.requireApproval),
                .span(tenant.policy.decisionWindow), .span(tenant.policy.maxAccess),
                .count(tenant.policy.approvalsNeeded), .count(tenant.version),
            ]
        )
    }

    private static func tenant(_ row: SQLRow) throws -> Tenant {
        let record = Record(row, of: "tenant")
        return Tenant(
            id: try record.slug(0),
            name: try record.text(1),
            isLicensed: try record.flag(2),
            policy: try policy(record),
            version: try record.count(7)
        )
    }

    private static func policy(_ record: Record) throws -> Policy {
        do {
            return try Policy(
                requireApproval: record.flag(3),
                decisionWindow: record.span(4),
                maxAccess: record.span(5),
                approvalsNeeded: record.count(6)
            )
        } catch is Refusal {
            throw record.corrupt
        }
    }

    // MARK: - Resources

    func owner(of resource: Resource) throws -> TenantID? {
        try connection.queryOne(
            "SELECT service, name, tenant FROM resource WHERE service = $1 AND name = $2",
            [.id(resource.service), .text(resource.name)]
        ) { try Record($0, of: "resource", keyColumns: 2).slug(2) }
    }

    func resources(of tenant: TenantID) throws -> [Resource] {
        try connection.query(
            "SELECT service, name FROM resource WHERE tenant = $1 ORDER BY service, name",
            [.id(tenant)]
        ) { try Record($0, of: "resource", keyColumns: 2).resource(service: 0, name: 1) }
    }

    func save(_ resource: Resource, of tenant: TenantID) throws {
        let present = try owner(of: resource)
        guard present == nil || present == tenant else { throw Refusal.alreadyExists(.resource) }
        guard present == nil else { return }
        try connection.execute(
            "INSERT INTO resource (service, name, tenant) VALUES ($1, $2, $3)",
            [.id(resource.service), .text(resource.name), .id(tenant)]
        )
    }

    // MARK: - Provider

    func providerName() throws -> String {
        try connection.queryOne("SELECT id, name FROM provider") {
            try Record($0, of: "provider").text(1)
        } ?? ""
    }

    func saveProviderName(_ name: String) throws {
        try connection.execute(
            "INSERT INTO provider (id, name) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            [.text(name)]
        )
    }
}
