extension AccessRequest {
    /// One person's yes or no. Which review it belongs to follows from the state; whether the
    /// person may give it, from the roles. `version` is what the person read; that `signature` is good
    /// is for the caller.
    public mutating func decide(
        _ verdict: Decision.Verdict,
        comment: String?,
        by person: Person,
        version: Int,
        in context: DecisionContext,
        signature: ApprovalSignature? = nil,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        precondition(context.tenant.id == terms.tenant && context.engineer.id == terms.engineer)
        try requireCurrent(at: now)
        let review = try review(for: person, engineer: context.engineer)
        guard !hasDecided(person, in: context) else { throw .alreadyDecidedByYou }
        guard version == self.version else { throw .stale(current: self.version) }
        let comment = try Self.checkComment(comment, required: verdict == .deny)
        switch verdict {
        case .approve(let narrowing): try check(narrowing)
        case .deny: break
        }
        let decision = Decision(
            stage: review.stage,
            person: person.id,
            verdict: verdict,
            comment: comment,
            at: now,
            isSigned: signature != nil
        )
        switch (review, verdict) {
        case (.manager, .deny):
            record(decision)
            move(to: .rejected(at: now))
            return [.request(.decisionMade(self, decision))]
        case (.customer, .deny):
            record(decision)
            move(to: .denied(at: now))
            return [.request(.decisionMade(self, decision))]
        case (.manager, .approve):
            try Self.requireEngineer(context.engineer)
            try Self.requireProgramsAllowed(by: context.tenant, for: terms)
            return try managerApproved(decision, in: context, now: now)
        case (.customer(let needed), .approve):
            try Self.requireEngineer(context.engineer)
            try Self.requireProgramsAllowed(by: context.tenant, for: terms)
            return try customerApproved(
                decision,
                signature,
                of: person,
                askedFor: needed,
                in: context,
                now: now
            )
        }
    }

    /// Which decision is awaited.
    private enum Review {
        case manager
        /// With the number of approvals that the customer was asked for.
        case customer(approvalsNeeded: Int)

        var stage: Decision.Stage {
            switch self {
            case .manager: .manager
            case .customer: .customer
            }
        }
    }

    /// Who may decide in the state the request is in.
    private func review(for person: Person, engineer: Person) throws(Refusal) -> Review {
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
        case .awaitingCustomer(_, _, let needed):
            guard person.side != .provider else { throw .notAwaitingYou(state.name) }
            return .customer(approvalsNeeded: needed)
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
        let decideBy = now + tenant.policy.decisionWindow
        try Self.requireApprovers(tenant, among: eligible(context), by: decideBy)
        record(decision)
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
        _ signature: ApprovalSignature?,
        of person: Person,
        askedFor: Int,
        in context: DecisionContext,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        let eligible = eligible(context)
        guard eligible.contains(where: { $0.id == decision.person }) else {
            throw .notPermitted(.decideAsApprover)
        }
        if let instant = person.decidesFrom(at: now) { throw .decidesLater(instant) }
        let needsSignatures = context.tenant.policy.signedApprovals == .required
        if needsSignatures, signature == nil { throw .signatureRequired }
        record(decision)
        // The stricter of the rule when the customer was asked and the rule now; only people who
        // may still approve count, and two records of one human being count once.
        let needed = max(askedFor, context.tenant.policy.approvalsNeeded)
        let approved = eligible.filter { approver in
            decisions.contains {
                $0.stage == .customer && $0.person == approver.id && $0.isApproval
                    && ($0.isSigned || !needsSignatures)
            }
        }
        guard Person.countHumans(approved) >= needed else {
            touch()
            return [.request(.decisionMade(self, decision, signature))]
        }
        let opened = open(basis: .approval, tenant: context.tenant, id: context.newGrant, now: now)
        return [.request(.decisionMade(self, decision, signature))] + opened
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

    static func eligible(_ approvers: [Person], for tenant: TenantID, engineer: Person)
        -> [Person]
    {
        approvers.filter { $0.mayDecide(for: tenant) && !$0.isSame(as: engineer) }
    }

    /// Refuses what could never be approved before `deadline`, rather than let it wait for nobody.
    static func requireApprovers(
        _ tenant: Tenant,
        among people: [Person],
        by deadline: Timestamp
    ) throws(Refusal) {
        let inTime = people.filter { $0.decidesFrom(at: deadline) == nil }
        let (needed, eligible) = (tenant.policy.approvalsNeeded, Person.countHumans(inTime))
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
}
