import LockboxDomain
import LockboxPorts
import LockboxService

// What stands on a request's page in some of its states only.

extension RequestPage {
    /// The other side's last word on a request that waits.
    struct Answer: Sendable {
        let answeredBy: String
        let answeredAt: ShownTime
    }

    /// What the reader can decide now.
    struct Deciding: Sendable {
        let version: Int
        let decideUntil: ShownTime
        let timeLeft: Countdown
        let milliseconds: Int64
        let consequences: [String]
        /// Whose approvals there are already, and what this one comes to; nil where one is enough.
        let quorumWords: String?
        /// What the engineer asked before; nil where that is more than is counted.
        let historyWords: String?
        let answer: Answer?
        /// What all that is asked for comes to: `2 hours, change 1 mailbox`.
        let approveWords: String
        /// Where nobody at the customer will be asked: that, and why.
        let unasked: String?
        /// What the customer can take away; a manager takes nothing away.
        let form: DecisionForm?
        let approveComment: String
        let denyComment: String
        let denyWrong: String?
        let isDenyOpen: Bool
    }

    /// Access that is open, or will be.
    struct Running: Sendable {
        /// One resource of the access, with what opens it.
        struct Opening: Sendable {
            let openingWords: String
            let openingService: String
            let openingKind: String
            let openingResource: String
            let openingLabel: String
            let openingUse: String
            let openingLast: ShownTime?
            /// Of its own, so that two of these forms are never one command.
            let key: String
            let inBrowser: InBrowser?
        }

        /// The form that opens a service in the browser; nil where none does.
        struct InBrowser: Sendable {
            let key: String
        }

        let isActive: Bool
        let grantedAccess: [String]
        let begin: ShownTime
        let end: ShownTime
        let clock: Countdown
        let useWords: String
        let lastUse: ShownTime?
        let operations: ShownOperations?
        /// For the provider's people alone.
        let openings: [Opening]
        let mayOpen: Bool
        let byPolicy: Bool
        let mayFinish: Bool
        let finishComment: String
        let finishWrong: String?
        let mayStop: Bool
        let asksToSign: Bool
        let stopComment: String
        let stopWrong: String?
        let stopEffect: String
        let atTheEnd: String
    }

    /// What came of a request, once nothing can happen any more.
    struct Outcome: Sendable {
        struct RemovalLine: Sendable {
            let removalService: String
            let removalWords: String
            let isFailed: Bool
        }

        struct UseLine: Sendable {
            let useThing: String
            let resourceUse: String
            let useLast: ShownTime?
        }

        let outcomeWords: String
        let outcomeAt: ShownTime
        let said: String?
        /// Access that was stopped before it began was never open.
        let wasOpen: Bool
        let grantedAccess: [String]
        let begin: ShownTime?
        let end: ShownTime?
        let lasted: String?
        let useWords: String
        let operations: ShownOperations?
        let used: [UseLine]
        let removals: [RemovalLine]
        let hasFailed: Bool
    }
}

// MARK: - Deciding

extension RequestPage.Deciding {
    init?(_ reading: RequestReading, refused: RefusedForm?) {
        let request = reading.view.request
        guard let decideBy = request.state.decideBy else { return nil }
        version = request.version
        decideUntil = ShownTime(decideBy)
        timeLeft = Countdown(until: decideBy, now: reading.view.at)
        milliseconds = decideBy.milliseconds
        approveWords = "\(reading.longestOffered.words), \(request.offered.scope.countedWords)"
        answer = reading.messages?.last.flatMap { last in
            last.author.side == reading.side
                ? nil
                : RequestPage.Answer(
                    answeredBy: last.author.markedName,
                    answeredAt: ShownTime(last.message.at)
                )
        }
        switch reading.side {
        case .tenant:
            form = DecisionForm(
                reading,
                typed: refused?.kind == .approve ? refused?.form : nil
            )
            unasked = nil
            quorumWords = Self.quorum(reading)
            consequences = Self.customersYes(reading)
        case .provider:
            form = nil
            quorumWords = nil
            unasked = reading.tenant.unaskedBecause.map { why in
                "\(reading.companies.tenant) will not be asked: \(why). Your approval alone opens "
                    + "the access."
            }
            consequences = Self.managersYes(reading)
        }
        historyWords = reading.history?.words(
            of: reading.view.engineerName,
            toReader: reading.side != .provider
        )
        approveComment = refused?.text("comment", of: .approve) ?? ""
        denyComment = refused?.text("comment", of: .deny) ?? ""
        denyWrong = refused?.words(of: .deny)
        isDenyOpen = denyWrong != nil
    }

    private static func quorum(_ reading: RequestReading) -> String? {
        let request = reading.view.request
        let given = Person.countHumans(reading.approvers)
        let missing = reading.missingApprovals(asked: request.state.approvalsAsked)
        guard given + missing > 1 else { return nil }
        let who = reading.approvers.map(\.name).listed
        let already = given == 0 ? "" : " \(who) approved already."
        return missing == 1
            ? "Your approval is the last of \(given + missing) that are needed.\(already)"
            : "\(given + missing) approvals are needed, and yours is number \(given + 1).\(already)"
    }

