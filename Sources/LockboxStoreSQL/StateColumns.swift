import LockboxDomain

/// A request's state as columns, the grant apart. Which state has which is checked by the schema
/// too.
struct StateColumns: Equatable {
    let name: AccessRequest.StateName
    /// When time alone changes the state.
    var deadline: Timestamp?
    var askedAt: Timestamp?
    var approvalsNeeded: Int?
    /// When a terminal state began.
    var settledAt: Timestamp?
    var endingReason: Ending.Reason?
    var endedBy: PersonID?
    var comment: String?
    var expiredStage: AccessRequest.StateName?

    init(
        name: AccessRequest.StateName,
        deadline: Timestamp?,
        askedAt: Timestamp?,
        approvalsNeeded: Int?,
        settledAt: Timestamp?,
        endingReason: Ending.Reason?,
        endedBy: PersonID?,
        comment: String?,
        expiredStage: AccessRequest.StateName?
    ) {
        self.name = name
        self.deadline = deadline
        self.askedAt = askedAt
        self.approvalsNeeded = approvalsNeeded
        self.settledAt = settledAt
        self.endingReason = endingReason
        self.endedBy = endedBy
        self.comment = comment
        self.expiredStage = expiredStage
    }

    init(_ state: AccessRequest.State) {
        name = state.name
        deadline = state.nextDeadline
        switch state {
        case .awaitingManager, .scheduled, .active: break
        case .awaitingCustomer(let askedAt, _, let approvalsNeeded):
            self.askedAt = askedAt
            self.approvalsNeeded = approvalsNeeded
        case .ended(_, let ending):
            settledAt = ending.at
            endingReason = ending.reason
            endedBy = ending.by
            comment = ending.comment
        case .rejected(let at), .denied(let at): settledAt = at
        case .withdrawn(let at, let comment):
            settledAt = at
            self.comment = comment
        case .expired(let at, let stage):
            settledAt = at
            expiredStage = stage
        }
    }

    /// The state; nil where the columns and the grant are not those of one.
    func state(grant: Grant?) -> AccessRequest.State? {
        guard let state = assembled(grant: grant), state.grant == grant, StateColumns(state) == self
        else { return nil }
        return state
    }

    private func assembled(grant: Grant?) -> AccessRequest.State? {
        switch name {
        case .awaitingManager: deadline.map { .awaitingManager(decideBy: $0) }
        case .awaitingCustomer:
            if let askedAt, let deadline, let approvalsNeeded {
                .awaitingCustomer(
                    askedAt: askedAt,
                    decideBy: deadline,
                    approvalsNeeded: approvalsNeeded
                )
            } else {
                nil
            }
        case .scheduled: grant.map { .scheduled($0) }
        case .active: grant.map { .active($0) }
        case .ended:
            if let grant, let settledAt, let endingReason {
                .ended(
                    grant,
                    Ending(reason: endingReason, at: settledAt, by: endedBy, comment: comment)
                )
            } else {
                nil
            }
        case .rejected: settledAt.map { .rejected(at: $0) }
        case .denied: settledAt.map { .denied(at: $0) }
        case .withdrawn: settledAt.map { .withdrawn(at: $0, comment: comment) }
        case .expired:
            if let settledAt, let expiredStage {
                .expired(at: settledAt, stage: expiredStage)
            } else {
                nil
            }
        }
    }
}
