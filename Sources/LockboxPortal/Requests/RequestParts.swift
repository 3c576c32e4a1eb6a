import LockboxDomain
import LockboxPorts
import LockboxService

// What pages of both sides say about an access request. Each part is made from what a use case
// answered, and has a partial template of the same purpose.

/// What the two organisations that a request concerns are called.
struct Companies: Sendable {
    let provider: String
    let tenant: String

    func name(of side: Side) -> String {
        switch side {
        case .provider: provider
        case .tenant: tenant
        }
    }
}

extension RequestView {
    /// The name of somebody the request speaks of, as the reader is told it; a program's with its mark.
    func name(of id: PersonID) -> String { shown(id)?.markedName ?? "somebody" }

    var engineerName: String { name(of: request.terms.engineer) }

    /// Who asks: a program, where one does so for the engineer.
    var askerName: String { name(of: request.terms.askedBy ?? request.terms.engineer) }

    /// What follows the asker: ` on behalf of Eve Engineer`; nothing where she asks herself.
    var onBehalf: String {
        request.terms.askedOnBehalfBy == nil ? "" : " on behalf of \(engineerName)"
    }

    /// What follows the engineer: `, asked for by Backup checker (a program)`; nothing where she asked
    /// herself.
    var askerNote: String {
        request.terms.askedOnBehalfBy.map { ", asked for by \(name(of: $0))" } ?? ""
    }

    /// Whether no human being gets the access.
    var isForProgram: Bool { people[request.terms.engineer]?.isProgram ?? false }

    /// How often its credentials were presented, all together.
    var useCount: Int { uses.reduce(0) { $0 + $1.count } }

    var lastUse: Timestamp? { uses.map(\.last).max() }

    /// Whether access was open for a moment at least.
    var wasOpen: Bool {
        guard let grant = request.state.grant else { return false }
        return request.state.ending.map { $0.at > grant.start } ?? (at > grant.start)
    }

    /// Whether `person` asked for it herself, under whichever record.
    func isOwn(of person: Person) -> Bool {
        people[request.terms.engineer]?.isSame(as: person) ?? (request.terms.engineer == person.id)
    }
}

/// What is asked for, by whom and why (`{{#facts}}{{> request-facts}}{{/facts}}`).
struct RequestFacts: Sendable {
    let asker: String
    let askerRole: String
    let askerEmail: String
    /// For whom a program asks; nil where whoever asks gets the access.
    let onBehalfOf: String?
    let onBehalfOfEmail: String?
    let supportNumber: String
    /// Two tenants may use one number.
    let askedTenant: String
    /// Nil where the reader may not see the support request itself.
    let supportSubject: String?
    let supportText: String?
    let supportOpener: String?
    let supportURL: String?
    /// One line for each resource, with a capital: `Read the mailbox sue@contoso.test`.
    let askedAccess: [String]
    let askedDuration: String
    /// Nil where access starts as soon as it is approved.
    let askedStart: ShownTime?
    let reason: String
    let askedAt: ShownTime

    init(_ view: RequestView, support: SupportView?, companies: Companies) {
        let (terms, engineer) = (view.request.terms, view.people[view.request.terms.engineer])
        let program = terms.askedBy.flatMap { view.people[$0] }
        asker = view.askerName
        askerRole = "\(program == nil ? "engineer of" : "of") \(companies.provider)"
        askerEmail = (program ?? engineer)?.email.text ?? ""
        let isOnBehalf = terms.askedOnBehalfBy != nil
        onBehalfOf = isOnBehalf ? view.engineerName : nil
        onBehalfOfEmail = isOnBehalf ? engineer?.email.text : nil
        supportNumber = terms.supportRequest.text
        askedTenant = terms.tenant.text
        supportSubject = support?.support.subject
        supportText = support?.support.description
        supportOpener = support?.openedBy.name
        supportURL = support?.support.url
        askedAccess = terms.scope.words.map(\.capitalisedFirst)
        askedDuration = terms.duration.words
        askedStart = terms.notBefore.map { ShownTime($0) }
        reason = terms.reason
        askedAt = ShownTime(view.request.createdAt)
    }
}

