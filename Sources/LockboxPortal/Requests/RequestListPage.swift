import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// One access request in a list (`{{> request-row}}`).
struct RequestRow: Sendable {
    let rowLink: String
    let rowNumber: String
    /// What it is about, in one line.
    let rowTitle: String
    /// Why, for the customer; whose data, who asks and for which support request, for the provider.
    let rowContext: String
    let isAskedFor: Bool
    let rowAskedAt: ShownTime
    let rowBadge: Badge
    /// What the time that is left is left for.
    let rowClockFor: String?
    let rowClock: Countdown?
    /// What the reader should know before she opens it.
    let rowHint: String?

    /// `tenants` are those whose names the provider's people read.
    init(
        _ view: RequestView,
        _ viewer: Viewer,
        tenants: [TenantID: Tenant] = [:],
        hint: String? = nil
    ) {
        let terms = view.request.terms
        rowNumber = view.request.id.text
        rowLink = "\(viewer.side.requestsPath)/\(view.request.id)"
        rowBadge = Badge(view, for: viewer.side)
        rowAskedAt = ShownTime(view.request.createdAt)
        rowHint = hint
        let clock = view.request.state.clock
        switch viewer.side {
        case .tenant:
            rowTitle =
                "\(view.engineerName)\(view.askerNote): \(terms.scope.words.listed), "
                + terms.duration.words
            rowContext = String(terms.reason.prefix(160)) + (terms.reason.count > 160 ? "…" : "")
            isAskedFor = false
            rowClockFor = nil
            let isScheduled = view.request.state.name == .scheduled
            rowClock = isScheduled ? nil : clock.map { Countdown(until: $0.at, now: view.at) }
        case .provider:
            rowTitle = "\(terms.scope.shortWords.capitalisedFirst), \(terms.duration.words)"
            let company = tenants[terms.tenant]?.name ?? terms.tenant.text
            let asker = terms.engineer == viewer.person.id ? "you" : view.engineerName
            rowContext = "\(company) · \(asker)\(view.askerNote) · \(terms.supportRequest)"
            isAskedFor = true
            rowClockFor = clock?.purpose
            rowClock = clock.map { Countdown(until: $0.at, now: view.at) }
        }
    }
}

extension AccessRequest.State {
    /// The instant at which something happens by itself, and what time is left for until then.
    fileprivate var clock: (purpose: String, at: Timestamp)? {
        switch self {
        case .awaitingManager(let decideBy): ("To review", decideBy)
        case .awaitingCustomer(_, let decideBy, _): ("To decide", decideBy)
        case .scheduled(let grant): ("Until it begins", grant.start)
        case .active(let grant): ("Until the end", grant.end)
        case .ended, .rejected, .denied, .withdrawn, .expired: nil
        }
    }
}

/// The access requests that the reader may see, newest first.
struct RequestListPage: Page {
    static let template = PageTemplate(PackageResources.request_list_mustache)

    let title = "Requests"
    let section: String?
    let liveTag: String?
    let isCustomer: Bool
    let chips: [Chip]
    let tenants: [Choice]
    let state: String?
    let isEngineer: Bool
    let isMine: Bool
    let rows: [RequestRow]
    let isFiltered: Bool
    let next: String?

    /// `tenants` are those to choose among.
    init(
        _ found: Paged<RequestView>,
        _ choice: RequestChoice,
        tenants: [TenantID: Tenant],
        _ viewer: Viewer
    ) {
        section = viewer.side.requestsPath
        isCustomer = viewer.isCustomer
        chips =
            [
                Chip(
                    chipLabel: "All",
                    chipLink: choice.path(state: nil),
                    isCurrent: choice.state == nil
                )
            ]
            + Self.filters(for: viewer.side).map { name, label in
                Chip(
                    chipLabel: label,
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
        isEngineer = viewer.isEngineer
        isMine = choice.isMine
        rows = found.items.map { RequestRow($0, viewer, tenants: tenants) }
        isFiltered = choice.isNarrow
        next = found.next.map { choice.path(state: choice.state, cursor: $0) }
        liveTag = LiveTag.of(found.items)
    }

    private static func filters(for side: Side) -> [(AccessRequest.StateName, String)] {
        switch side {
        case .tenant:
            [
                (.awaitingCustomer, "Needs a decision"), (.awaitingManager, "With the provider"),
                (.scheduled, "Scheduled"), (.active, "Open now"), (.ended, "Ended"),
                (.denied, "Denied"), (.expired, "Expired"), (.withdrawn, "Withdrawn"),
                (.rejected, "Rejected by the provider"),
            ]
        case .provider:
            AccessRequest.StateName.allCases.map { ($0, Badge($0, for: side).words) }
        }
    }
}

/// Which requests a list shows: of one state, one tenant, or the reader's own.
struct RequestChoice: Sendable {
    let side: Side
    let state: AccessRequest.StateName?
    let tenant: String?
    let isMine: Bool

    /// What the address asks for; only the provider's people choose more than a state.
    init(_ request: Request, _ viewer: Viewer) {
        side = viewer.side
        state = request.query("state").flatMap(AccessRequest.StateName.init(rawValue:))
        tenant = viewer.isCustomer ? nil : request.query("tenant")
        isMine = viewer.isEngineer && request.query("mine") != nil
    }

    var isNarrow: Bool { state != nil || tenant != nil || isMine }

    func path(state: AccessRequest.StateName?, cursor: String? = nil) -> String {
        let query = [
            state.map { "state=\($0.rawValue)" }, tenant.map { "tenant=\($0.asQueryValue)" },
            isMine ? "mine=yes" : nil, cursor.map { "cursor=\($0.asQueryValue)" },
        ].compactMap { $0 }
        return query.isEmpty
            ? side.requestsPath : side.requestsPath + "?" + query.joined(separator: "&")
    }
}

extension PortalSite {
    func requestList(_ request: Request, _ viewer: Viewer) async throws -> any Page {
        let choice = RequestChoice(request, viewer)
        let found = try await lockbox.requests(
            RequestFilter(state: choice.state, engineer: choice.isMine ? viewer.person.id : nil),
            tenant: viewer.tenant?.id.text ?? choice.tenant,
            page: .init(limit: PortalLimits.pageSize, cursor: request.query("cursor")),
            by: viewer.person
        )
        let tenants = viewer.isCustomer ? [:] : try await tenantsByID(viewer)
        return RequestListPage(found, choice, tenants: tenants, viewer)
    }

    /// The tenants by identifier, for their names.
    func tenantsByID(_ viewer: Viewer) async throws -> [TenantID: Tenant] {
        try await lockbox.tenants(by: viewer.person).reduce(into: [:]) { $0[$1.id] = $1 }
    }
}
