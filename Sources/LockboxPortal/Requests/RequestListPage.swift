import Hummingbird
import LockboxDomain
import LockboxHTTP
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
    /// The same apart, for a table.
    let rowWhat: String
    let rowWho: String
    let rowLength: String
    let rowSupport: String
    let isAskedFor: Bool
    let rowAskedAt: ShownTime
    let rowBadge: Badge
    let rowChange: Badge?
    /// What the time that is left is left for.
    let rowClockFor: String?
    let rowClock: Countdown?
    /// What the reader should know before she opens it.
    let rowHint: String?
    /// The box that chooses it, where she may decide about it now.
    let rowBox: Box?

    struct Box: Sendable {
        let boxValue: String
    }

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
        rowChange = Badge(changesBy: view)
        let given = view.request.given
        rowWhat = given.scope.shortWords.capitalisedFirst
        rowLength = given.duration.words
        rowSupport = terms.supportRequest.text
        rowAskedAt = ShownTime(view.request.createdAt)
        rowHint = hint
        rowBox =
            view.awaitsDecision(of: viewer.person)
            ? Box(boxValue: view.request.id.text) : nil
        let clock = view.request.state.clock
        switch viewer.side {
        case .tenant:
            rowTitle =
                "\(view.engineerName)\(view.askerNote): \(given.scope.shortWords), "
                + given.duration.words
            rowContext = terms.reason.cut(to: 160)
            rowWho = "\(view.engineerName)\(view.askerNote)"
            isAskedFor = false
            rowClockFor = nil
            let isScheduled = view.request.state.name == .scheduled
            rowClock = isScheduled ? nil : clock.map { Countdown(until: $0.at, now: view.at) }
        case .provider:
            rowTitle = "\(given.scope.shortWords.capitalisedFirst), \(given.duration.words)"
            let company = tenants[terms.tenant]?.name ?? terms.tenant.text
            let asker = terms.engineer == viewer.person.id ? "you" : view.engineerName
            rowContext = "\(company) · \(asker)\(view.askerNote) · \(terms.supportRequest)"
            rowWho = "\(company), \(asker)\(view.askerNote)"
            isAskedFor = true
            rowClockFor = clock?.purpose
            rowClock = clock.map { Countdown(until: $0.at, now: view.at) }
        }
    }
}

