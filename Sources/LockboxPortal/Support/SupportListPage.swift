import LockboxDomain
import LockboxPorts
import LockboxService

/// The tenant's support requests, or those of all tenants for the provider.
struct SupportListPage: Page {
    static let template = PageTemplate(PackageResources.support_list_mustache)

    struct Row: Sendable {
        let supportLink: String
        let supportNumber: String
        let supportSubject: String
        let supportOpener: String
        let openedAt: ShownTime
        let supportBadge: Badge
        /// Who answered last; nil where nobody has.
        let answeredBy: String?
        let answeredAt: ShownTime?
        let requestLink: String?
    }

    let title = "Support"
    let section: String? = "/support"
    let isCustomer: Bool
    let rows: [Row]
    let states: [Chip]
    let chips: [Chip]
    let hasChips: Bool
    /// Whether only some are shown.
    let isFiltered: Bool
    let next: String?
    let liveTag: String?

    init(
        _ found: Paged<SupportView>,
        tenants: [Tenant],
        chosen: String?,
        _ state: SupportRequest.State?,
        _ viewer: Viewer
    ) {
        let names = tenants.reduce(into: [TenantID: String]()) { $0[$1.id] = $1.name }
        isCustomer = viewer.isCustomer
        rows = found.items.map { Row($0, company: names[$0.support.tenant], viewer) }
        hasChips = tenants.count > 1
        isFiltered = state != nil
        func link(_ tenant: String?, _ state: SupportRequest.State?) -> String {
            let query = [
                tenant.map { "tenant=\($0.asQueryValue)" }, state.map { "state=\($0.rawValue)" },
            ].compactMap(\.self).joined(separator: "&")
            return query.isEmpty ? "/support" : "/support?\(query)"
        }
        states =
            [Chip(chipLabel: "All", chipLink: link(chosen, nil), isCurrent: state == nil)]
            + SupportRequest.State.allCases.map {
                Chip(
                    chipLabel: Badge($0).words,
                    chipLink: link(chosen, $0),
                    isCurrent: $0 == state
                )
            }
        chips =
            [Chip(chipLabel: "All", chipLink: link(nil, state), isCurrent: chosen == nil)]
            + tenants.map { tenant in
                Chip(
                    chipLabel: tenant.name,
                    chipLink: link(tenant.id.text, state),
                    isCurrent: chosen == tenant.id.text
                )
            }
        let here = link(chosen, state)
        next = found.next.map {
            here + (here.contains("?") ? "&" : "?") + "cursor=\($0.asQueryValue)"
        }
        liveTag = LiveTag.of([], found.items.first?.support.number.text ?? "none")
    }
}

extension SupportListPage.Row {
    fileprivate init(_ view: SupportView, company: String?, _ viewer: Viewer) {
        let support = view.support
        supportLink = support.link(for: viewer)
        supportNumber = support.number.text
        supportSubject = support.subject
        supportOpener = view.openedBy.name + (company.map { ", \($0)" } ?? "")
        openedAt = ShownTime(support.openedAt)
        supportBadge = Badge(support.state)
        answeredBy = view.answeredBy?.name
        answeredAt = support.lastAnswer.map { ShownTime($0.at) }
        requestLink = support.requestLink(for: viewer)
    }
}

extension Badge {
    init(_ state: SupportRequest.State) {
        switch state {
        case .open: self.init("Open", .waiting)
        case .answered: self.init("Answered", .good)
        case .closed: self.init("Closed", .quiet)
        }
    }
}

extension SupportRequest {
    /// Its page. For the provider a number alone may be several tenants'.
    func link(for viewer: Viewer, _ part: String = "") -> String {
        let query = viewer.isCustomer ? "" : "?tenant=\(tenant.text)"
        return "/support/\(number.text.asQueryValue)\(part)\(query)"
    }

    /// Where an engineer asks for access for it; nil where nobody can.
    func requestLink(for viewer: Viewer) -> String? {
        guard viewer.isEngineer, state != .closed else { return nil }
        return "/requests/new?tenant=\(tenant.text)&support=\(number.text.asQueryValue)"
    }
}