    private static func customersYes(_ reading: RequestReading) -> [String] {
        let (view, request) = (reading.view, reading.view.request)
        let missing = reading.missingApprovals(asked: request.state.approvalsAsked)
        let longest = reading.longestOffered
        let begin = request.terms.notBefore.map { "on \($0.shown())" } ?? "at once"
        var list: [String] = []
        if missing > 1 {
            list.append(
                "\(counted(Int64(missing - 1), "more approval")) needed after yours; until then no "
                    + "access begins."
            )
        }
        list.append(
            "\(missing > 1 ? "Then access" : "Access") begins \(begin), for \(view.engineerName) "
                + "alone, for \(longest.words) at the most."
        )
        if view.isForProgram { list.append(Self.programGetsIt(reading)) }
        list.append(
            "It ends by itself: \(view.endOfConnections.words()). "
                + "You can stop it sooner on this page."
        )
        list.append(
            "Every step stands in your audit log, and you get a report by mail when it is over."
        )
        return list
    }

    private static func managersYes(_ reading: RequestReading) -> [String] {
        let (terms, tenant) = (reading.view.request.terms, reading.tenant)
        let longest = min(terms.duration, tenant.policy.maxAccess).words
        let begin = terms.notBefore.map { "on \($0.shown())" } ?? "at once"
        let program = reading.view.isForProgram ? [programGetsIt(reading)] : []
        guard tenant.requiresApproval else {
            return [
                "Access begins \(begin), for \(reading.view.engineerName) alone, for \(longest) at "
                    + "the most.",
                "It stands in the log of \(tenant.name) as given by you, without its own approval.",
            ] + program
        }
        let needed = tenant.policy.approvalsNeeded
        return [
            "\(tenant.name) is asked by mail, and has \(tenant.policy.decisionWindow.words) to decide"
                + (needed > 1 ? "; \(needed) people there must agree." : "."),
            "Without its yes there is no access.",
            "\(tenant.name) reads your name and your comment.",
        ] + program
    }

    private static func programGetsIt(_ reading: RequestReading) -> String {
        "A program gets the access, and no human being: what it does there is up to whoever runs it "
            + "at \(reading.companies.provider)."
    }
}

extension AccessRequest.State {
    /// How many approvals were needed when the customer was asked; 0 where it is not asked now.
    fileprivate var approvalsAsked: Int {
        switch self {
        case .awaitingCustomer(_, _, let asked): asked
        case .awaitingManager, .scheduled, .active, .ended, .rejected, .denied, .withdrawn,
            .expired:
            0
        }
    }
}

// MARK: - Running

extension RequestPage.Running {
    init?(_ reading: RequestReading, _ viewer: Viewer, refused: RefusedForm?) {
        let view = reading.view
        let grant: Grant
        switch view.request.state {
        case .scheduled(let opened): (grant, isActive) = (opened, false)
        case .active(let opened): (grant, isActive) = (opened, true)
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return nil
        }
        grantedAccess = grant.scope.words.map(\.capitalisedFirst)
        begin = ShownTime(grant.start)
        end = ShownTime(grant.end)
        clock = Countdown(until: isActive ? grant.end : grant.start, now: view.at)
        useWords = view.useWords.capitalisedFirst
        lastUse = view.lastUse.map { ShownTime($0) }
        operations = ShownOperations(view, viewer)
        byPolicy = grant.basis == .policy
        let isAsker = view.request.terms.engineer == viewer.person.id
        mayOpen = isActive && isAsker && viewer.isEngineer
        mayFinish = isAsker
        finishComment = refused?.text("comment", of: .finish) ?? ""
        finishWrong = refused?.words(of: .finish)
        stopComment = refused?.text("comment", of: .stop) ?? ""
        stopWrong = refused?.words(of: .stop)
        stopEffect = view.stopEffect
        atTheEnd = view.endOfConnections.words()
        switch reading.side {
        case .tenant:
            mayStop = viewer.person.mayDecide(for: view.request.terms.tenant)
            asksToSign = reading.tenant.policy.signedChanges == .required
            openings = []
        case .provider:
            mayStop = viewer.isManager && !isAsker
            asksToSign = false
            openings = zip(grant.scope.accesses, grant.scope.words).enumerated().map {
                position,
                opened in
                Opening(
                    opened.0,
                    words: opened.1,
                    reading: reading,
                    key: "\(viewer.formKey)-\(position + 1)"
                )
            }
        }
    }
}

