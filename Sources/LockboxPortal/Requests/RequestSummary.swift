import LockboxDomain
import LockboxService

/// What a request comes to now, in a sentence: what is asked for, what may be done, or what could
/// be (`{{#summary}}{{> request-summary}}{{/summary}}`).
struct RequestSummary: Sendable {
    let sentence: String
    let summaryFrom: ShownTime?
    let summaryUntil: ShownTime?
    /// Whether less was given than was asked for.
    let isLess: Bool

    /// `side` is the reader's.
    init(_ view: RequestView, for side: Side, companies: Companies) {
        let (request, terms) = (view.request, view.request.terms)
        // Who asked is not always who gets the access.
        let name = request.state.grant == nil ? view.askerName : view.engineerName
        let who =
            switch side {
            case .tenant: "\(name) of \(companies.provider)"
            case .provider: name
            }
        let whose =
            switch side {
            case .tenant: ""
            case .provider: " of \(companies.tenant)"
            }
        var from: Timestamp?
        let verb: String
        switch request.state {
        case .awaitingManager, .awaitingCustomer: verb = "asks\(view.onBehalf) to"
        case .rejected, .denied, .withdrawn, .expired: verb = "asked\(view.onBehalf) to"
        case .scheduled(let grant):
            (verb, from) = (view.unrecordedEnd == nil ? "may" : "was to", grant.start)
        case .active: verb = view.unrecordedEnd == nil ? "may" : "could"
        case .ended(let grant, _):
            verb = view.wasOpen ? "could" : "was to"
            from = view.wasOpen ? nil : grant.start
        }
        guard let grant = request.state.grant else {
            let offered = request.offered
            isLess = offered != (terms.duration, terms.scope)
            sentence =
                "\(who) \(verb) \(offered.scope.shortWords)\(whose) for \(offered.duration.words)"
            (summaryFrom, summaryUntil) = (nil, nil)
            return
        }
        isLess = grant.scope != terms.scope || grant.end - grant.start < terms.duration
        sentence = "\(who) \(verb) \(grant.scope.shortWords)\(whose)"
        summaryFrom = from.map { ShownTime($0) }
        let ended = request.state.ending?.at ?? view.unrecordedEnd
        summaryUntil = ShownTime(from == nil ? ended ?? grant.end : grant.end)
    }
}

extension Badge {
    /// That data can be changed by the access, or could be; nil where it cannot, and where none was
    /// or will be given.
    init?(changesBy view: RequestView) {
        let state = view.request.state
        guard (state.grant?.scope ?? view.request.offered.scope).allowsChanges else { return nil }
        switch state {
        case .awaitingManager, .awaitingCustomer: self.init("Asks to change data", .change)
        case .scheduled, .active, .ended:
            if view.unrecordedEnd == nil, state.ending == nil {
                self.init("Can change data", .change)
            } else if view.wasOpen {
                self.init("Could change data", .quiet)
            } else {
                return nil
            }
        case .rejected, .denied, .withdrawn, .expired: return nil
        }
    }
}
