import LockboxDomain
import LockboxService

/// Access that is open, or will be.
struct RunningAccess: Sendable {
    let isActive: Bool
    let grantedAccess: [String]
    let begin: Moment
    let end: Moment
    let clock: Countdown
    let useWords: String
    let lastUse: Moment?
    let mayStop: Bool
    let stopWrong: String?
    let stopComment: String?

    init?(_ reading: RequestReading, _ visit: Visit, refused: RefusedForm?) {
        let view = reading.view
        let (grant, isActive): (Grant, Bool)
        switch view.request.state {
        case .scheduled(let opened): (grant, isActive) = (opened, false)
        case .active(let opened): (grant, isActive) = (opened, true)
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return nil
        }
        self.isActive = isActive
        grantedAccess = grant.scope.words.map(\.capitalisedFirst)
        begin = Moment(grant.start)
        end = Moment(grant.end)
        clock = Countdown(until: isActive ? grant.end : grant.start, now: view.at)
        useWords =
            view.useCount == 0 ? "Not used yet" : "Used \(counted(Int64(view.useCount), "time"))"
        lastUse = view.lastUse.map { Moment($0) }
        mayStop = visit.person.mayDecide(for: view.request.terms.tenant)
        stopWrong = refused?.kind == .stop ? refused?.refusal.words : nil
        stopComment = refused?.kind == .stop ? refused?.form["comment"] : nil
    }
}

/// What came of a request, once nothing can happen any more.
struct RequestReport: Sendable {
    let outcome: String
    let outcomeAt: Moment?
    let said: String?
    let grantedAccess: [String]
    let begin: Moment?
    let end: Moment?
    let useWords: String?
    let removalProblems: [String]
    let hasGrant: Bool

    init?(_ reading: RequestReading) {
        let view = reading.view
        var ended: Grant?
        var problems: [String] = []
        switch view.request.state {
        case .awaitingManager, .awaitingCustomer, .scheduled, .active: return nil
        case .ended(let grant, let ending):
            ended = grant
            (outcome, outcomeAt, said) = (
                "Access is over: \(view.words(for: ending)).", Moment(ending.at), ending.comment
            )
            problems = view.removals.filter { $0.progress == .failed }.map { removal in
                "The service \(removal.service) has not confirmed that nothing is left open. "
                    + "Lockbox keeps trying. Its credentials are refused in any case."
            }
        case .denied(let at):
            (outcome, outcomeAt, said) = ("Denied. No access comes of it.", Moment(at), nil)
        case .rejected(let at):
            (outcome, outcomeAt, said) = (
                "Rejected by a manager of \(reading.companies.provider). The customer was not asked.",
                Moment(at), nil
            )
        case .withdrawn(let at, let comment):
            (outcome, outcomeAt, said) = (
                "Withdrawn before it was decided. No access comes of it.", Moment(at), comment
            )
        case .expired(let at, let stage):
            let who =
                stage == .awaitingManager
                ? "\(reading.companies.provider)" : "\(reading.companies.tenant)"
            (outcome, outcomeAt, said) = (
                "Expired: the time for \(who) to decide was over. No access comes of it.",
                Moment(at), nil
            )
        }
        let began = ended.flatMap { grant in
            view.request.state.ending.map { $0.at > grant.start } == true ? grant : nil
        }
        hasGrant = began != nil
        grantedAccess = began?.scope.words.map(\.capitalisedFirst) ?? []
        begin = began.map { Moment($0.start, withSeconds: true) }
        end =
            began == nil ? nil : view.request.state.ending.map { Moment($0.at, withSeconds: true) }
        useWords = view.useCount == 0 ? "Not used" : "Used \(counted(Int64(view.useCount), "time"))"
        removalProblems = problems
    }
}
