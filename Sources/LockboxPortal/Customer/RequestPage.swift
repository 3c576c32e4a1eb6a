import LockboxDomain
import LockboxService

/// One access request as the customer's people see it: who wants what, why, until when it must be decided, and what
/// became of it.
struct RequestPage: Page {
    static let template = PageTemplate(PackageResources.request_mustache)

    enum FormKind: Sendable {
        case approve, deny, ask, stop
    }

    /// A form that was not taken.
    struct Refused: Sendable {
        let kind: FormKind
        let refusal: Refusal
        let form: Form
    }

    /// What the visitor can decide now.
    struct Deciding: Sendable {
        let form: DecisionForm
        let decideUntil: Moment
        let timeLeft: Countdown
        let milliseconds: Int64
        let consequences: [String]
        let denyComment: String
        let isDenyOpen: Bool
        let approveWrong: String?
        let denyWrong: String?
    }

    /// Access that is open, or will be.
    struct Running: Sendable {
        let isActive: Bool
        let grantedAccess: [String]
        let begin: Moment
        let end: Moment
        let clock: Countdown
        let useWords: String
        let lastUse: Moment?
        let mayStop: Bool
        let stopWrong: String?
    }

    /// What happened, once nothing can happen any more.
    struct Report: Sendable {
        let outcome: String
        let outcomeTone: String
        let outcomeAt: Moment?
        let said: String?
        let grantedAccess: [String]
        let begin: Moment?
        let end: Moment?
        let useWords: String?
        let removalProblems: [String]
        let hasGrant: Bool
    }

    let title: String
    let section: String? = "/lockbox"
    let liveTag: String?
    let id: String
    let number: String
    let summary: String
    let badge: Badge
    let conflict: [String]
    let isConflict: Bool
    let problems: Problems
    let deciding: Deciding?
    /// Why the reader decides nothing here, where somebody else does.
    let waitingWords: String?
    let waitingUntil: Moment?
    let waitingClock: Countdown?
    let running: Running?
    let report: Report?
    let facts: RequestFacts
    let progress: Progress
    let decisions: [DecisionLine]
    let hasDecisions: Bool
    let thread: MessageThread?
    let hasThread: Bool
    let mayAsk: Bool
    let askText: String
    let askWrong: String?
    let asksPassword: Bool
    let newRecord: String?
    let mayReadAudit: Bool
    let csrf: String
    let key: String

    init(
        _ reading: RequestReading, _ visit: Visit, asksPassword: Bool, newRecord: UInt64? = nil,
        refused: Refused? = nil
    ) {
        let (view, request) = (reading.view, reading.view.request)
        id = request.id.text
        number = id
        title = "Request \(request.id.text)"
        badge = Badge(view, for: visit.person.side)
        summary = Self.summary(reading)
        liveTag = Self.liveTag(reading)
        facts = RequestFacts(view, support: reading.support, companies: reading.companies)
        progress = Progress(view, companies: reading.companies)
        decisions = DecisionLine.all(of: view, companies: reading.companies)
        thread = reading.messages.map { MessageThread($0, for: visit.person.side, companies: reading.companies) }
        hasDecisions = !decisions.isEmpty
        hasThread = thread != nil
        mayAsk = !request.state.name.isTerminal && visit.person.mayDecide(for: request.terms.tenant)
        askText = refused?.kind == .ask ? refused?.form["text"] ?? "" : ""
        askWrong = refused?.kind == .ask ? refused?.refusal.words : nil
        self.asksPassword = asksPassword
        self.newRecord = newRecord.map(String.init)
        mayReadAudit = visit.holds([.approver, .admin, .auditor])
        csrf = visit.csrf
        key = visit.formKey

        let standing = Standing(reading, visit)
        deciding = standing.mayDecide ? Deciding(reading, refused: refused) : nil
        waitingWords = standing.words
        waitingUntil = standing.words == nil ? nil : request.state.decideBy.map { Moment($0) }
        waitingClock = standing.words == nil ? nil : request.state.decideBy.map { Countdown(until: $0, now: view.at) }
        running = Running(reading, visit, refused: refused)
        report = Report(reading)

        let changes = refused.map { Self.changes(reading, since: $0) } ?? []
        isConflict = !changes.isEmpty
        conflict = changes
        problems = changes.isEmpty ? refused.map { Problems([$0.refusal.words]) } ?? .none : .none
    }

    /// Changes with everything the page tells that time alone does not.
    static func liveTag(_ reading: RequestReading) -> String {
        let view = reading.view
        let removed = view.removals.count { $0.progress == .confirmed }
        let state = view.grantState?.rawValue ?? view.request.state.name.rawValue
        return "\(view.request.id.text)-\(view.request.version)-\(state)-\(removed)-\(view.useCount)-"
            + "\(reading.messages?.count ?? 0)"
    }

