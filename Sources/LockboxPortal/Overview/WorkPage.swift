import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// Where the provider's people begin: what waits for them, what is open, what to start from.
struct WorkPage: Page {
    static let template = PageTemplate(PackageResources.work_mustache)

    /// A support request that nobody has asked access for.
    struct Start: Sendable {
        let startNumber: String
        let startSubject: String
        let startCompany: String
        let startTenant: String
        let startBy: String
        let startAt: ShownTime
    }

    /// Access of the reader's own that is open now.
    struct Open: Sendable {
        let openNumber: String
        let openTitle: String
        let openCompany: String
        let openClock: Countdown
        let openUntil: ShownTime
        let isUsed: Bool
        let openUse: String
    }

    let title = "My work"
    let section: String? = "/work"
    let liveTag: String?
    let firstName: String
    let isEngineer: Bool
    let isManager: Bool
    /// Whether she sees requests at all.
    let seesRequests: Bool
    let isAuditor: Bool
    let failing: [RequestRow]
    let queue: [RequestRow]
    let open: [Open]
    let questions: [RequestRow]
    let waiting: [RequestRow]
    let recent: [RequestRow]
    let hasNothing: Bool
    let others: [RequestRow]
    /// Whether what is open for colleagues is her business.
    let watchesOthers: Bool
    let starts: [Start]

    init(_ reading: WorkReading, _ viewer: Viewer) {
        func row(_ view: RequestView, hint: String? = nil) -> RequestRow {
            RequestRow(view, viewer, tenants: reading.tenants, hint: hint)
        }
        firstName =
            viewer.person.name.split(separator: " ").first.map(String.init) ?? viewer.person.name
        (isEngineer, isManager, seesRequests) = (
            viewer.isEngineer, viewer.isManager, viewer.seesRequests
        )
        isAuditor = viewer.holds(.auditor)
        failing = reading.failing.map { row($0) }
        queue = reading.queue.map { view in
            row(
                view,
                hint: reading.isOwn(view, viewer) ? "Yours: another manager must review it." : nil
            )
        }
        open = reading.mine(in: [.active]).map { Open($0, tenants: reading.tenants) }
        let asked = reading.mine(in: [.awaitingManager, .awaitingCustomer, .scheduled, .active])
            .filter { reading.asked.contains($0.request.id) }
        questions = asked.map { row($0, hint: "The customer wrote last. The clock goes on.") }
        waiting = reading.mine(in: [.scheduled, .awaitingCustomer, .awaitingManager])
            .filter { !reading.asked.contains($0.request.id) }.map { row($0) }
        recent = reading.recent.map { row($0) }
        others = reading.others.map { row($0) }
        starts = reading.starts.map { Start($0, tenants: reading.tenants) }
        watchesOthers = viewer.holds([.manager, .operator])
        hasNothing = open.isEmpty && questions.isEmpty && waiting.isEmpty
        let asking = reading.asked.map(\.text).sorted()
        let started = reading.starts.map(\.support.number.text)
        liveTag = LiveTag.of(
            reading.failing + reading.queue + reading.mine + reading.others,
            asking.joined(separator: " "),
            started.joined(separator: " ")
        )
    }
}

extension WorkPage.Open {
    fileprivate init(_ view: RequestView, tenants: [TenantID: Tenant]) {
        let terms = view.request.terms
        openNumber = view.request.id.text
        openTitle = (view.request.state.grant?.scope ?? terms.scope).shortWords.capitalisedFirst
        openCompany = tenants[terms.tenant]?.name ?? terms.tenant.text
        let end = view.request.state.grant?.end ?? view.at
        openClock = Countdown(until: end, now: view.at)
        openUntil = ShownTime(end)
        isUsed = view.useCount > 0
        openUse = view.useWords.capitalisedFirst
    }
}

extension WorkPage.Start {
    fileprivate init(_ view: SupportView, tenants: [TenantID: Tenant]) {
        startNumber = view.support.number.text
        startSubject = view.support.subject
        startTenant = view.support.tenant.text
        startCompany = tenants[view.support.tenant]?.name ?? view.support.tenant.text
        startBy = view.openedBy.name
        startAt = ShownTime(view.support.openedAt)
    }
}

