extension AccessRequest {
    /// Makes a new request for `terms`. What they name was looked up by the caller, so it exists;
    /// `engineer` and `tenant` are those that they name.
    public static func submit(
        id: AccessRequestID,
        terms: Terms,
        engineer: Person,
        tenant: Tenant,
        approvers: [Person],
        now: Timestamp
    ) throws(Refusal) -> (request: AccessRequest, events: [Event]) {
        guard engineer.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.requestAccess)
        }
        precondition(terms.tenant == tenant.id && terms.engineer == engineer.id)
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
}
