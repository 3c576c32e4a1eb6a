import LockboxDomain
import LockboxService

/// One access request as the customer's people see it: who wants what, why, until when it must be
/// decided, and what became of it.
struct RequestPage: Page {
    static let template = PageTemplate(PackageResources.request_mustache)

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

    let title: String
    let section: String? = "/lockbox"
    let liveTag: String?
    let id: String
    let number: String
    let summary: String
    let badge: Badge
    let conflict: [String]
    let isConflict: Bool
    /// What had been typed into a form that is not there any more.
    let keptText: String?
    let problems: Problems
    let deciding: Deciding?
    /// Why the reader decides nothing here, where somebody else does.
    let waitingWords: String?
    let waitingUntil: Moment?
    let waitingClock: Countdown?
    let running: RunningAccess?
    let report: RequestReport?
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
        _ reading: RequestReading,
        _ visit: Visit,
        asksPassword: Bool,
        newRecord: UInt64? = nil,
        refused: RefusedForm? = nil
    ) {
        let (view, request) = (reading.view, reading.view.request)
        id = request.id.text
        number = id
        title = "Request \(request.id.text)"
        badge = Badge(view, for: visit.person.side)
        summary = Self.summary(reading)
        liveTag = reading.liveTag
        facts = RequestFacts(view, support: reading.support, companies: reading.companies)
        progress = Progress(view, companies: reading.companies)
        decisions = DecisionLine.all(of: view, companies: reading.companies)
        thread = reading.messages.map {
            MessageThread($0, for: visit.person.side, companies: reading.companies)
        }
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
        waitingClock =
            standing.words == nil
            ? nil : request.state.decideBy.map { Countdown(until: $0, now: view.at) }
        running = RunningAccess(reading, visit, refused: refused)
        report = RequestReport(reading)

        let changes = refused.map { reading.changes(since: $0) } ?? []
        isConflict = !changes.isEmpty
        conflict = changes
        let typed = refused?.typed
        let isShownAgain = deciding != nil || running != nil || (refused?.kind == .ask && mayAsk)
        keptText = isShownAgain ? nil : typed
        problems = changes.isEmpty ? refused.map { Problems([$0.refusal.words]) } ?? .none : .none
    }

    static func summary(_ reading: RequestReading) -> String {
        let terms = reading.view.request.terms
        let verb = reading.view.request.state.name.isTerminal ? "asked" : "asks"
        return "\(reading.view.engineerName) of \(reading.companies.provider) \(verb) to "
            + "\(terms.scope.words.listed) for \(terms.duration.words)."
    }
}

extension [String] {
    /// As in a sentence: `a, b and c`.
    var listed: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
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
            let open = reading.missingApprovals(asked: asked)
            if request.decisions.contains(where: { $0.person == person.id }) {
                mayDecide = false
                words =
                    "You have approved. \(counted(Int64(open), "more approval")) needed before access begins."
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
}

extension RequestPage.Deciding {
    fileprivate init?(_ reading: RequestReading, refused: RefusedForm?) {
        guard case .awaitingCustomer(_, let decideBy, let asked) = reading.view.request.state else {
            return nil
        }
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
        let missing = reading.missingApprovals(asked: asked)
        let longest = min(request.offered.duration, reading.tenant.policy.maxAccess)
        let begin = request.terms.notBefore.map { "on \($0.words())" } ?? "at once"
        var list: [String] = []
        if missing > 1 {
            list.append(
                "\(counted(Int64(missing - 1), "more approval")) needed after yours; until then no access begins."
            )
        }
        list.append(
            "\(missing > 1 ? "Then access" : "Access") begins \(begin), for \(view.engineerName) alone, "
                + "for \(longest.words) at the most."
        )
        list.append(
            "It ends by itself: open connections are cut. You can stop it sooner on this page."
        )
        list.append(
            "Every step stands in your audit log, and you get a report by mail when it is over."
        )
        return list
    }
}