    static func summary(_ reading: RequestReading) -> String {
        let terms = reading.view.request.terms
        let verb = reading.view.request.state.name.isTerminal ? "asked" : "asks"
        return "\(reading.view.engineerName) of \(reading.companies.provider) \(verb) to "
            + "\(terms.scope.words.listed) for \(terms.duration.words)."
    }

    /// What happened between the making of a refused form and its arrival; empty where the form itself was wrong.
    private static func changes(_ reading: RequestReading, since refused: Refused) -> [String] {
        switch refused.refusal {
        case .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou, .nobodyCanApprove: break
        case _: return []
        }
        let request = reading.view.request
        var changes = request.decisions.dropFirst(reading.decisionsSeen(refused.form)).map { decision in
            let line = DecisionLine(decision, in: reading.view, companies: reading.companies)
            let less = line.narrowed.isEmpty ? "" : ", " + line.narrowed.joined(separator: ", ")
            return "\(line.decider) \(line.verdict) on \(line.decidedAt.words)\(less)."
        }
        if reading.hasUnreadMessages(refused.form) {
            changes.append("There is a new message that you have not seen. Read it, then decide.")
        }
        switch request.state {
        case .expired(let at, _): changes.append("The request expired on \(Moment(at).words). It gives no access.")
        case .withdrawn(let at, _):
            changes.append("\(reading.view.engineerName) withdrew the request on \(Moment(at).words).")
        case .ended(_, let ending):
            changes.append("Access is over since \(Moment(ending.at).words): \(reading.view.words(for: ending)).")
        case .scheduled, .active, .awaitingCustomer, .awaitingManager, .denied, .rejected: break
        }
        return changes.isEmpty ? [refused.refusal.words] : changes
    }
}

extension [String] {
    /// As in a sentence: `a, b and c`.
    var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Refusal {
    /// The sentence in the words of the decision form.
    fileprivate var words: String {
        switch self {
        case .invalid("comment", .missing): "Write why you deny. \(Self.reader)"
        case .invalid("text", .missing): "Write your question first."
        case .invalid("password", .missing): "Give your password, so that we know it is you."
        case .invalid("keep", _): "Keep at least one resource. To give nothing, deny."
        case .badCredentials: "The password is wrong. After too many wrong ones, no password is right for a while."
        case .invalid("comment", let problem), .invalid("text", let problem): "Your text \(problem.sentence)"
        case .exceedsRequest: "You can give less than what is asked for, and never more."
        case _: sentence
        }
    }

    private static let reader = "The engineer reads it."
}

// MARK: - Parts

/// Whether the reader may decide now, and if not, who does.
private struct Standing {
    let mayDecide: Bool
    let words: String?

    init(_ reading: RequestReading, _ visit: Visit) {
        let (view, request, person) = (reading.view, reading.view.request, visit.person)
        switch request.state {
        case .awaitingManager:
            mayDecide = false
            words =
                "\(reading.companies.provider) reviews this first. If a manager there says yes, "
                + "\(reading.companies.tenant) is asked. Until then there is nothing to decide."
        case .awaitingCustomer(_, _, let asked):
            let open = Self.openApprovals(request, reading.tenant, asked)
            if request.decisions.contains(where: { $0.person == person.id }) {
                mayDecide = false
                words = "You have approved. \(counted(Int64(open), "more approval")) needed before access begins."
            } else if !person.mayDecide(for: request.terms.tenant) {
                mayDecide = false
                words =
                    "Approvers and administrators of \(reading.companies.tenant) decide this. You can follow it here."
            } else if view.people[request.terms.engineer].map({ $0.isSame(as: person) }) ?? false {
                mayDecide = false
                words = "You asked for this access yourself, so somebody else must decide."
            } else {
                mayDecide = true
                words = nil
            }
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired:
            mayDecide = false
            words = nil
        }
    }

    /// Approvals still missing, by the stricter of the rule when the customer was asked and the rule now.
    static func openApprovals(_ request: AccessRequest, _ tenant: Tenant, _ asked: Int) -> Int {
        let given = request.decisions.count { $0.stage == .customer && $0.isApproval }
        return max(1, max(asked, tenant.policy.approvalsNeeded) - given)
    }
}

extension RequestPage.Deciding {
    fileprivate init?(_ reading: RequestReading, refused: RequestPage.Refused?) {
        guard case .awaitingCustomer(_, let decideBy, let asked) = reading.view.request.state else { return nil }
        let (approval, denial) = (refused?.kind == .approve, refused?.kind == .deny)
        form = DecisionForm(reading, typed: approval ? refused?.form : nil)
        decideUntil = Moment(decideBy)
        timeLeft = Countdown(until: decideBy, now: reading.view.at)
        milliseconds = decideBy.milliseconds
        consequences = Self.consequences(reading, asked)
        denyComment = denial ? refused?.form["comment"] ?? "" : ""
        isDenyOpen = denial
        approveWrong = approval ? refused?.refusal.words : nil
        denyWrong = denial ? refused?.refusal.words : nil
    }

