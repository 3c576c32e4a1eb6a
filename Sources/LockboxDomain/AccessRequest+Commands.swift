// The rules. Each takes the time and everything else it needs as arguments, lets time pass until
// then, and either changes the request and says what happened, or throws a refusal; then nothing
// but the passing of time has been applied.

/// What an engineer fills in.
public struct Draft: Hashable, Sendable {
    public var reason: String
    public var duration: TimeSpan
    public var scope: Scope
    public var notBefore: Timestamp?

    public init(reason: String, duration: TimeSpan, scope: Scope, notBefore: Timestamp? = nil) {
        self.reason = reason
        self.duration = duration
        self.scope = scope
        self.notBefore = notBefore
    }
}

extension AccessRequest {
    // MARK: - Submit

    /// Makes a new request. `tenant`, `supportRequest` and the resources were looked up by the
    /// caller, so they exist.
    public static func submit(
        id: RequestID,
        draft: Draft,
        engineer: Person,
        supportRequest: SupportRequest,
        tenant: Tenant,
        approvers: [Person],
        now: Timestamp
    ) throws(Refusal) -> (request: AccessRequest, events: [Event]) {
        guard engineer.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.requestAccess)
        }
        precondition(supportRequest.tenant == tenant.id)
        let reason = try Text.check(
            draft.reason,
            field: "reason",
            length: Limits.reasonLength,
            multiline: true
        )
        guard draft.duration >= Limits.maxAccess.lowerBound else {
            throw .invalid(
                field: "duration",
                problem: .outOfRange("\(Limits.maxAccess.lowerBound) or longer")
            )
        }
        guard draft.duration <= tenant.policy.maxAccess else {
            throw .exceedsCap(tenant.policy.maxAccess)
        }
        if let start = draft.notBefore {
            guard start > now else {
                throw .invalid(field: "notBefore", problem: .outOfRange("an instant in the future"))
            }
            guard start <= now + Limits.scheduleAhead else {
                throw .invalid(
                    field: "notBefore",
                    problem: .outOfRange("at most \(Limits.scheduleAhead) ahead")
                )
            }
        }
        try Self.requireApprovers(
            tenant,
            among: Self.eligible(approvers, for: tenant.id, engineer: engineer)
        )
        let terms = Terms(
            tenant: tenant.id,
            supportRequest: supportRequest.number,
            engineer: engineer.id,
            reason: reason,
            duration: draft.duration,
            scope: draft.scope,
            notBefore: draft.notBefore
        )
        let request = AccessRequest(
            id: id,
            terms: terms,
            createdAt: now,
            version: 1,
            state: .awaitingManager(decideBy: now + Limits.managerWindow),
            decisions: []
        )
        return (request, [.request(.submitted(request))])
    }

    // MARK: - Time

    /// Lets time pass until `now`. Calling it twice with one time changes nothing more.
    public mutating func advance(to now: Timestamp) -> [Event] {
        var events: [Event] = []
        let next = version + 1
        while let deadline = state.nextDeadline, deadline <= now {
            switch state {
            case .awaitingManager, .awaitingCustomer:
                move(to: .expired(at: deadline, stage: state.name), version: next)
                events.append(.request(.expired(self)))
            case .scheduled(let grant):
                move(to: .active(grant), version: next)
                events.append(.access(.grantStarted(self, grant)))
            case .active(let grant):
                let ending = Ending(reason: .windowOver, at: grant.end, by: nil, comment: nil)
                move(to: .ended(grant, ending), version: next)
                events.append(.access(.grantEnded(self, grant, ending)))
            case .ended, .rejected, .denied, .withdrawn, .expired:
                preconditionFailure("a terminal state has no deadline")
            }
        }
        return events
    }

    /// The request as it is at `now`, whether or not anything has recorded the passing of time yet.
    public func seen(at now: Timestamp) -> AccessRequest {
        var copy = self
        _ = copy.advance(to: now)
        return copy
    }

    // MARK: - Decide

    /// One person's yes or no. Which review it belongs to follows from the state; whether the
    /// person may give it, from the roles. `version` is what the person read.
    public mutating func decide(
        _ verdict: Decision.Verdict,
        comment: String?,
        by person: Person,
        version: Int,
        in context: DecisionContext,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        precondition(context.tenant.id == terms.tenant && context.engineer.id == terms.engineer)
        let passed = advance(to: now)
        let stage = try reviewStage(for: person, engineer: context.engineer)
        guard !hasDecided(person, in: context) else { throw .alreadyDecidedByYou }
        guard version == self.version else { throw .stale(current: self.version) }
        let comment = try Self.checkComment(comment, required: verdict == .deny)
        switch verdict {
        case .approve(let narrowing): try check(narrowing)
        case .deny: break
        }
        let decision = Decision(
            stage: stage,
            person: person.id,
            verdict: verdict,
            comment: comment,
            at: now
        )
        switch (stage, verdict) {
        case (.manager, .deny):
            record(decision)
            move(to: .rejected(at: now))
            return passed + [.request(.decisionMade(self, decision))]
        case (.customer, .deny):
            record(decision)
            move(to: .denied(at: now))
            return passed + [.request(.decisionMade(self, decision))]
        case (.manager, .approve):
            try Self.requireEngineer(context.engineer)
            return passed + (try managerApproved(decision, in: context, now: now))
        case (.customer, .approve):
            try Self.requireEngineer(context.engineer)
            return passed + (try customerApproved(decision, in: context, now: now))
        }
    }

    /// Who may decide in the state the request is in.
    private func reviewStage(for person: Person, engineer: Person) throws(Refusal) -> Decision.Stage
    {
        try requireExists(for: person)
        switch person.side {
        case .provider:
            guard person.holds(oneOf: .manager, at: .provider) else {
                throw .notPermitted(.decideAsManager)
            }
        case .tenant:
            guard person.mayDecide(for: terms.tenant) else {
                throw .notPermitted(.decideAsApprover)
            }
        }
        if person.isSame(as: engineer) { throw .ownRequest }
        switch state {
        case .awaitingManager:
            guard person.side == .provider else { throw .notAwaitingYou(state.name) }
            return .manager
        case .awaitingCustomer:
            guard person.side != .provider else { throw .notAwaitingYou(state.name) }
            return .customer
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired:
            throw .alreadyDecided(state.name)
        }
    }

    /// Whether `person`, under this record or another one, is among those who decided.
    private func hasDecided(_ person: Person, in context: DecisionContext) -> Bool {
        let records =
            [person] + (context.deciders + context.approvers).filter { $0.isSame(as: person) }
        return decisions.contains { decision in records.contains { $0.id == decision.person } }
    }

    private mutating func managerApproved(
        _ decision: Decision,
        in context: DecisionContext,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        let tenant = context.tenant
        guard tenant.requiresApproval else {
            record(decision)
            let opened = open(basis: .policy, tenant: tenant, id: context.newGrant, now: now)
            return [.request(.decisionMade(self, decision))] + opened
        }
        try Self.requireApprovers(tenant, among: eligible(context))
        record(decision)
        let decideBy = now + tenant.policy.decisionWindow
        move(
            to: .awaitingCustomer(
                askedAt: now,
                decideBy: decideBy,
                approvalsNeeded: tenant.policy.approvalsNeeded
            )
        )
        return [.request(.decisionMade(self, decision)), .request(.customerAsked(self))]
    }

    private mutating func customerApproved(
        _ decision: Decision,
        in context: DecisionContext,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        guard case .awaitingCustomer(_, _, let askedFor) = state else {
            preconditionFailure("checked by reviewStage")
        }
        let eligible = eligible(context)
        guard eligible.contains(where: { $0.id == decision.person }) else {
            throw .notPermitted(.decideAsApprover)
        }
        record(decision)
        // The stricter of the rule when the customer was asked and the rule now; only people who
        // may still approve count, and two records of one human being count once.
        let needed = max(askedFor, context.tenant.policy.approvalsNeeded)
        let approved = eligible.filter { approver in
            decisions.contains {
                $0.stage == .customer && $0.person == approver.id && $0.isApproval
            }
        }
        guard Person.countHumans(approved) >= needed else {
            touch()
            return [.request(.decisionMade(self, decision))]
        }
        let opened = open(basis: .approval, tenant: context.tenant, id: context.newGrant, now: now)
        return [.request(.decisionMade(self, decision))] + opened
    }

    private mutating func open(basis: Grant.Basis, tenant: Tenant, id: GrantID, now: Timestamp)
        -> [Event]
    {
        let start = max(now, terms.notBefore ?? now)
        let duration = min(offered.duration, tenant.policy.maxAccess)
        let grant = Grant(
            id: id,
            start: start,
            end: start + duration,
            scope: offered.scope,
            basis: basis
        )
        guard start <= now else {
            move(to: .scheduled(grant))
            return [.access(.grantOpened(self, grant))]
        }
        move(to: .active(grant))
        return [.access(.grantOpened(self, grant)), .access(.grantStarted(self, grant))]
    }

    /// What an approval gives now: the terms, less what each approval so far took away.
    public var offered: (duration: TimeSpan, scope: Scope) {
        var (duration, scope) = (terms.duration, terms.scope)
        for decision in decisions {
            guard case .approve(let narrowing) = decision.verdict else { continue }
            duration = narrowing.duration ?? duration
            scope = narrowing.scope ?? scope
        }
        return (duration, scope)
    }

    private func check(_ narrowing: Decision.Narrowing) throws(Refusal) {
        if let duration = narrowing.duration {
            guard duration >= Limits.maxAccess.lowerBound else {
                throw .invalid(
                    field: "duration",
                    problem: .outOfRange("\(Limits.maxAccess.lowerBound) or longer")
                )
            }
            guard duration <= offered.duration else { throw .exceedsRequest(field: "duration") }
        }
        if let scope = narrowing.scope, !scope.isWithin(offered.scope) {
            throw .exceedsRequest(field: "resources")
        }
    }

    private func eligible(_ context: DecisionContext) -> [Person] {
        Self.eligible(context.approvers, for: terms.tenant, engineer: context.engineer)
    }

    private static func eligible(_ approvers: [Person], for tenant: TenantID, engineer: Person)
        -> [Person]
    {
        approvers.filter { $0.mayDecide(for: tenant) && !$0.isSame(as: engineer) }
    }

    /// Refuses what could never be approved, rather than let it wait for nobody.
    private static func requireApprovers(_ tenant: Tenant, among people: [Person]) throws(Refusal) {
        let (needed, eligible) = (tenant.policy.approvalsNeeded, Person.countHumans(people))
        if tenant.requiresApproval && eligible < needed {
            throw .nobodyCanApprove(needed: needed, eligible: eligible)
        }
    }

    /// An engineer who lost the role since asking gets nothing.
    private static func requireEngineer(_ engineer: Person) throws(Refusal) {
        guard engineer.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.requestAccess)
        }
    }

    /// For another tenant's people there is no such request. They should never get as far as this.
    func requireExists(for person: Person) throws(Refusal) {
        guard person.side == .provider || person.side == .tenant(terms.tenant) else {
            throw .notFound(.accessRequest)
        }
    }

    // MARK: - Withdraw, finish, revoke

    /// The engineer takes back a request that is not decided yet.
    public mutating func withdraw(comment: String?, by person: Person, now: Timestamp)
        throws(Refusal) -> [Event]
    {
        let passed = advance(to: now)
        try requireExists(for: person)
        guard person.id == terms.engineer, !person.isDisabled else {
            throw .notPermitted(.withdraw)
        }
        let comment = try Self.checkComment(comment, required: false)
        switch state {
        case .awaitingManager, .awaitingCustomer: break
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired:
            throw .wrongState(state.name)
        }
        move(to: .withdrawn(at: now, comment: comment))
        return passed + [.request(.withdrawn(self))]
    }

    /// The engineer gives access back before its end.
    public mutating func finish(comment: String?, by person: Person, now: Timestamp) throws(Refusal)
        -> [Event]
    {
        let next = version + 1
        let passed = advance(to: now)
        try requireExists(for: person)
        guard person.id == terms.engineer, !person.isDisabled else { throw .notPermitted(.finish) }
        return passed
            + (try end(.finished, by: person.id, comment: comment, now: now, version: next))
    }

    /// Ends access early, by the customer or by the provider.
    public mutating func revoke(comment: String?, by person: Person, now: Timestamp) throws(Refusal)
        -> [Event]
    {
        let next = version + 1
        let passed = advance(to: now)
        try requireExists(for: person)
        guard person.mayDecide(for: terms.tenant) || person.holds(oneOf: .manager, at: .provider)
        else {
            throw .notPermitted(.revoke)
        }
        return passed
            + (try end(.revoked, by: person.id, comment: comment, now: now, version: next))
    }

    /// Ends access that the tenant's present rules would not have given: the licence went, or
    /// approval is required now and this access rests on none, on too few, or is longer than
    /// allowed. Nothing happens to access that the rules allow.
    public mutating func applyRules(
        of tenant: Tenant,
        licenceWithdrawn: Bool,
        by person: PersonID?,
        now: Timestamp
    )
        -> [Event]
    {
        precondition(tenant.id == terms.tenant)
        let next = version + 1
        let passed = advance(to: now)
        let grant: Grant
        switch state {
        case .scheduled(let open), .active(let open): grant = open
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return passed
        }
        let approvals = decisions.count { $0.stage == .customer && $0.isApproval }
        let tooFew =
            tenant.requiresApproval
            && (grant.basis == .policy || approvals < tenant.policy.approvalsNeeded)
        let tooLong = grant.end - grant.start > tenant.policy.maxAccess
        guard licenceWithdrawn || tooFew || tooLong else { return passed }
        return passed
            + end(
                grant,
                Ending(reason: .tenantSwitch, at: now, by: person, comment: nil),
                version: next
            )
    }

    /// Ends what an engineer who may no longer act has: open requests are withdrawn, access is
    /// revoked.
    public mutating func engineerLeft(now: Timestamp) -> [Event] {
        let next = version + 1
        let passed = advance(to: now)
        switch state {
        case .awaitingManager, .awaitingCustomer:
            move(
                to: .withdrawn(
                    at: now,
                    comment: "The engineer is no longer allowed to request access."
                )
            )
            return passed + [.request(.withdrawn(self))]
        case .scheduled(let grant), .active(let grant):
            let comment = "The engineer is no longer allowed to have access."
            return passed
                + end(
                    grant,
                    Ending(reason: .revoked, at: now, by: nil, comment: comment),
                    version: next
                )
        case .ended, .rejected, .denied, .withdrawn, .expired:
            return passed
        }
    }

    private mutating func end(
        _ reason: Ending.Reason,
        by person: PersonID,
        comment: String?,
        now: Timestamp,
        version: Int
    ) throws(Refusal) -> [Event] {
        let comment = try Self.checkComment(comment, required: false)
        switch state {
        case .scheduled(let grant), .active(let grant):
            return end(
                grant,
                Ending(reason: reason, at: now, by: person, comment: comment),
                version: version
            )
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            throw .wrongState(state.name)
        }
    }

    private mutating func end(_ grant: Grant, _ ending: Ending, version: Int) -> [Event] {
        move(to: .ended(grant, ending), version: version)
        return [.access(.grantEnded(self, grant, ending))]
    }

    private static func checkComment(_ raw: String?, required: Bool) throws(Refusal) -> String? {
        guard let raw else {
            if required { throw .invalid(field: "comment", problem: .missing) }
            return nil
        }
        let length = required ? Limits.commentLength : 0...Limits.commentLength.upperBound
        let text = try Text.check(raw, field: "comment", length: length, multiline: true)
        return text.isEmpty ? nil : text
    }

    // MARK: - Use

    /// Whether `person` may obtain a credential for `resource` now, and for which actions.
    public func mayUse(_ resource: Resource, by person: Person, now: Timestamp) throws(Refusal) -> (
        grant: Grant, actions: Actions
    ) {
        try requireExists(for: person)
        guard person.id == terms.engineer, person.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.obtainCredential)
        }
        let current = seen(at: now).state
        guard case .active(let grant) = current, grant.covers(now) else {
            throw .accessNotActive(current.name)
        }
        guard let actions = grant.scope.actions(on: resource) else {
            throw .unknownReference(field: "resource", noun: .resource)
        }
        return (grant, actions)
    }
}