extension String {
    /// With its first letter large: only that, names keep theirs.
    var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension [String] {
    /// As in a sentence: `a, b and c`.
    var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Scope {
    /// Each resource where there are one or two of them, else how many can be changed and read: a
    /// change is never hidden behind what comes first.
    var shortWords: String { accesses.count <= 2 ? words.listed : countedWords }
}

/// What was done with access (`{{#operations}}{{> operations}}{{/operations}}`).
struct ShownOperations: Sendable {
    /// `12 reads and 1 change`.
    let doneWords: String
    /// What most was done to.
    let doneTo: [String]
    /// To all of them, for those who may read the customer's log.
    let doneLink: String?

    /// Nil where no service told of anything.
    init?(_ view: RequestView, _ viewer: Viewer) {
        guard let words = view.operations.words else { return nil }
        doneWords = words
        doneTo = view.operations.subjects(PortalLimits.subjects)
        let number = view.request.id.text
        doneLink =
            viewer.oversees ? "/audit?activity=access.operations&request=\(number)" : nil
    }
}

// MARK: - State

extension Badge {
    /// Where `view` stands, for a reader of `side`.
    init(_ view: RequestView, for side: Side) {
        if view.unrecordedEnd != nil {
            self.init("Over, not recorded yet", .bad)
        } else if view.grantState == .ended, view.mayBeConnected {
            self.init("Ended, may be connected", .waiting)
        } else if let grant = view.grantState {
            self.init(grant)
        } else {
            self.init(view.request.state.name, for: side)
        }
    }

    init(_ grant: RequestView.GrantState) {
        switch grant {
        case .scheduled: self.init("Approved, scheduled", .good)
        case .active: self.init("Access open", .live)
        case .removing: self.init("Ended – closing connections", .waiting)
        case .removalFailed: self.init("Ended – not confirmed closed", .bad)
        case .ended: self.init("Ended", .quiet)
        }
    }

    init(_ state: AccessRequest.StateName, for side: Side) {
        switch state {
        case .awaitingManager:
            self.init(
                side == .provider ? "Waiting for a manager" : "With the provider's manager",
                .waiting
            )
        case .awaitingCustomer:
            self.init(side == .provider ? "Waiting for the customer" : "Needs a decision", .waiting)
        case .scheduled: self.init(.scheduled)
        case .active: self.init(.active)
        case .ended: self.init(.ended)
        case .rejected: self.init("Rejected by a manager", .quiet)
        case .denied: self.init("Denied", .bad)
        case .withdrawn: self.init("Withdrawn", .quiet)
        case .expired: self.init("Expired", .quiet)
        }
    }
}

// MARK: - Progress

/// The way of a request, from the asking to the end of access (`{{#progress}}{{>
/// progress}}{{/progress}}`).
struct Progress: Sendable {
    struct Step: Sendable {
        enum State: String, Sendable {
            case done, now, failed
            /// Not reached, and perhaps never.
            case open

            var words: String {
                switch self {
                case .done: "done"
                case .now: "now"
                case .failed: "stopped here"
                case .open: "not reached"
                }
            }
        }

        let stepName: String
        /// The class of the mark beside it.
        let mark: String
        /// The same for those who do not see the mark.
        let markWords: String
        /// Who did what, or is waited for.
        let account: String
        let stepAt: ShownTime?

        init(_ name: String, _ state: State, _ account: String, at: Timestamp? = nil) {
            stepName = name
            mark = state.rawValue
            markWords = state.words
            self.account = account
            stepAt = at.map { ShownTime($0) }
        }
    }

    let steps: [Step]

    init(_ view: RequestView, companies: Companies) {
        let request = view.request
        steps = [
            Step(
                "Asked",
                .done,
                "\(view.askerName), \(companies.provider)"
                    + (view.onBehalf.isEmpty ? "" : ",\(view.onBehalf)"),
                at: request.createdAt
            ),
            Self.review(.manager, of: view, by: companies.provider),
            Self.review(.customer, of: view, by: companies.tenant),
            Self.access(view), Self.end(view),
        ]
    }

    private static func review(_ stage: Decision.Stage, of view: RequestView, by company: String)
        -> Step
    {
        let name = stage == .manager ? "Review by \(company)" : "Decision of \(company)"
        let waiting: AccessRequest.StateName =
            stage == .manager ? .awaitingManager : .awaitingCustomer
        let made = view.request.decisions.filter { $0.stage == stage }
        let names = made.map { view.name(of: $0.person) }.joined(separator: ", ")
        if let no = made.first(where: { !$0.isApproval }) {
            return Step(name, .failed, "\(view.name(of: no.person)) denied it", at: no.at)
        }
        switch view.request.state {
        case .awaitingManager(let decideBy), .awaitingCustomer(_, let decideBy, _):
            if view.request.state.name == waiting {
                let soFar = made.isEmpty ? "" : "approved by \(names) so far; "
                return Step(name, .now, "\(soFar)waiting, until", at: decideBy)
            }
        case .expired(let at, let stopped):
            if stopped == waiting { return Step(name, .failed, "nobody decided in time", at: at) }
        case .withdrawn(let at, let comment):
            let isHere =
                stage == .manager
                ? made.isEmpty : view.request.decisions.contains { $0.stage == .manager }
            if isHere {
                let by = view.request.terms.askedBy == nil ? " by \(view.engineerName)" : ""
                return Step(name, .failed, comment ?? "withdrawn\(by)", at: at)
            }
        case .scheduled(let grant), .active(let grant), .ended(let grant, _):
            if stage == .customer, grant.basis == .policy {
                return Step(
                    name,
                    .done,
                    "not asked: approval was switched off or not in the plan",
                    at: grant.start
                )
            }
        case .rejected, .denied: break
        }
        guard let last = made.last else { return Step(name, .open, "") }
        return Step(name, .done, "approved by \(names)", at: last.at)
    }

    private static func access(_ view: RequestView) -> Step {
        switch view.request.state {
        case .scheduled(let grant): Step("Access", .now, "approved; begins", at: grant.start)
        case .active(let grant): Step("Access", .now, "open since", at: grant.start)
        case .ended(let grant, _):
            view.wasOpen
                ? Step("Access", .done, "began", at: grant.start)
                : Step("Access", .open, "ended before it began")
        case .awaitingManager, .awaitingCustomer: Step("Access", .open, "")
        case .rejected, .denied, .withdrawn, .expired:
            Step("Access", .open, "none")
        }
    }

    private static func end(_ view: RequestView) -> Step {
        if let end = view.unrecordedEnd {
            return Step("End", .failed, "over, not recorded yet", at: end)
        }
        return switch view.request.state {
        case .scheduled(let grant), .active(let grant):
            Step("End", .open, "by itself", at: grant.end)
        case .ended(_, let ending):
            view.grantState == .removalFailed
                ? Step(
                    "End",
                    .failed,
                    "\(view.words(for: ending)); a service has not confirmed it yet",
                    at: ending.at
                )
                : Step(
                    "End",
                    .done,
                    [view.words(for: ending), view.leftOpenWords].compactMap(\.self)
                        .joined(separator: "; "),
                    at: ending.at
                )
        case .awaitingManager, .awaitingCustomer, .rejected, .denied, .withdrawn, .expired:
            Step("End", .open, "")
        }
    }
}

extension RequestView {
    /// Why access ended, as in "it ended: …".
    func words(for ending: Ending) -> String {
        ending.reason.words + (ending.by.map { " by \(name(of: $0))" } ?? "")
    }
}

// MARK: - Decisions

/// One yes or no with what it took away (`{{#decisions}}{{> decision-line}}{{/decisions}}`).
struct DecisionLine: Sendable {
    let decider: String
    /// `manager of Example Cloud`; nil where the reader is told no name, which says it already.
    let deciderRole: String?
    let verdict: String
    let verdictTone: String
    let decidedAt: ShownTime
    let decisionComment: String?
    /// What was given less of than was asked for.
    let narrowed: [String]

    init(_ decision: Decision, in view: RequestView, companies: Companies) {
        decider = view.name(of: decision.person)
        let isManager = decision.stage == .manager
        let isNamed = view.shown(decision.person)?.email != nil
        deciderRole =
            isManager
            ? "manager of \(companies.provider)" : isNamed ? "for \(companies.tenant)" : nil
        decidedAt = ShownTime(decision.at)
        decisionComment = decision.comment
        switch decision.verdict {
        case .approve(let narrowing):
            (verdict, verdictTone) = ("approved", Badge.Tone.good.rawValue)
            narrowed = Self.words(narrowing, asked: view.request.terms)
        case .deny:
            (verdict, verdictTone) = (isManager ? "rejected" : "denied", Badge.Tone.bad.rawValue)
            narrowed = []
        }
    }

    /// Those of `view` in their order.
    static func all(of view: RequestView, companies: Companies) -> [DecisionLine] {
        view.request.decisions.map { DecisionLine($0, in: view, companies: companies) }
    }

    private static func words(_ narrowing: Decision.Narrowing, asked: AccessRequest.Terms)
        -> [String]
    {
        var words: [String] = []
        if let duration = narrowing.duration, duration != asked.duration {
            words.append("for \(duration.words) instead of \(asked.duration.words)")
        }
        if let scope = narrowing.scope, scope != asked.scope {
            words.append("only: " + scope.words.joined(separator: "; "))
        }
        return words
    }
}

// MARK: - Messages

/// Questions and answers on a request (`{{#thread}}{{> thread}}{{/thread}}`).
struct MessageThread: Sendable {
    struct Line: Sendable {
        let author: String
        /// Nil where the reader is told no name, which says it already.
        let authorCompany: String?
        /// Whether it is of the reader's own organisation.
        let isOurs: Bool
        let messageText: String
        let messageAt: ShownTime
        let number: Int
    }

    let lines: [Line]

    /// `side` is the reader's.
    init(_ messages: [MessageView], for side: Side, companies: Companies) {
        lines = messages.map { view in
            Line(
                author: view.author.markedName,
                authorCompany: view.author.email == nil
                    ? nil : companies.name(of: view.author.side),
                isOurs: view.author.side == side,
                messageText: view.message.text,
                messageAt: ShownTime(view.message.at),
                number: view.message.number
            )
        }
    }
}