extension AccessRequest {
    /// What was given, or what can be still.
    fileprivate var given: (duration: TimeSpan, scope: Scope) {
        state.grant.map { ($0.end - $0.start, $0.scope) } ?? offered
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

/// The access requests that the reader may see, in the order of her choice.
struct RequestListPage: Page {
    static let template = PageTemplate(PackageResources.request_list_mustache)

    let title = "Requests"
    let section: String?
    let liveTag: String?
    let isCustomer: Bool
    /// As in "days of UTC".
    let zone: String
    let listPath: String
    let chips: [Chip]
    let tenants: [Choice]
    let state: String?
    let text: String
    let from: String
    let to: String
    let asksForChanges: Bool
    let orders: [Choice]
    let orderWords: String
    let csvLink: String
    /// What stands about the rows of the file where there are more requests than that.
    let csvNote: String?
    /// What can be done with those that are ticked; nil where nothing can.
    let choosing: Choosing?
    let isEngineer: Bool
    let isMine: Bool
    let problems: Problems
    let rows: [RequestRow]
    /// How many there are; nil where they could not be counted now.
    let total: String?
    let isFiltered: Bool
    let next: String?
    let previous: String?
    let first: String?

    /// What waits for the reader on this page, and what waits besides.
    struct Choosing: Sendable {
        let pageWords: String
        let pageLink: String
        let allWords: String?
        let allLink: String
    }

    /// `tenants` are those to choose among; `counts` is nil where too many people count just now, or
    /// too much.
    init(
        _ found: Paged<RequestView>,
        _ counts: [AccessRequest.StateName: Int]?,
        _ choice: RequestChoice,
        isFirst: Bool = true,
        tenants: [TenantID: Tenant],
        _ viewer: Viewer
    ) {
        section = viewer.side.requestsPath
        listPath = viewer.side.requestsPath
        isCustomer = viewer.isCustomer
        zone = viewer.days.name
        chips = Self.chips(choice, counts)
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
        (text, from, to) = (choice.text, choice.from, choice.to)
        asksForChanges = choice.asksForChanges
        orders = RequestOrder.allCases.map {
            Choice(
                value: $0 == .newest ? "" : $0.rawValue,
                label: $0.words.capitalisedFirst,
                isChosen: $0 == choice.filter.order
            )
        }
        orderWords = choice.filter.order.words
        csvLink = choice.path(state: choice.state, below: "/export.csv")
        isEngineer = viewer.isEngineer
        isMine = choice.isMine
        problems = Problems(choice.problems)
        rows = found.items.map { RequestRow($0, viewer, tenants: tenants) }
        let count = counts.map { counts in
            choice.state.map { counts[$0] ?? 0 } ?? counts.values.reduce(0, +)
        }
        total = count.map { counted(Int64($0), "request") }
        csvNote =
            count.map { $0 > Limits.exportedRequests } ?? true
            ? "at most \(Limits.exportedRequests) of them" : nil
        choosing = Choosing(
            rows.compactMap(\.rowBox?.boxValue),
            of: counts?[.awaitingCustomer],
            choice
        )
        isFiltered = choice.isNarrow
        next = found.next.map { choice.path(state: choice.state, cursor: $0) }
        previous = found.previous.map {
            choice.path(state: choice.state, cursor: $0, isBefore: true)
        }
        first = isFirst ? nil : choice.path(state: choice.state)
        liveTag = LiveTag.of(found.items)
    }

    private static func chips(
        _ choice: RequestChoice,
        _ counts: [AccessRequest.StateName: Int]?
    ) -> [Chip] {
        func label(_ words: String, _ count: Int?) -> String {
            count.map { "\(words) (\($0))" } ?? words
        }
        let all = Chip(
            chipLabel: label("All", counts?.values.reduce(0, +)),
            chipLink: choice.path(state: nil),
            isCurrent: choice.state == nil
        )
        return [all]
            + filters(for: choice.side).compactMap { name, words in
                let count = counts.map { $0[name] ?? 0 }
                guard count != 0 || choice.state == name else { return nil }
                return Chip(
                    chipLabel: label(words, count),
                    chipLink: choice.path(state: name),
                    isCurrent: choice.state == name
                )
            }
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

/// Which requests a list shows, as the address says it.
struct RequestChoice: Sendable {
    let side: Side
    let state: AccessRequest.StateName?
    let tenant: String?
    let isMine: Bool
    let text: String
    /// Days of the reader, the last one included.
    let from: String
    let to: String
    let asksForChanges: Bool
    let filter: RequestFilter
    let problems: [String]

    /// What the address asks for; only the provider's people choose a tenant, or their own.
    init(_ request: Request, _ viewer: Viewer) {
        side = viewer.side
        state = request.query("state").flatMap(AccessRequest.StateName.init(rawValue:))
        tenant = viewer.isCustomer ? nil : request.query("tenant")
        isMine = viewer.isEngineer && request.query("mine") != nil
        text = String((request.query("text") ?? "").prefix(PortalLimits.searchLength))
        (from, to) = (request.query("from") ?? "", request.query("to") ?? "")
        asksForChanges = request.query("changes") != nil
        var days = TypedDays()
        var filter = RequestFilter(state: state, engineer: isMine ? viewer.person.id : nil)
        filter.from = days.day(from, "The first day").map {
            viewer.days.midnight(ofDayInUTC: $0)
        }
        filter.before = days.day(to, "The last day").map {
            viewer.days.midnight(ofDayInUTC: $0 + .days(1))
        }
        filter.asksForChanges = asksForChanges
        filter.text = text.isEmpty ? nil : text
        filter.order = request.query("sort").flatMap(RequestOrder.init(rawValue:)) ?? .newest
        self.filter = filter
        problems = days.problems
    }

    var isNarrow: Bool { !query.isEmpty }

    /// The address of the same choice but for the state; `name` is that of a page below the list.
    func path(
        state: AccessRequest.StateName?,
        below name: String = "",
        matching: Bool = false,
        cursor: String? = nil,
        isBefore: Bool = false
    ) -> String {
        let all =
            [("matching", matching ? "yes" : nil), ("state", state?.rawValue)]
            + query.filter { $0.0 != "state" }
            + [
                ("sort", filter.order == .newest ? nil : filter.order.rawValue),
                (isBefore ? "before" : "cursor", cursor),
            ]
        let parts = all.compactMap { name, value in value.map { "\(name)=\($0.asQueryValue)" } }
        let path = side.requestsPath + name
        return parts.isEmpty ? path : path + "?" + parts.joined(separator: "&")
    }

    /// What narrows the list.
    private var query: [(String, String?)] {
        [
            ("state", state?.rawValue), ("tenant", tenant), ("mine", isMine ? "yes" : nil),
            ("text", text.isEmpty ? nil : text), ("from", from.isEmpty ? nil : from),
            ("to", to.isEmpty ? nil : to), ("changes", asksForChanges ? "yes" : nil),
        ].filter { $0.1 != nil }
    }
}

/// Reads days as people type them, and gathers what is wrong with them.
struct TypedDays {
    private(set) var problems: [String] = []

    /// The beginning of a day of UTC; nil where nothing is typed, or no day.
    mutating func day(_ text: String, _ name: String) -> Timestamp? {
        guard !text.isEmpty else { return nil }
        let instant = Timestamp("\(text)T00:00:00Z")
        if instant == nil { problems.append("\(name) is not a day, such as 2026-11-23.") }
        return instant
    }
}

extension RequestListPage.Choosing {
    /// `waiting` is how many the list has in all that wait for the customer.
    fileprivate init?(_ boxes: [String], of waiting: Int?, _ choice: RequestChoice) {
        guard !boxes.isEmpty else { return nil }
        pageWords =
            boxes.count == 1 ? "Deny the one on this page" : "Deny all \(boxes.count) on this page"
        pageLink = "\(RequestPath.customer)/deny?requests=" + boxes.joined(separator: "~")
        let more = waiting.map { $0 > boxes.count } ?? false
        allWords = more ? "Deny all that wait" : nil
        allLink = choice.path(state: nil, below: "/deny", matching: true)
    }
}

extension RequestOrder {
    /// As in “12 requests, newest first”.
    fileprivate var words: String {
        switch self {
        case .newest: "newest first"
        case .oldest: "oldest first"
        case .deadline: "deadline soonest"
        case .longest: "longest time first"
        case .engineer: "by engineer"
        }
    }
}

extension PortalSite {
    func requestList(_ request: Request, _ context: PortalContext, _ viewer: Viewer) async throws
        -> any Page
    {
        let choice = RequestChoice(request, viewer)
        let tenants = viewer.isCustomer ? [:] : try await tenantsByID(viewer)
        guard choice.problems.isEmpty else {
            let none = Paged<RequestView>(items: [], next: nil)
            return RequestListPage(none, nil, choice, tenants: tenants, viewer)
        }
        let before = request.query("before")
        let tenant = viewer.tenant?.id.text ?? choice.tenant
        let page = ListPage(
            limit: PortalLimits.pageSize,
            cursor: before ?? request.query("cursor"),
            isBefore: before != nil
        )
        let found = try await context.untilClientLeaves {
            try await lockbox.requests(choice.filter, tenant: tenant, page: page, by: viewer.person)
        }
        let counts = try await context.untilClientLeaves {
            try await countStates(choice, tenant, viewer)
        }
        return RequestListPage(
            found,
            counts,
            choice,
            isFirst: page.cursor == nil,
            tenants: tenants,
            viewer
        )
    }

    /// Nil where too many people count just now: the list is of use without.
    private func countStates(
        _ choice: RequestChoice,
        _ tenant: String?,
        _ viewer: Viewer
    ) async throws -> [AccessRequest.StateName: Int]? {
        do {
            return try await lockbox.requestCounts(choice.filter, tenant: tenant, by: viewer.person)
        } catch StoreError.busy {
            return nil
        }
    }

    /// The tenants by identifier, for their names.
    func tenantsByID(_ viewer: Viewer) async throws -> [TenantID: Tenant] {
        try await lockbox.tenants(by: viewer.person).reduce(into: [:]) { $0[$1.id] = $1 }
    }
}