extension RequestPage.Running.Opening {
    fileprivate init(_ access: Access, words: String, reading: RequestReading, key: String) {
        let (resource, view) = (access.resource, reading.view)
        openingWords = words.capitalisedFirst
        openingService = resource.service.text
        openingKind =
            reading.services.first { $0.id == resource.service }?.kind.rawValue.uppercased() ?? ""
        openingResource = resource.name
        openingLabel = "the \(resource.type) \(resource.localName)"
        (openingUse, openingLast) = view.useOf(resource)
        self.key = key
        inBrowser = reading.browserAddresses[resource.service].map { _ in
            RequestPage.Running.InBrowser(key: key + "-browser")
        }
    }
}

extension RequestView {
    /// How often its credentials were presented: `not used yet`, `used 2 times`.
    var useWords: String {
        useCount == 0 ? "not used yet" : "used \(counted(Int64(useCount), "time"))"
    }

    /// How often credentials for `resource` were presented, in words, and when last.
    fileprivate func useOf(_ resource: Resource) -> (words: String, last: ShownTime?) {
        let uses = uses.filter { $0.resource == resource }
        let count = uses.reduce(0) { $0 + $1.count }
        guard count > 0 else { return ("Not opened yet", nil) }
        return (
            "Opened \(counted(Int64(count), "time"))", uses.map(\.last).max().map { ShownTime($0) }
        )
    }
}

// MARK: - Outcome

extension RequestPage.Outcome {
    init?(_ reading: RequestReading, _ viewer: Viewer) {
        let view = reading.view
        var (grant, ending): (Grant?, Ending?) = (nil, nil)
        let at: Timestamp
        switch view.request.state {
        case .awaitingManager, .awaitingCustomer, .scheduled, .active: return nil
        case .ended(let given, let end):
            (grant, ending, at, said) = (given, end, end.at, end.comment)
        case .denied(let decided), .rejected(let decided), .expired(let decided, _):
            (at, said) = (decided, nil)
        case .withdrawn(let withdrawn, let comment): (at, said) = (withdrawn, comment)
        }
        outcomeWords = reading.outcomeWords
        outcomeAt = ShownTime(at)
        let opened = view.wasOpen ? grant : nil
        wasOpen = opened != nil
        grantedAccess = opened?.scope.words.map(\.capitalisedFirst) ?? []
        begin = opened.map { ShownTime($0.start, withSeconds: true) }
        end = opened == nil ? nil : ending.map { ShownTime($0.at, withSeconds: true) }
        lasted = opened.flatMap { opened in ending.map { ($0.at - opened.start).roughWords } }
        useWords = view.useCount == 0 ? "Not used" : view.useWords.capitalisedFirst
        operations = ShownOperations(view, viewer)
        used = (opened?.scope.accesses ?? []).compactMap { access in
            let (words, last) = view.useOf(access.resource)
            return last == nil
                ? nil
                : UseLine(useThing: access.resource.localName, resourceUse: words, useLast: last)
        }
        removals = view.removals.map { RemovalLine($0) }
        hasFailed = removals.contains(where: \.isFailed)
    }
}

extension RequestReading {
    /// What came of the request, for its reader; empty while something can still happen.
    fileprivate var outcomeWords: String {
        let (provider, tenant) = (companies.provider, companies.tenant)
        switch (view.request.state, side) {
        case (.awaitingManager, _), (.awaitingCustomer, _), (.scheduled, _), (.active, _):
            return ""
        case (.ended(_, let ending), _): return "Access is over: \(view.words(for: ending))."
        case (.withdrawn, _): return "Withdrawn before it was decided. No access was given."
        case (.denied, .tenant): return "Denied. No access was given."
        case (.denied, .provider): return "\(tenant) denied it. No access was given."
        case (.rejected, .tenant):
            return "Rejected by a manager of \(provider). The customer was not asked."
        case (.rejected, .provider): return "A manager rejected it. \(tenant) was not asked."
        case (.expired(_, let stage), .tenant):
            let company = stage == .awaitingManager ? provider : tenant
            return
                "Expired: the time for \(company) to decide was over. No access was given."
        case (.expired(_, let stage), .provider):
            let nobody =
                stage == .awaitingManager ? "No manager of \(provider)" : "Nobody at \(tenant)"
            return "\(nobody) decided in time. It expired, and no access is given."
        }
    }
}

extension RequestPage.Outcome.RemovalLine {
    fileprivate init(_ removal: Removal) {
        removalService = removal.service.text
        isFailed = removal.progress == .failed
        switch removal.progress {
        case .confirmed: removalWords = "has confirmed that nothing is left open."
        case .pending: removalWords = "is being told; it has not confirmed yet."
        case .failed:
            let why = removal.problem.map { " (\($0))" } ?? ""
            removalWords =
                "has not confirmed that nothing is left open\(why). "
                + "Tried \(counted(Int64(removal.attempts), "time")); Lockbox keeps trying."
        }
    }
}

extension RequestView {
    /// What stopping the access does to connections that are open, as a sentence begins.
    var stopEffect: String { endOfConnections.words("within a second").capitalisedFirst }
}
