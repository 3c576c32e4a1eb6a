import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// The provider's customers, and what each of them has decided about access to its data.
extension PortalSite {
    var tenantsRoutes: [Route] {
        [
            page("/tenants", for: .provider) { request, _, viewer in
                guard viewer.seesRequests else { throw Refusal.notFound(.page) }
                return TenantListPage(
                    try await lockbox.tenants(by: viewer.person),
                    find: request.query("find") ?? "",
                    after: request.query("cursor")
                )
            },
            page("/tenants/{id}", for: .provider) { request, context, viewer in
                guard let id = context.parameters.get("id") else { throw Refusal.notFound(.page) }
                let tenant = try await lockbox.tenant(id, by: viewer.person)
                let latest = try await lockbox.requests(
                    RequestFilter(),
                    tenant: id,
                    page: .init(limit: PortalLimits.recent),
                    by: viewer.person
                )
                return TenantPage(
                    tenant,
                    resources: try await lockbox.resources(of: id, by: viewer.person),
                    services: try await lockbox.services(by: viewer.person),
                    latest: latest.items,
                    find: request.query("find") ?? "",
                    viewer
                )
            },
        ]
    }
}

extension Badge {
    /// Whether the tenant is asked before access opens.
    init(_ tenant: Tenant) {
        if !tenant.isLicensed {
            self.init("Not in its plan", .waiting)
        } else if tenant.policy.requireApproval {
            self.init("Approval required", .good)
        } else {
            self.init("Approval switched off", .waiting)
        }
    }
}

extension String {
    /// Whether `part` is in it, without regard to case.
    fileprivate func mentions(_ part: String) -> Bool {
        part.isEmpty || lowercased().contains(part.lowercased())
    }
}

/// All tenants by name.
struct TenantListPage: Page {
    static let template = PageTemplate(PackageResources.tenants_mustache)

    struct Row: Sendable {
        let tenantID: String
        let tenantName: String
        let tenantBadge: Badge
        let rules: String
    }

    let title = "Tenants"
    let section: String? = "/tenants"
    let rows: [Row]
    let find: String
    let isFound: Bool
    let next: String?

    /// `last` is the identifier of the tenant that the page before ended with.
    init(_ tenants: [Tenant], find: String, after last: String?) {
        let fitting = tenants.filter { $0.name.mentions(find) || $0.id.text.mentions(find) }
        let rest = fitting.filter { tenant in last.map { tenant.id.text > $0 } ?? true }
        let shown = rest.prefix(PortalLimits.pageSize)
        rows = shown.map { tenant in
            Row(
                tenantID: tenant.id.text,
                tenantName: tenant.name,
                tenantBadge: Badge(tenant),
                rules: "At most \(tenant.policy.maxAccess.words)"
                    + (tenant.requiresApproval
                        ? " · \(tenant.policy.decisionWindow.words) to decide" : "")
            )
        }
        self.find = find
        isFound = !find.isEmpty
        let query = find.isEmpty ? "" : "find=\(find.asQueryValue)&"
        next =
            rest.count > shown.count
            ? shown.last.map { "/tenants?\(query)cursor=\($0.id.text.asQueryValue)" } : nil
    }
}

/// One tenant: its rules, its resources, its latest requests.
struct TenantPage: Page {
    static let template = PageTemplate(PackageResources.tenant_mustache)

    struct ServiceResources: Sendable {
        let serviceName: String
        let serviceKind: String
        let names: [String]
        let count: String
    }

    /// Resources on one page; the rest is found by a part of the name.
    private static let shownResources = 30

    let title: String
    let section: String? = "/tenants"
    let liveTag: String?
    let tenantID: String
    let tenantName: String
    let badge: Badge
    let switchWords: String
    let licenceWords: String
    let decisionWindow: String
    let maxAccess: String
    let approvals: String
    let isAsked: Bool
    let isEngineer: Bool
    let groups: [ServiceResources]
    let find: String
    let isFound: Bool
    let hasMany: Bool
    let hidden: String?
    let rows: [RequestRow]

    init(
        _ tenant: Tenant,
        resources: [Resource],
        services: [ProtectedService],
        latest: [RequestView],
        find: String,
        _ viewer: Viewer
    ) {
        title = tenant.name
        (tenantID, tenantName, badge) = (tenant.id.text, tenant.name, Badge(tenant))
        let policy = tenant.policy
        switchWords =
            policy.requireApproval
            ? "On: nobody gets in without an approval of \(tenant.name)"
            : "Off: the approval of a manager of \(viewer.providerName) is enough"
        licenceWords =
            tenant.isLicensed
            ? "Lockbox is part of the plan"
            : "Lockbox is not part of the plan, so the switch above has no effect"
        decisionWindow = policy.decisionWindow.words
        maxAccess = policy.maxAccess.words
        approvals = "\(policy.approvalsNeeded)"
        isAsked = tenant.requiresApproval
        isEngineer = viewer.isEngineer
        let fitting = resources.filter { $0.name.mentions(find) }
        let shown = fitting.prefix(Self.shownResources)
        groups = services.compactMap { service in
            let names = shown.filter { $0.service == service.id }.map(\.name)
            let count = fitting.count { $0.service == service.id }
            return names.isEmpty
                ? nil
                : ServiceResources(
                    serviceName: service.id.text,
                    serviceKind: service.kind.rawValue.uppercased(),
                    names: names,
                    count: counted(Int64(count), "resource")
                )
        }
        self.find = find
        isFound = !find.isEmpty
        hasMany = resources.count > Limits.resourcesPerRequest.upperBound
        let more = fitting.count - shown.count
        hidden =
            more > 0
            ? "\(counted(Int64(more), "more resource")) not shown. Give a part of the name." : nil
        rows = latest.map { RequestRow($0, viewer, tenants: [tenant.id: tenant]) }
        liveTag = LiveTag.of(latest, "\(tenant.version)", "\(resources.count)")
    }
}