/// What the page of somebody's work is made from.
struct WorkReading: Sendable {
    var tenants: [TenantID: Tenant] = [:]
    /// Awaiting a manager, the nearest deadline first.
    var queue: [RequestView] = []
    /// Requests of the reader, newest first.
    var mine: [RequestView] = []
    /// Those of them in which the customer wrote last.
    var asked: Set<AccessRequestID> = []
    /// Open access of her colleagues, the nearest end first.
    var others: [RequestView] = []
    /// Over, and a service has not confirmed it.
    var failing: [RequestView] = []
    var starts: [SupportView] = []

    /// In the order of `states`, the nearest deadline first.
    func mine(in states: [AccessRequest.StateName]) -> [RequestView] {
        states.flatMap { state in mine.filter { $0.request.state.name == state }.byDeadline }
    }

    /// The last few that nobody can change any more, and of those before them each whose end a service
    /// has not confirmed.
    var recent: [RequestView] {
        let over = mine.filter { $0.request.state.name.isTerminal }
        return over.prefix(PortalLimits.recent)
            + over.dropFirst(PortalLimits.recent).filter(\.holdsAccess)
    }

    /// Whether the reader asked for it herself, under whichever record.
    func isOwn(_ view: RequestView, _ viewer: Viewer) -> Bool { view.isOwn(of: viewer.person) }
}

extension [RequestView] {
    /// The nearest instant at which something happens by itself comes first.
    fileprivate var byDeadline: [RequestView] {
        sorted {
            ($0.request.state.nextDeadline ?? $0.at) < ($1.request.state.nextDeadline ?? $1.at)
        }
    }
}

extension PortalSite {
    var workRoutes: [Route] {
        [page("/work", for: .provider) { _, _, viewer in WorkPage(try await work(viewer), viewer) }]
    }

    /// How many support requests are looked at, and how many of them are offered.
    private static let (startsSeen, startsShown) = (30, 5)

    private func work(_ viewer: Viewer) async throws -> WorkReading {
        guard viewer.seesRequests else { return WorkReading() }
        var reading = WorkReading(tenants: try await tenantsByID(viewer))
        if viewer.holds([.manager, .operator]) {
            // The stored state may be older than the clock, which the views follow: what ran out a
            // moment ago waits for nobody.
            let all = try await lockbox.unfinishedRequests(tenant: nil, by: viewer.person)
            func those(in state: AccessRequest.StateName) -> [RequestView] {
                all.filter { $0.request.state.name == state }.byDeadline
            }
            if viewer.isManager { reading.queue = those(in: .awaitingManager) }
            reading.others = those(in: .active).filter {
                $0.request.terms.engineer != viewer.person.id
            }
            reading.failing = all.filter { $0.grantState == .removalFailed }
        }
        if viewer.isEngineer {
            reading.mine = try await own(viewer)
            for view in reading.mine where !view.request.state.name.isTerminal {
                let thread = try await lockbox.messages(on: view.request.id.text, by: viewer.person)
                if let last = thread.last, last.author.side != .provider {
                    reading.asked.insert(view.request.id)
                }
            }
            reading.starts = try await starts(viewer)
        }
        return reading
    }

    /// All of the reader's requests that something can happen to, and her latest others.
    private func own(_ viewer: Viewer) async throws -> [RequestView] {
        let newest = try await lockbox.requests(
            RequestFilter(engineer: viewer.person.id),
            tenant: nil,
            page: .init(limit: PortalLimits.pageSize),
            by: viewer.person
        )
        let unfinished = try await lockbox.unfinishedRequests(
            tenant: nil,
            engineer: viewer.person.id,
            by: viewer.person
        )
        var found: [AccessRequestID: RequestView] = [:]
        for view in newest.items + unfinished { found[view.request.id] = view }
        return found.values.sorted {
            ($1.request.createdAt, $1.request.id) < ($0.request.createdAt, $0.request.id)
        }
    }

    /// The newest support requests that no access was ever asked for.
    func starts(_ viewer: Viewer) async throws -> [SupportView] {
        let newest = try await lockbox.supportRequests(
            tenant: nil,
            page: .init(limit: Self.startsSeen),
            by: viewer.person
        )
        var starts: [SupportView] = []
        for view in newest.items
        where starts.count < Self.startsShown && view.support.state != .closed {
            let found = try await lockbox.requests(
                RequestFilter(supportRequest: view.support.number),
                tenant: view.support.tenant.text,
                page: .init(limit: 1),
                by: viewer.person
            )
            if found.items.isEmpty { starts.append(view) }
        }
        return starts
    }
}
