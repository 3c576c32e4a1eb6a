import LockboxDomain
import LockboxPorts
import LockboxService

/// One access request in a list of the request tool (`{{> access-row}}`).
struct AccessRow: Sendable {
    let rowNumber: String
    /// What it is about, in one line.
    let rowTitle: String
    /// Whose data, who asks, and for which support request.
    let rowContext: String
    let rowBadge: Badge
    let rowAskedAt: Moment
    /// What the time that is left is left for.
    let rowClockFor: String?
    let rowClock: Countdown?
    /// What the reader should know before she opens it.
    let rowHint: String?

    init(_ view: RequestView, tenants: [TenantID: Tenant], visit: Visit, hint: String? = nil) {
        let terms = view.request.terms
        rowNumber = view.request.id.text
        rowTitle = "\(terms.scope.shortWords.capitalisedFirst), \(terms.duration.words)"
        let company = tenants[terms.tenant]?.name ?? terms.tenant.text
        let asker = terms.engineer == visit.person.id ? "you" : view.engineerName
        rowContext = "\(company) · \(asker) · \(terms.supportRequest)"
        rowBadge = Badge(view, for: .provider)
        rowAskedAt = Moment(view.request.createdAt)
        rowHint = hint
        switch view.request.state {
        case .awaitingManager(let decideBy):
            (rowClockFor, rowClock) = ("To review", Countdown(until: decideBy, now: view.at))
        case .awaitingCustomer(_, let decideBy, _):
            (rowClockFor, rowClock) = ("To decide", Countdown(until: decideBy, now: view.at))
        case .scheduled(let grant):
            (rowClockFor, rowClock) = (
                "Until it begins", Countdown(until: grant.start, now: view.at)
            )
        case .active(let grant):
            (rowClockFor, rowClock) = ("Until the end", Countdown(until: grant.end, now: view.at))
        case .ended, .rejected, .denied, .withdrawn, .expired:
            (rowClockFor, rowClock) = (nil, nil)
        }
    }
}

extension Scope {
    /// The first resource in words, and how many there are besides.
    var shortWords: String {
        let words = words
        guard let first = words.first, words.count > 1 else { return words.first ?? "" }
        return "\(first) and \(counted(Int64(words.count - 1), "more resource"))"
    }
}

extension RequestView {
    /// Changes with everything that a list tells of it and time alone does not change.
    var rowTag: String {
        "\(request.id.text).\(request.version).\(grantState?.rawValue ?? request.state.name.rawValue).\(useCount)"
    }
}

extension Visit {
    var isEngineer: Bool { holds(.engineer) }
    var isManager: Bool { holds(.manager) }
    /// Whether the use cases show requests and tenants to her; a provider's auditor reads the log
    /// alone.
    var seesRequests: Bool { holds([.engineer, .manager, .operator]) }
}

extension PortalSite {
    /// The tenants by identifier, for their names.
    func tenantsByID(_ visit: Visit) async throws -> [TenantID: Tenant] {
        Dictionary(
            uniqueKeysWithValues: try await lockbox.tenants(by: visit.person).map { ($0.id, $0) }
        )
    }
}
