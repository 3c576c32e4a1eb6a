import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// One request in a list.
struct RequestRow: Sendable {
    let rowID: String
    let rowSummary: String
    let rowReason: String
    let rowBadge: Badge
    let rowAt: Moment
    let rowUntil: Countdown?

    init(_ view: RequestView, visit: Visit) {
        let terms = view.request.terms
        rowID = view.request.id.text
        rowSummary = "\(view.engineerName): \(terms.scope.words.listed), \(terms.duration.words)"
        rowReason = String(terms.reason.prefix(160)) + (terms.reason.count > 160 ? "…" : "")
        rowBadge = Badge(view, for: visit.person.side)
        rowAt = Moment(view.request.createdAt)
        rowUntil = (view.request.state.decideBy ?? view.openUntil).map {
            Countdown(until: $0, now: view.at)
        }
    }
}

extension RequestView {
    /// The end of access that is open now.
    var openUntil: Timestamp? {
        switch request.state {
        case .active(let grant): grant.end
        case .awaitingManager, .awaitingCustomer, .scheduled, .ended, .rejected, .denied,
            .withdrawn, .expired:
            nil
        }
    }
}

/// All requests for the tenant's data, newest first.
struct RequestListPage: Page {
    static let template = PageTemplate(PackageResources.request_list_mustache)

    struct Chip: Sendable {
        let chipLabel: String
        let chipLink: String
        let isCurrent: Bool
    }

    let title = "Requests"
    let section: String? = "/lockbox"
    let liveTag: String?
    let chips: [Chip]
    let rows: [RequestRow]
    let isEmpty: Bool
    let isFiltered: Bool
    let next: String?

    init(_ found: Paged<RequestView>, state: AccessRequest.StateName?, visit: Visit) {
        chips =
            [Chip(chipLabel: "All", chipLink: "/lockbox", isCurrent: state == nil)]
            + Self.filters.map { name, label in
                Chip(
                    chipLabel: label,
                    chipLink: "/lockbox?state=\(name.rawValue)",
                    isCurrent: state == name
                )
            }
        rows = found.items.map { RequestRow($0, visit: visit) }
        isEmpty = rows.isEmpty
        isFiltered = state != nil
        let filter = state.map { "state=\($0.rawValue)&" } ?? ""
        next = found.next.map { "/lockbox?\(filter)cursor=\($0.asQueryValue)" }
        liveTag = found.items.map {
            "\($0.request.id.text)\($0.request.version)\(Badge($0, for: visit.person.side).words)"
        }
        .joined(separator: " ")
    }

    private static let filters: [(AccessRequest.StateName, String)] = [
        (.awaitingCustomer, "Needs a decision"), (.awaitingManager, "With the provider"),
        (.scheduled, "Scheduled"),
        (.active, "Open now"), (.ended, "Ended"), (.denied, "Denied"), (.expired, "Expired"),
        (.withdrawn, "Withdrawn"), (.rejected, "Rejected by the provider"),
    ]
}

extension PortalSite {
    func requestList(_ request: Request, _ visit: Visit) async throws -> any Page {
        let state = request.query("state").flatMap(AccessRequest.StateName.init(rawValue:))
        let page = ListPage(
            limit: PortalLimits.pageSize,
            cursor: request.query("cursor")
        )
        let found = try await lockbox.requests(
            RequestFilter(state: state),
            tenant: visit.tenant?.id.text,
            page: page,
            by: visit.person
        )
        return RequestListPage(found, state: state, visit: visit)
    }
}
