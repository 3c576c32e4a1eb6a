import LockboxDomain
import LockboxService

/// One access request as the provider's people see it: where it stands, what they can do next, and
/// what became of it.
struct AccessPage: Page {
    static let template = PageTemplate(PackageResources.access_mustache)

    enum FormKind: Sendable {
        case approve, reject, credential, write, withdraw, finish, revoke
    }

    /// A form that was not taken.
    struct Refused: Sendable {
        let kind: FormKind
        let refusal: Refusal
        let form: Form

        /// What had been typed into the form of `kind`.
        func text(_ name: String, of kind: FormKind) -> String? {
            self.kind == kind ? form[name] : nil
        }
        func words(of kind: FormKind) -> String? { self.kind == kind ? refusal.accessWords : nil }
    }

    let title: String
    let section: String? = "/requests"
    let liveTag: String?
    let number: String
    let summary: String
    let badge: Badge
    let tenantID: String
    let tenantName: String
    let conflict: [String]
    let isConflict: Bool
    let keptText: String?
    let problems: Problems
    /// What a manager can decide now.
    let review: Review?
    /// What happens next where the reader decides nothing.
    let nextWords: String?
    let nextUntil: Moment?
    let nextClock: Countdown?
    let running: Running?
    let closing: Closing?
    let facts: RequestFacts
    let progress: Progress
    let decisions: [DecisionLine]
    let hasDecisions: Bool
    let thread: MessageThread
    let mayWrite: Bool
    let writeText: String
    let writeWrong: String?
    /// Why the engineer may want to ask again, where she can.
    let extensionWords: String?
    let extensionLabel: String
    let mayWithdraw: Bool
    let withdrawComment: String
    let withdrawWrong: String?
    let letters: LetterList
    let asksPassword: Bool
    let csrf: String
    let key: String

    init(_ reading: AccessReading, _ visit: Visit, asksPassword: Bool, refused: Refused? = nil) {
        let (view, request) = (reading.view, reading.view.request)
        let isMine = request.terms.engineer == visit.person.id
        number = request.id.text
        title = "Request \(request.id.text)"
        badge = Badge(view, for: .provider)
        summary = Self.summary(reading)
        (tenantID, tenantName) = (reading.tenant.id.text, reading.tenant.name)
        liveTag = reading.tag
        facts = RequestFacts(view, support: reading.support, companies: reading.companies)
        progress = Progress(view, companies: reading.companies)
        decisions = DecisionLine.all(of: view, companies: reading.companies)
        hasDecisions = !decisions.isEmpty
        thread = MessageThread(reading.messages, for: .provider, companies: reading.companies)
        let isOver = request.state.name.isTerminal
        mayWrite = !isOver && (visit.isManager || (isMine && visit.isEngineer))
        writeText = refused?.text("text", of: .write) ?? ""
        writeWrong = refused?.words(of: .write)
        extensionWords = isMine && visit.isEngineer ? Self.extensionWords(request) : nil
        extensionLabel = request.state.name == .active ? "Ask for an extension" : "Ask again"
        mayWithdraw = isMine && request.state.decideBy != nil
        withdrawComment = refused?.text("comment", of: .withdraw) ?? ""
        withdrawWrong = refused?.words(of: .withdraw)
        letters = LetterList(reading)
        self.asksPassword = asksPassword
        csrf = visit.csrf
        key = visit.formKey

        review = Review(reading, visit, refused: refused)
        nextWords = review == nil ? Self.nextWords(reading, visit) : nil
        nextUntil = nextWords == nil ? nil : request.state.decideBy.map { Moment($0) }
        nextClock =
            nextWords == nil
            ? nil : request.state.decideBy.map { Countdown(until: $0, now: view.at) }
        running = Running(reading, visit, refused: refused)
        closing = Closing(reading)

        conflict = refused.map { Self.changes(reading, since: $0) } ?? []
        isConflict = !conflict.isEmpty
        keptText = isConflict ? refused.flatMap { $0.form["comment"] ?? $0.form["text"] } : nil
        problems = isConflict ? .none : refused.map { Problems([$0.refusal.accessWords]) } ?? .none
    }

