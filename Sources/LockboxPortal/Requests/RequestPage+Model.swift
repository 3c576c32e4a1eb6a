import LockboxAudit
import LockboxDomain
import LockboxService

/// One access request as its reader may see it: who wants what and why, where it stands, what the
/// reader can do next, and what became of it.
struct RequestPage: Page {
    static let template = PageTemplate(PackageResources.request_mustache)

    /// What happens next where the reader decides nothing.
    struct Next: Sendable {
        let nextWords: String
        let nextUntil: ShownTime?
        let nextClock: Countdown?
    }

    let title: String
    let section: String?
    let liveTag: String?
    let isCustomer: Bool
    let number: String
    let summary: RequestSummary
    let badge: Badge
    let changeBadge: Badge?
    let tenantID: String
    let tenantName: String
    let conflict: [String]
    let isConflict: Bool
    /// What had been typed into a form that is not there any more.
    let keptText: String?
    let problems: Problems
    let unreached: String?
    let next: Next?
    let deciding: Deciding?
    let running: Running?
    let outcome: Outcome?
    let facts: RequestFacts
    let progress: Progress
    let decisions: [DecisionLine]
    /// Nil where the reader may not see it.
    let thread: MessageThread?
    let mayWrite: Bool
    let messageText: String
    let messageWrong: String?
    /// Why the engineer may want to ask again, where she can.
    let extensionWords: String?
    let extensionLabel: String
    let mayWithdraw: Bool
    let withdrawComment: String
    let withdrawWrong: String?
    let letters: LetterList
    let stepUp: StepUp?
    /// Whether the reader's yes is signed on a page of its own.
    let isSigned: Bool
    /// The log's record of what the reader has just done.
    /// When texts of it went, by whom and why.
    let erasures: [ShownErasure]
    let newRecord: String?
    let mayReadAudit: Bool
    /// Once nothing of it is open any more.
    let hasReceipt: Bool
    let printed: Printed
    let csrf: String
    let key: String

    init(
        _ reading: RequestReading,
        _ viewer: Viewer,
        stepUp: StepUp?,
        newRecord: UInt64? = nil,
        erasures: [RecordedErasure] = [],
        refused: RefusedForm? = nil
    ) {
        let (view, request) = (reading.view, reading.view.request)
        section = viewer.side.requestsPath
        liveTag = reading.liveTag
        isCustomer = viewer.isCustomer
        number = request.id.text
        title = "Request \(request.id.text)"
        badge =
            reading.isAskedBack
            ? Badge("Question asked", .waiting) : Badge(view, for: viewer.side)
        changeBadge = Badge(changesBy: view)
        summary = RequestSummary(view, for: viewer.side, companies: reading.companies)
        (tenantID, tenantName) = (reading.tenant.id.text, reading.tenant.name)
        facts = RequestFacts(view, support: reading.support, companies: reading.companies)
        progress = Progress(view, companies: reading.companies)
        decisions = DecisionLine.all(of: view, companies: reading.companies)
        thread = reading.messages.map {
            MessageThread($0, for: viewer.side, companies: reading.companies)
        }
        mayWrite = reading.mayWrite(viewer)
        messageText = refused?.text("text", of: .message) ?? ""
        messageWrong = refused?.words(of: .message)
        let isAsker = request.terms.engineer == viewer.person.id
        extensionWords = isAsker && viewer.isEngineer ? reading.extensionWords : nil
        extensionLabel = request.state.name == .active ? "Ask for an extension" : "Ask again"
        mayWithdraw = isAsker && request.state.decideBy != nil
        withdrawComment = refused?.text("comment", of: .withdraw) ?? ""
        withdrawWrong = refused?.words(of: .withdraw)
        letters = LetterList(reading)
        self.stepUp = stepUp
        isSigned = viewer.isCustomer && reading.tenant.policy.signedApprovals == .required
        self.newRecord = newRecord.map(String.init)
        self.erasures = erasures.map { ShownErasure($0, viewer) }
        mayReadAudit = viewer.oversees
        hasReceipt = reading.view.hasReceipt
        printed = Printed(viewer)
        csrf = viewer.csrf
        key = viewer.formKey

        unreached = reading.unreached
        let standing = Standing(of: viewer, in: reading)
        deciding = standing.decides ? Deciding(reading, refused: refused) : nil
        next = standing.words.map { words in
            Next(
                nextWords: words,
                nextUntil: request.state.decideBy.map { ShownTime($0) },
                nextClock: request.state.decideBy.map { Countdown(until: $0, now: view.at) }
            )
        }
        running = Running(reading, viewer, refused: refused)
        outcome = Outcome(reading, viewer)

        conflict = refused.map { reading.changes(since: $0) } ?? []
        isConflict = !conflict.isEmpty
        let isShownAgain =
            viewer.isCustomer
            && (deciding != nil || running != nil || (refused?.kind == .message && mayWrite))
        keptText = isShownAgain ? nil : refused?.typed
        problems = isConflict ? .none : refused.map { Problems([$0.words]) } ?? .none
    }
}

