import LockboxDomain
import LockboxPorts
import LockboxService

// What stands on a request's page in some of its states only.

extension AccessPage {
    /// What a manager can decide now.
    struct Review: Sendable {
        let version: Int
        let reviewUntil: Moment
        let reviewClock: Countdown
        let consequences: [String]
        /// Where nobody at the customer will be asked: that, and why.
        let unasked: String?
        let approveComment: String
        let rejectComment: String
        let rejectWrong: String?
        let isRejectOpen: Bool
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
            let openingLast: Moment?
            /// Of its own, so that two of these forms are never one command.
            let key: String
        }

        let isActive: Bool
        let begin: Moment
        let end: Moment
        let clock: Countdown
        let openings: [Opening]
        let mayOpen: Bool
        let mayFinish: Bool
        let finishComment: String
        let finishWrong: String?
        let mayRevoke: Bool
        let revokeComment: String
        let revokeWrong: String?
        let byPolicy: Bool
    }

    /// What happened, once nothing can happen any more.
    struct Closing: Sendable {
        struct RemovalLine: Sendable {
            let removalService: String
            let removalWords: String
            let isFailed: Bool
        }

        struct UseLine: Sendable {
            let useThing: String
            let useWords: String
            let useLast: Moment?
        }

        let outcome: String
        let outcomeAt: Moment
        let said: String?
        let hasGrant: Bool
        let grantedAccess: [String]
        let begin: Moment?
        let end: Moment?
        let lasted: String?
        let used: [UseLine]
        let isUnused: Bool
        let removals: [RemovalLine]
        let hasFailed: Bool
    }
}

extension AccessPage.Review {
    init?(_ reading: AccessReading, _ visit: Visit, refused: AccessPage.Refused?) {
        let view = reading.view
        guard case .awaitingManager(let decideBy) = view.request.state, visit.isManager,
            !view.isOwn(of: visit.person)
        else { return nil }
        version = view.request.version
        reviewUntil = Moment(decideBy)
        reviewClock = Countdown(until: decideBy, now: view.at)
        let tenant = reading.companies.tenant
        unasked = reading.tenant.unaskedBecause.map { why in
            "\(tenant) will not be asked: \(why). Your approval alone opens the access."
        }
        consequences = Self.consequences(reading)
        approveComment = refused?.text("comment", of: .approve) ?? ""
        rejectComment = refused?.text("comment", of: .reject) ?? ""
        rejectWrong = refused?.words(of: .reject)
        isRejectOpen = rejectWrong != nil
    }

    private static func consequences(_ reading: AccessReading) -> [String] {
        let (terms, tenant) = (reading.view.request.terms, reading.tenant)
        let longest = min(terms.duration, tenant.policy.maxAccess).words
        let begin = terms.notBefore.map { "on \($0.words())" } ?? "at once"
        guard tenant.requiresApproval else {
            return [
                "Access begins \(begin), for \(reading.view.engineerName) alone, for \(longest) at the most.",
                "It stands in the log of \(tenant.name) as given by you, without its own approval.",
            ]
        }
        let needed = tenant.policy.approvalsNeeded
        return [
            "\(tenant.name) is asked by mail, and has \(tenant.policy.decisionWindow.words) to decide"
                + (needed > 1 ? "; \(needed) people there must agree." : "."),
            "Without its yes there is no access.",
            "\(tenant.name) reads your name and your comment.",
        ]
    }
}