    private static func summary(_ reading: AccessReading) -> String {
        let terms = reading.view.request.terms
        let verb = reading.view.request.state.name.isTerminal ? "asked" : "asks"
        return
            "\(reading.view.engineerName) \(verb) to \(terms.scope.shortWords) of \(reading.companies.tenant) "
            + "for \(terms.duration.words)."
    }

    private static func extensionWords(_ request: AccessRequest) -> String? {
        switch request.state {
        case .active: "Need longer? Ask in time: it is a new request, and needs new approvals."
        case .ended: "Not solved? Ask again: it is a new request, and needs new approvals."
        case .rejected, .denied, .withdrawn, .expired:
            "You can ask again, perhaps for less or with a better reason: it is a new request, and needs new approvals."
        case .awaitingManager, .awaitingCustomer, .scheduled: nil
        }
    }

    private static func nextWords(_ reading: AccessReading, _ visit: Visit) -> String? {
        let (view, request) = (reading.view, reading.view.request)
        let isMine = view.isOwn(of: visit.person)
        switch request.state {
        case .awaitingManager:
            if isMine && visit.isManager {
                return
                    "Yours: nobody decides on a request of their own. Another manager must review it."
            }
            return
                "A manager of \(reading.companies.provider) reviews it first. If nobody does in time, it expires, "
                + "and nobody gets access."
        case .awaitingCustomer(_, _, let needed):
            let given = request.decisions.count { $0.stage == .customer && $0.isApproval }
            let open = max(1, max(needed, reading.tenant.policy.approvalsNeeded) - given)
            let more =
                given == 0
                ? counted(Int64(open), "approval") : counted(Int64(open), "more approval")
            let mail = isMine ? " You get a mail as soon as it is decided." : ""
            return
                "\(reading.companies.tenant) decides: \(more) needed.\(mail) If nobody does in time, it expires."
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired: return nil
        }
    }

    /// What happened between the making of a refused form and its arrival; empty where the form
    /// itself was wrong.
    private static func changes(_ reading: AccessReading, since refused: Refused) -> [String] {
        switch refused.refusal {
        case .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .accessNotActive:
            break
        case .alreadyExists, .keyReused: return [refused.refusal.accessWords]
        case _: return []
        }
        let request = reading.view.request
        // Who sent another form than a review knew the decisions already.
        let isReview = refused.kind == .approve || refused.kind == .reject
        var changes = (isReview ? request.decisions : []).map { decision in
            let line = DecisionLine(decision, in: reading.view, companies: reading.companies)
            return
                "\(line.decider), \(line.deciderRole), \(line.verdict) on \(line.decidedAt.words)."
        }
        switch request.state {
        case .expired(let at, _):
            changes.append("The request expired on \(at.words()). It gives no access.")
        case .withdrawn(let at, _):
            changes.append("\(reading.view.engineerName) withdrew the request on \(at.words()).")
        case .ended(_, let ending):
            changes.append(
                "Access is over since \(ending.at.words()): \(reading.view.words(for: ending))."
            )
        case .awaitingCustomer: changes.append("It waits for \(reading.companies.tenant) now.")
        case .scheduled, .active, .awaitingManager, .denied, .rejected: break
        }
        return changes.isEmpty ? [refused.refusal.accessWords] : changes
    }
}

extension Refusal {
    /// The sentence in the words of the forms on a request's page.
    fileprivate var accessWords: String {
        switch self {
        case .invalid("comment", .missing): "Write why you reject it. The engineer reads it."
        case .invalid("text", .missing): "Write your message first."
        case .invalid("password", .missing): "Give your password, so that we know it is you."
        case .invalid("comment", let problem), .invalid("text", let problem):
            "Your text \(problem.sentence)"
        case .badCredentials:
            "The password is wrong. After too many wrong ones, no password is right for a while."
        case .alreadyExists(.credential):
            "This form was sent before, and its credential was shown then. A credential is shown only once; get "
                + "another one below."
        case .keyReused: "This page was out of date. Here it is anew: please press again."
        case .versionRequired: "This page was out of date. Here it is anew: please decide again."
        case .stale:
            "The request has changed since you opened the page. Read it again, then decide."
        case _: sentence
        }
    }
}
