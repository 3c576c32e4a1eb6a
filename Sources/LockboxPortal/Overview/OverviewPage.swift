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
    let mayDecide: Bool
    let reviewing: [RequestRow]
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
        deciding = reading.deciding.map { RequestRow($0, viewer) }
        mayDecide = viewer.holds([.approver, .admin])
        reviewing = reading.reviewing.map { RequestRow($0, viewer) }
        open = reading.grants.compactMap { OpenAccess($0, viewer: viewer) }
        isNobody = reading.grants.allSatisfy { $0.grantState == .scheduled }
        warnings = reading.warnings(viewer)
        timeline = Timeline(reading.recent, now: viewer.now)
        let past = reading.recent.filter { $0.request.state.name.isTerminal }
        history = past.prefix(PortalLimits.recent).map { RequestRow($0, viewer) }
        liveTag = LiveTag.of(
            reading.deciding + reading.reviewing + reading.grants + reading.recent,
            "\(viewer.tenant?.version ?? 0)"
        )
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// What the overview is made from.
struct OverviewReading: Sendable {
    let deciding: [RequestView]
    let reviewing: [RequestView]
    let grants: [RequestView]
    let recent: [RequestView]
    let approvers: Int

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
        func requests(in state: AccessRequest.StateName?) async throws -> [RequestView] {
            try await lockbox.requests(
                RequestFilter(state: state),
                tenant: tenant.id.text,
                page: ListPage(limit: PortalLimits.listed),
                by: viewer.person
            ).items
        }
        let waiting = try await requests(in: .awaitingCustomer)
        let people = try await lockbox.people(of: tenant.id.text, by: viewer.person)
        return OverviewReading(
            // The stored state may be older than the clock: what ran out a moment ago waits for
            // nobody.
            deciding: waiting.filter { $0.request.state.name == .awaitingCustomer }
                .sorted {
                    ($0.request.state.decideBy ?? $0.at) < ($1.request.state.decideBy ?? $1.at)
                },
            reviewing: try await requests(in: .awaitingManager).filter {
                $0.request.state.name == .awaitingManager
            },
            grants: try await grants(viewer),
            recent: try await requests(in: nil),
            approvers: people.count { $0.mayDecide(for: tenant.id) }
        )
    }
}
