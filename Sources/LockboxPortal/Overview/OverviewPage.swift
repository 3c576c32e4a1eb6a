import Hummingbird
import LockboxAudit
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
    /// What needs the reader's decision, in words with their number.
    let heading: String
    let deciding: [RequestRow]
    let moreDeciding: String?
    /// Whether one of those that are shown can be ticked.
    let isChoosing: Bool
    let reviewing: [RequestRow]
    let moreReviewing: String?
    let open: [OpenAccess]
    let moreOpen: String?
    let isNobody: Bool
    let warnings: [String]
    let unknown: UnknownFound?
    let timeline: Timeline
    let history: [RequestRow]
    let csrf: String
    let key: String

    init(_ reading: OverviewReading, _ viewer: Viewer) {
        tenantName = viewer.tenant?.name ?? ""
        providerName = viewer.providerName
        let (waiting, most) = (reading.waiting, PortalLimits.waitingShown)
        heading = Self.heading(viewer.mayDecide ? waiting.ownCount : waiting.decidingCount, viewer)
        deciding = waiting.deciding.map { RequestRow($0, viewer) }
        moreDeciding = Self.more(waiting.decidingCount - deciding.count)
        isChoosing = deciding.contains { $0.rowBox != nil }
        reviewing = waiting.reviewing.map { RequestRow($0, viewer) }
        moreReviewing = Self.more(waiting.reviewingCount - reviewing.count)
        open = reading.grants.prefix(most).compactMap { OpenAccess($0, viewer: viewer) }
        moreOpen =
            reading.grants.count > most
            ? "\(reading.grants.count - most) more under Live access" : nil
        isNobody = reading.grants.allSatisfy { $0.grantState == .scheduled }
        warnings = reading.warnings(viewer)
        unknown = reading.unknown.map(UnknownFound.init)
        timeline = Timeline(reading.history, TimelineChoice(), viewer)
        let past = reading.newest.filter { $0.request.state.name.isTerminal }
        history = past.prefix(PortalLimits.recent).map { RequestRow($0, viewer) }
        liveTag = LiveTag.of(
            waiting.deciding + waiting.reviewing + reading.drawn,
            "\(viewer.tenant?.version ?? 0) \(waiting.decidingCount) \(waiting.reviewingCount)"
        )
        csrf = viewer.csrf
        key = viewer.formKey
    }

    private static func heading(_ count: Int, _ viewer: Viewer) -> String {
        let requests = counted(Int64(count), "request")
        let (needs, waits) = count == 1 ? ("needs", "waits") : ("need", "wait")
        if viewer.mayDecide {
            return count == 0
                ? "Nothing needs your decision" : "\(requests) \(needs) your decision"
        }
        return count == 0 ? "Nothing waits for a decision" : "\(requests) \(waits) for a decision"
    }

    /// Of those that the list has no room for.
    private static func more(_ count: Int) -> String? {
        count > 0 ? counted(Int64(count), "more request") : nil
    }
}

/// That access was found of late that nobody granted: the newest of it.
struct UnknownFound: Sendable {
    let unknownService: String
    let unknownAt: ShownTime
    let unknownLeft: Bool

    init(_ record: RecordedUnknownAccess) {
        unknownService = record.service
        unknownAt = ShownTime(record.time)
        unknownLeft = !record.isClosed
    }
}

/// What the overview is made from.
struct OverviewReading: Sendable {
    let waiting: WaitingAtTenant
    let grants: [RequestView]
    /// The newest of all, whatever became of them.
    let newest: [RequestView]
    /// Access of the last days.
    let history: AccessHistory
    let approvers: Int
    /// The newest of the last days.
    let unknown: RecordedUnknownAccess?

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
        let waiting = try await lockbox.waiting(
            at: tenant.id.text,
            most: PortalLimits.waitingShown,
            by: viewer.person
        )
        let newest = try await lockbox.requests(
            RequestFilter(),
            tenant: tenant.id.text,
            page: ListPage(limit: PortalLimits.listed),
            by: viewer.person
        )
        return OverviewReading(
            waiting: waiting,
            grants: waiting.others.filter(\.holdsAccess).sorted { $0.urgency < $1.urgency },
            newest: newest.items,
            history: try await history(.week, viewer),
            approvers: try await lockbox.approverCount(of: tenant.id.text, by: viewer.person),
            unknown: try await unknownFound(at: tenant.id, viewer)
        )
    }

    private func unknownFound(at tenant: TenantID, _ viewer: Viewer) async throws
        -> RecordedUnknownAccess?
    {
        let search = LogSearch(
            from: viewer.now - PortalLimits.unknownShown,
            activity: AuditFacts.unknownAccess
        )
        return try await log.search(
            search,
            in: .tenant(tenant),
            page: ListPage(limit: 1),
            for: viewer.person.id
        ).items.first.flatMap(RecordedUnknownAccess.init)
    }
}

extension RequestView {
    /// What a reader must see first: what is open, then what may be, then what will be.
    fileprivate var urgency: Int {
        switch grantState {
        case .active: 0
        case .removalFailed: 1
        case .removing, .ended: 2
        case .scheduled, nil: 3
        }
    }
}
