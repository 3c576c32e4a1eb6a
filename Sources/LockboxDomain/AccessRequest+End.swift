extension AccessRequest {
    /// The engineer, or the program that asked for her, takes back a request that is not decided yet.
    public mutating func withdraw(comment: String?, by person: Person, now: Timestamp)
        throws(Refusal) -> [Event]
    {
        try requireCurrent(at: now)
        try requireExists(for: person)
        let isAsker = person.id == terms.engineer || person.id == terms.askedBy
        guard isAsker, !person.isDisabled else { throw .notPermitted(.withdraw) }
        let comment = try Self.checkComment(comment, required: false)
        switch state {
        case .awaitingManager, .awaitingCustomer: break
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired:
            throw .wrongState(state.name)
        }
        move(to: .withdrawn(at: now, comment: comment))
        return [.request(.withdrawn(self))]
    }

    /// The engineer gives access back before its end.
    public mutating func finish(comment: String?, by person: Person, now: Timestamp) throws(Refusal)
        -> [Event]
    {
        try requireCurrent(at: now)
        try requireExists(for: person)
        guard person.id == terms.engineer, !person.isDisabled else { throw .notPermitted(.finish) }
        return try end(.finished, by: person.id, comment: comment, now: now)
    }

    /// Ends access early, by the customer or by the provider. That `signature` is good is for the
    /// caller; access ends without one too.
    public mutating func revoke(
        comment: String?,
        by person: Person,
        signature: RevokeSignature? = nil,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        try requireExists(for: person)
        guard person.mayDecide(for: terms.tenant) || person.holds(oneOf: .manager, at: .provider)
        else {
            throw .notPermitted(.revoke)
        }
        return try end(.revoked, by: person.id, comment: comment, signature, now: now)
    }

    /// Ends access that the tenant's present rules would not have given, and takes back what a program
    /// asked where none may ask any more. Nothing happens to what they allow.
    public mutating func applyRules(
        of tenant: Tenant,
        licenceWithdrawn: Bool,
        by person: PersonID?,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        if isTakenBack(byRulesOf: tenant) {
            let comment = "The customer no longer lets programs ask for access."
            move(to: .withdrawn(at: now, comment: comment))
            return [.request(.withdrawn(self))]
        }
        guard isEnded(byRulesOf: tenant, licenceWithdrawn: licenceWithdrawn),
            let grant = state.grant
        else { return [] }
        return end(grant, Ending(reason: .policyChanged, at: now, by: person, comment: nil))
    }

    /// Whether it waits for a decision, and a program asked, of which the tenant lets none ask.
    public func isTakenBack(byRulesOf tenant: Tenant) -> Bool {
        terms.askedBy != nil && !tenant.policy.allowsPrograms && state.decideBy != nil
    }

    /// Whether there is access that the tenant's rules would not have given: the licence went, or
    /// approval is required now and this access rests on none, on too few, or is longer than
    /// allowed; or a program asked, and none may.
    public func isEnded(byRulesOf tenant: Tenant, licenceWithdrawn: Bool) -> Bool {
        precondition(tenant.id == terms.tenant)
        let grant: Grant
        switch state {
        case .scheduled(let open), .active(let open): grant = open
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return false
        }
        let approvals = decisions.count { $0.stage == .customer && $0.isApproval }
        let tooFew =
            tenant.requiresApproval
            && (grant.basis == .policy || approvals < tenant.policy.approvalsNeeded)
        let tooLong = grant.end - grant.start > tenant.policy.maxAccess
        let isOfProgram = terms.askedBy != nil && !tenant.policy.allowsPrograms
        return licenceWithdrawn || tooFew || tooLong || isOfProgram
    }

    /// Ends what an engineer who may no longer act has: open requests are withdrawn, access is
    /// revoked.
    public mutating func engineerLeft(now: Timestamp) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        switch state {
        case .awaitingManager, .awaitingCustomer:
            move(
                to: .withdrawn(
                    at: now,
                    comment: "The engineer is no longer allowed to request access."
                )
            )
            return [.request(.withdrawn(self))]
        case .scheduled(let grant), .active(let grant):
            let comment = "The engineer is no longer allowed to have access."
            return end(grant, Ending(reason: .revoked, at: now, by: nil, comment: comment))
        case .ended, .rejected, .denied, .withdrawn, .expired:
            return []
        }
    }

    /// Takes back what a program that may no longer ask has asked for others and nobody has decided.
    /// Access that people gave an engineer stays hers.
    public mutating func programLeft(now: Timestamp) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        guard state.decideBy != nil else { return [] }
        let comment = "The program that asked is no longer allowed to request access."
        move(to: .withdrawn(at: now, comment: comment))
        return [.request(.withdrawn(self))]
    }

    /// Ends access that the logs may not know of any more, because the database is an older copy:
    /// it may have been ended since that was made. What nobody has decided yet goes on waiting.
    public mutating func databaseRecovered(now: Timestamp) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        switch state {
        case .scheduled(let grant), .active(let grant):
            let comment = "The database was put back to an older copy."
            return end(grant, Ending(reason: .revoked, at: now, by: nil, comment: comment))
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            return []
        }
    }

    private mutating func end(
        _ reason: Ending.Reason,
        by person: PersonID,
        comment: String?,
        _ signature: RevokeSignature? = nil,
        now: Timestamp
    ) throws(Refusal) -> [Event] {
        let comment = try Self.checkComment(comment, required: false)
        switch state {
        case .scheduled(let grant), .active(let grant):
            return end(
                grant,
                Ending(reason: reason, at: now, by: person, comment: comment),
                signature
            )
        case .awaitingManager, .awaitingCustomer, .ended, .rejected, .denied, .withdrawn, .expired:
            throw .wrongState(state.name)
        }
    }

    private mutating func end(_ grant: Grant, _ ending: Ending, _ signature: RevokeSignature? = nil)
        -> [Event]
    {
        move(to: .ended(grant, ending))
        return [.access(.grantEnded(self, grant, ending, signature))]
    }
}