extension Side {
    /// Where the list of requests is for people of this side; a request's page is below it.
    var requestsPath: String {
        switch self {
        case .tenant: RequestPath.customer
        case .provider: RequestPath.provider
        }
    }
}

extension RequestReading {
    /// Whether the customer decides, asked something, and nobody has answered yet.
    fileprivate var isAskedBack: Bool {
        view.request.state.name == .awaitingCustomer
            && messages?.last.map { $0.author.side != .provider } ?? false
    }

    fileprivate func mayWrite(_ viewer: Viewer) -> Bool {
        let terms = view.request.terms
        guard !view.request.state.name.isTerminal else { return false }
        return switch side {
        case .tenant: viewer.person.mayDecide(for: terms.tenant)
        case .provider:
            viewer.isManager || (viewer.isEngineer && terms.engineer == viewer.person.id)
        }
    }

    fileprivate var extensionWords: String? {
        switch view.request.state {
        case .active: "Need longer? Ask in time: it is a new request, and needs new approvals."
        case .ended: "Not solved? Ask again: it is a new request, and needs new approvals."
        case .rejected, .denied, .withdrawn, .expired:
            "You can ask again, perhaps for less or with a better reason: it is a new request, and "
                + "needs new approvals."
        case .awaitingManager, .awaitingCustomer, .scheduled: nil
        }
    }
}

// MARK: - Who decides

/// Whether the reader may decide now, and if not, who does.
private struct Standing {
    let decides: Bool
    /// Nil where nobody decides any more, or the reader does and nothing is to be said of it.
    let words: String?

    private init(decides: Bool = false, _ words: String? = nil) {
        self.decides = decides
        self.words = words
    }

    init(of viewer: Viewer, in reading: RequestReading) {
        switch reading.view.request.state {
        case .awaitingManager: self = Self.beforeManager(viewer, reading)
        case .awaitingCustomer(_, _, let asked):
            let missing = Int64(reading.missingApprovals(asked: asked))
            switch reading.side {
            case .tenant: self = Self.customerDecides(viewer, reading, missing)
            case .provider: self = Self.providerWaits(viewer, reading, missing)
            }
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired: self.init()
        }
    }

    private static func beforeManager(_ viewer: Viewer, _ reading: RequestReading) -> Standing {
        let companies = reading.companies
        switch reading.side {
        case .tenant:
            return Standing(
                "\(companies.provider) reviews this first. If a manager there says yes, "
                    + "\(companies.tenant) is asked. Until then there is nothing to decide."
            )
        case .provider:
            let isOwn = reading.view.isOwn(of: viewer.person)
            if viewer.isManager && !isOwn { return Standing(decides: true) }
            if viewer.isManager {
                return Standing(
                    "Yours: nobody decides on a request of their own. Another manager must review it."
                )
            }
            return Standing(
                "A manager of \(companies.provider) reviews it first. If nobody does in time, it "
                    + "expires, and nobody gets access."
            )
        }
    }

    private static func customerDecides(
        _ viewer: Viewer,
        _ reading: RequestReading,
        _ missing: Int64
    ) -> Standing {
        let (view, person) = (reading.view, viewer.person)
        let terms = view.request.terms
        if view.request.decisions.contains(where: { $0.person == person.id }) {
            return Standing(
                "You have approved. \(counted(missing, "more approval")) needed before access begins."
            )
        }
        if !person.mayDecide(for: terms.tenant) {
            return Standing(
                "Approvers and administrators of \(reading.companies.tenant) decide this. You can "
                    + "follow it here."
            )
        }
        if view.people[terms.engineer].map({ $0.isSame(as: person) }) ?? false {
            return Standing("You asked for this access yourself, so somebody else must decide.")
        }
        if let instant = person.decidesFrom(at: viewer.now) {
            return Standing(
                decides: true,
                "Your approvals count from \(instant.shown()) on, or once enough of your colleagues who "
                    + "approve have confirmed you under People. A denial counts at once."
            )
        }
        return Standing(decides: true)
    }

    private static func providerWaits(
        _ viewer: Viewer,
        _ reading: RequestReading,
        _ missing: Int64
    ) -> Standing {
        let view = reading.view
        let isFirst = !view.request.decisions.contains { $0.stage == .customer && $0.isApproval }
        let needed = counted(missing, isFirst ? "approval" : "more approval")
        let isOwn = view.isOwn(of: viewer.person)
        let mail = isOwn ? " You get a mail as soon as it is decided." : ""
        return Standing(
            "\(reading.companies.tenant) decides: \(needed) needed.\(mail) If nobody does in time, "
                + "it expires."
        )
    }
}
