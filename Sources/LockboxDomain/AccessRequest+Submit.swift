extension AccessRequest {
    /// Makes a new request for `terms`. What they name was looked up by the caller, so it exists;
    /// `engineer` and `tenant` are those that they name. `program` is the one that asks for her; nil
    /// where the engineer asks. Throws `Refusal.programsRefused` where the tenant lets none ask.
    public static func submit(
        id: AccessRequestID,
        terms: Terms,
        engineer: Person,
        by program: Person? = nil,
        tenant: Tenant,
        approvers: [Person],
        now: Timestamp
    ) throws(Refusal) -> (request: AccessRequest, events: [Event]) {
        let asker = program ?? engineer
        guard asker.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.requestAccess)
        }
        precondition(terms.tenant == tenant.id && terms.engineer == engineer.id)
        precondition(terms.askedBy == (asker.isProgram ? asker.id : nil))
        if asker.id != engineer.id { try requireMayAsk(asker, for: engineer) }
        try requireProgramsAllowed(by: tenant, for: terms)
        var terms = terms
        terms.reason = try Text.check(
            terms.reason,
            field: "reason",
            length: Limits.reasonLength,
            multiline: true
        )
        guard terms.duration >= Limits.maxAccess.lowerBound else {
            throw .invalid(
                field: "duration",
                problem: .outOfRange("\(Limits.maxAccess.lowerBound) or longer")
            )
        }
        guard terms.duration <= tenant.policy.maxAccess else {
            throw .exceedsCap(tenant.policy.maxAccess)
        }
        if let start = terms.notBefore {
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
            among: Self.eligible(approvers, for: tenant.id, engineer: engineer),
            // At the latest, if a manager passes it on at the last moment.
            by: now + Limits.managerWindow + tenant.policy.decisionWindow
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

    /// Throws where `asker` may not ask for `other`, who is nil if there is no such person: only a
    /// program asks for somebody else, and only for an engineer who could ask herself.
    @discardableResult
    public static func requireMayAsk(_ asker: Person, for other: Person?) throws(Refusal) -> Person
    {
        guard asker.isProgram else {
            throw .invalid(
                field: "engineer",
                problem: .notAllowedHere("can be said by a program alone; leave it out.")
            )
        }
        guard let other, !other.isProgram, other.holds(oneOf: .engineer, at: .provider) else {
            throw .unknownReference(field: "engineer", noun: .person)
        }
        return other
    }

    /// Throws where a program asked, and `tenant` lets none ask.
    static func requireProgramsAllowed(by tenant: Tenant, for terms: Terms) throws(Refusal) {
        guard terms.askedBy == nil || tenant.policy.allowsPrograms else { throw .programsRefused }
    }
}
