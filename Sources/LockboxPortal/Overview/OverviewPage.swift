import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// The admin centre's first page: what needs a decision, who is in the tenant's data now, and what
/// was lately.
struct OverviewPage: Page {
    static let template = PageTemplate(PackageResources.overview_mustache)

    let title = "Overview"
    let section: String? = "/overview"
    let liveTag: String?
    let tenantName: String
    let providerName: String
    let deciding: [RequestRow]
    let moreDeciding: String?
    let mayDecide: Bool
    let reviewing: [RequestRow]
    let moreReviewing: String?
    let open: [OpenAccess]
    let isNobody: Bool
    let warnings: [String]
    let timeline: Timeline
    let history: [RequestRow]
    let csrf: String
    let key: String

    init(_ reading: OverviewReading, _ viewer: Viewer) {
        tenantName = viewer.tenant?.name ?? ""
        providerName = viewer.providerName
        deciding = reading.deciding.prefix(PortalLimits.listed).map { RequestRow($0, viewer) }
        moreDeciding = Self.more(reading.deciding.count - deciding.count)
        mayDecide = viewer.holds([.approver, .admin])
        reviewing = reading.reviewing.prefix(PortalLimits.listed).map { RequestRow($0, viewer) }
        moreReviewing = Self.more(reading.reviewing.count - reviewing.count)
        open = reading.grants.compactMap { OpenAccess($0, viewer: viewer) }
        isNobody = reading.grants.allSatisfy { $0.grantState == .scheduled }
        warnings = reading.warnings(viewer)
        timeline = Timeline(reading.history, TimelineChoice(), viewer)
        let past = reading.newest.filter { $0.request.state.name.isTerminal }
        history = past.prefix(PortalLimits.recent).map { RequestRow($0, viewer) }
        liveTag = LiveTag.of(
            reading.deciding + reading.reviewing + reading.drawn,
            "\(viewer.tenant?.version ?? 0)"
        )
        csrf = viewer.csrf
        key = viewer.formKey
    }

    /// Of those that the list has no room for.
    private static func more(_ count: Int) -> String? {
        count > 0 ? counted(Int64(count), "more request") : nil
    }
}

/// What the overview is made from.
struct OverviewReading: Sendable {
    let deciding: [RequestView]
    let reviewing: [RequestView]
    let grants: [RequestView]
    /// The newest of all, whatever became of them.
    let newest: [RequestView]
    /// Access of the last days.
    let history: AccessHistory
    let approvers: Int

    /// The newest, and all whose access is open or will be, however old the request is.
    var drawn: [RequestView] {
        let known = Set(newest.map(\.request.id))
        return newest + grants.filter { !known.contains($0.request.id) }
    }

    func warnings(_ viewer: Viewer) -> [String] {
        guard let tenant = viewer.tenant else { return [] }
        if !tenant.isLicensed {
            return [
                "Your plan does not include Lockbox. \(viewer.providerName) can open access without asking you; "
                    + "what it does still stands in your audit log."
            ]
        }
        if !tenant.policy.requireApproval {
            return [
                "Approval is switched off. \(viewer.providerName)'s own manager is enough to open access. "
                    + "An administrator can switch it on under Settings."
            ]
        }
        let needed = tenant.policy.approvalsNeeded
        guard approvers < needed else { return [] }
        return [
            "Nobody could approve anything: \(counted(Int64(needed), "approval")) needed, and "
                + "\(counted(Int64(approvers), "person")) may approve. No access can be opened until an administrator "
                + "names more approvers under People."
        ]
    }
}

extension PortalSite {
    var overviewRoutes: [Route] {
        [
            page("/overview", for: .customer) { _, _, viewer in
                guard viewer.oversees else {
                    throw Refusal.notFound(.page)
                }
                return OverviewPage(try await overview(viewer), viewer)
            }
        ]
    }

    private func overview(_ viewer: Viewer) async throws -> OverviewReading {
        guard let tenant = viewer.tenant else { throw Refusal.notFound(.page) }
        let open = try await lockbox.unfinishedRequests(tenant: tenant.id.text, by: viewer.person)
        // The stored state may be older than the clock, which the views follow: what ran out a
        // moment ago waits for nobody.
        func waiting(in state: AccessRequest.StateName) -> [RequestView] {
            open.filter { $0.request.state.name == state }
                .sorted {
                    ($0.request.state.decideBy ?? $0.at) < ($1.request.state.decideBy ?? $1.at)
                }
        }
        let newest = try await lockbox.requests(
            RequestFilter(),
            tenant: tenant.id.text,
            page: ListPage(limit: PortalLimits.listed),
            by: viewer.person
        )
        let people = try await lockbox.people(of: tenant.id.text, by: viewer.person)
        return OverviewReading(
            deciding: waiting(in: .awaitingCustomer),
            reviewing: waiting(in: .awaitingManager),
            grants: open.filter(\.holdsAccess),
            newest: newest.items,
            history: try await history(.week, viewer),
            approvers: people.count { $0.mayDecide(for: tenant.id) }
        )
    }
}