extension AccessPage.Running {
    init?(_ reading: AccessReading, _ visit: Visit, refused: AccessPage.Refused?) {
        let view = reading.view
        let grant: Grant
        switch view.request.state {
        case .scheduled(let opened): (grant, isActive) = (opened, false)
        case .active(let opened): (grant, isActive) = (opened, true)
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return nil
        }
        let isMine = view.request.terms.engineer == visit.person.id
        begin = Moment(grant.start)
        end = Moment(grant.end)
        clock = Countdown(until: isActive ? grant.end : grant.start, now: view.at)
        mayOpen = isActive && isMine && visit.isEngineer
        openings = zip(grant.scope.accesses, grant.scope.words).enumerated().map {
            position,
            opened in
            Opening(
                opened.0,
                words: opened.1,
                reading: reading,
                key: "\(visit.formKey)-\(position + 1)"
            )
        }
        mayFinish = isMine
        finishComment = refused?.text("comment", of: .finish) ?? ""
        finishWrong = refused?.words(of: .finish)
        mayRevoke = visit.isManager && !isMine
        revokeComment = refused?.text("comment", of: .revoke) ?? ""
        revokeWrong = refused?.words(of: .revoke)
        byPolicy = grant.basis == .policy
    }
}

extension AccessPage.Running.Opening {
    fileprivate init(_ access: Access, words: String, reading: AccessReading, key: String) {
        let (resource, view) = (access.resource, reading.view)
        openingWords = words.capitalisedFirst
        openingService = resource.service.text
        openingKind =
            reading.services.first { $0.id == resource.service }?.kind.rawValue.uppercased() ?? ""
        openingResource = resource.name
        openingLabel = "the \(resource.type) \(resource.localName)"
        (openingUse, openingLast) = view.useOf(resource)
        self.key = key
    }
}

extension RequestView {
    /// How often credentials for `resource` were presented, in words, and when last.
    fileprivate func useOf(_ resource: Resource) -> (words: String, last: Moment?) {
        let uses = uses.filter { $0.resource == resource }
        let count = uses.reduce(0) { $0 + $1.count }
        guard count > 0 else { return ("Not opened yet", nil) }
        return (
            "Opened \(counted(Int64(count), "time"))", uses.map(\.last).max().map { Moment($0) }
        )
    }
}

extension AccessPage.Closing {
    init?(_ reading: AccessReading) {
        let view = reading.view
        let (provider, tenant) = (reading.companies.provider, reading.companies.tenant)
        var (grant, ending): (Grant?, Ending?) = (nil, nil)
        var comment: String?
        switch view.request.state {
        case .awaitingManager, .awaitingCustomer, .scheduled, .active: return nil
        case .ended(let given, let end):
            (grant, ending, comment) = (given, end, end.comment)
            (outcome, outcomeAt) = ("Access is over: \(view.words(for: end)).", Moment(end.at))
        case .denied(let at):
            (outcome, outcomeAt) = ("\(tenant) denied it. No access comes of it.", Moment(at))
        case .rejected(let at):
            (outcome, outcomeAt) = ("A manager rejected it. \(tenant) was not asked.", Moment(at))
        case .withdrawn(let at, let words):
            comment = words
            (outcome, outcomeAt) = (
                "Withdrawn before it was decided. No access comes of it.", Moment(at)
            )
        case .expired(let at, let stage):
            let who =
                stage == .awaitingManager ? "No manager of \(provider)" : "Nobody at \(tenant)"
            (outcome, outcomeAt) = (
                "\(who) decided in time. It expired, and no access comes of it.", Moment(at)
            )
        }
        said = comment
        // Access that was stopped before it began was never open.
        let opened = grant.flatMap { grant in
            ending.map { $0.at > grant.start } == true ? grant : nil
        }
        hasGrant = opened != nil
        grantedAccess = opened?.scope.words.map(\.capitalisedFirst) ?? []
        begin = opened.map { Moment($0.start, withSeconds: true) }
        end = opened == nil ? nil : ending.map { Moment($0.at, withSeconds: true) }
        lasted = opened.flatMap { opened in ending.map { ($0.at - opened.start).roughWords } }
        used = (opened?.scope.accesses ?? []).compactMap { access in
            let (words, last) = view.useOf(access.resource)
            return last == nil
                ? nil : UseLine(useThing: access.resource.localName, useWords: words, useLast: last)
        }
        isUnused = opened != nil && used.isEmpty
        removals = view.removals.map { RemovalLine($0) }
        hasFailed = removals.contains(where: \.isFailed)
    }
}

extension AccessPage.Closing.RemovalLine {
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
