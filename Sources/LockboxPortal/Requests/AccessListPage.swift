import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// All access requests, newest first, of one state, one tenant, or the reader's own.
struct AccessListPage: Page {
    static let template = PageTemplate(PackageResources.access_list_mustache)

    struct Chip: Sendable {
        let chipLabel: String
        let chipLink: String
        let isCurrent: Bool
    }

    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    let title = "Requests"
    let section: String? = "/requests"
    let liveTag: String?
    let chips: [Chip]
    let tenants: [Choice]
    let state: String?
    let isEngineer: Bool
    let isMine: Bool
    let rows: [AccessRow]
    let isEmpty: Bool
    let isFiltered: Bool
    let next: String?

    init(
        _ found: Paged<RequestView>,
        _ choice: AccessChoice,
        tenants: [TenantID: Tenant],
        visit: Visit
    ) {
        chips =
            [
                Chip(
                    chipLabel: "All",
                    chipLink: choice.path(state: nil),
                    isCurrent: choice.state == nil
                )
            ]
            + AccessRequest.StateName.allCases.map { name in
                Chip(
                    chipLabel: Badge(name, for: .provider).words,
                    chipLink: choice.path(state: name),
                    isCurrent: choice.state == name
                )
            }
        self.tenants =
            [Choice(value: "", label: "All tenants", isChosen: choice.tenant == nil)]
            + tenants.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) }.map { tenant in
                Choice(
                    value: tenant.id.text,
                    label: tenant.name,
                    isChosen: choice.tenant == tenant.id.text
                )
            }
        state = choice.state?.rawValue
        isEngineer = visit.isEngineer
        isMine = choice.isMine
        rows = found.items.map { AccessRow($0, tenants: tenants, visit: visit) }
        isEmpty = rows.isEmpty
        isFiltered = choice != AccessChoice()
        next = found.next.map { choice.path(state: choice.state, cursor: $0) }
        liveTag = found.items.map(\.rowTag).joined(separator: " ") + "."
    }
}

/// Which requests a list shows.
struct AccessChoice: Equatable {
    var state: AccessRequest.StateName?
    var tenant: String?
    var isMine = false

    func path(state: AccessRequest.StateName?, cursor: String? = nil) -> String {
        let query = [
            state.map { "state=\($0.rawValue)" }, tenant.map { "tenant=\($0.asQueryValue)" },
            isMine ? "mine=yes" : nil, cursor.map { "cursor=\($0.asQueryValue)" },
        ].compactMap { $0 }
        return query.isEmpty ? "/requests" : "/requests?" + query.joined(separator: "&")
    }
}

extension PortalSite {
    func accessList(_ request: Request, _ visit: Visit) async throws -> any Page {
        var choice = AccessChoice()
        choice.state = request.query("state").flatMap(AccessRequest.StateName.init(rawValue:))
        choice.tenant = request.query("tenant")
        choice.isMine = visit.isEngineer && request.query("mine") != nil
        let found = try await lockbox.requests(
            RequestFilter(state: choice.state, engineer: choice.isMine ? visit.person.id : nil),
            tenant: choice.tenant,
            page: .init(limit: PortalLimits.pageSize, cursor: request.query("cursor")),
            by: visit.person
        )
        return AccessListPage(found, choice, tenants: try await tenantsByID(visit), visit: visit)
    }
}