    private static func consequences(_ reading: RequestReading, _ asked: Int) -> [String] {
        let (view, request) = (reading.view, reading.view.request)
        let missing = Standing.openApprovals(request, reading.tenant, asked)
        let longest = min(request.offered.duration, reading.tenant.policy.maxAccess)
        let begin = request.terms.notBefore.map { "on \($0.words())" } ?? "at once"
        var list: [String] = []
        if missing > 1 {
            list.append(
                "\(counted(Int64(missing - 1), "more approval")) needed after yours; until then no access begins.")
        }
        list.append(
            "\(missing > 1 ? "Then access" : "Access") begins \(begin), for \(view.engineerName) alone, "
                + "for \(longest.words) at the most.")
        list.append("It ends by itself: open connections are cut. You can stop it sooner on this page.")
        list.append("Every step stands in your audit log, and you get a report by mail when it is over.")
        return list
    }
}

extension RequestPage.Running {
    fileprivate init?(_ reading: RequestReading, _ visit: Visit, refused: RequestPage.Refused?) {
        let (view, isActive): (RequestView, Bool)
        let grant: Grant
        view = reading.view
        switch view.request.state {
        case .scheduled(let opened): (grant, isActive) = (opened, false)
        case .active(let opened): (grant, isActive) = (opened, true)
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired: return nil
        }
        self.isActive = isActive
        grantedAccess = grant.scope.words.map(\.capitalisedFirst)
        begin = Moment(grant.start)
        end = Moment(grant.end)
        clock = Countdown(until: isActive ? grant.end : grant.start, now: view.at)
        useWords = view.useCount == 0 ? "Not used yet" : "Used \(counted(Int64(view.useCount), "time"))"
        lastUse = view.lastUse.map { Moment($0) }
        mayStop = visit.person.mayDecide(for: view.request.terms.tenant)
        stopWrong = refused?.kind == .stop ? refused?.refusal.words : nil
    }
}

extension RequestPage.Report {
    fileprivate init?(_ reading: RequestReading) {
        let view = reading.view
        var ended: Grant?
        var problems: [String] = []
        switch view.request.state {
        case .awaitingManager, .awaitingCustomer, .scheduled, .active: return nil
        case .ended(let grant, let ending):
            ended = grant
            (outcome, outcomeTone, outcomeAt, said) = (
                "Access is over: \(view.words(for: ending)).", "quiet", Moment(ending.at), ending.comment
            )
            problems = view.removals.filter { $0.progress == .failed }.map { removal in
                "The service \(removal.service) has not confirmed that nothing is left open. "
                    + "Lockbox keeps trying. Its credentials are refused in any case."
            }
        case .denied(let at):
            (outcome, outcomeTone, outcomeAt, said) = ("Denied. No access comes of it.", "quiet", Moment(at), nil)
        case .rejected(let at):
            (outcome, outcomeTone, outcomeAt, said) = (
                "Rejected by \(reading.companies.provider) itself. You were not asked.", "quiet", Moment(at), nil
            )
        case .withdrawn(let at, let comment):
            (outcome, outcomeTone, outcomeAt, said) = (
                "Withdrawn before it was decided. No access comes of it.", "quiet", Moment(at), comment
            )
        case .expired(let at, let stage):
            let who = stage == .awaitingManager ? "\(reading.companies.provider)'s managers" : "you"
            (outcome, outcomeTone, outcomeAt, said) = (
                "Expired: the time for \(who) to decide was over. No access comes of it.", "quiet", Moment(at), nil
            )
        }
        let began = ended.flatMap { grant in
            view.request.state.ending.map { $0.at > grant.start } == true ? grant : nil
        }
        hasGrant = began != nil
        grantedAccess = began?.scope.words.map(\.capitalisedFirst) ?? []
        begin = began.map { Moment($0.start, withSeconds: true) }
        end = began == nil ? nil : view.request.state.ending.map { Moment($0.at, withSeconds: true) }
        useWords = view.useCount == 0 ? "Not used" : "Used \(counted(Int64(view.useCount), "time"))"
        removalProblems = problems
    }
}
