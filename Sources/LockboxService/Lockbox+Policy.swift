import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// A tenant after its rules were changed.
package struct ChangedPolicy: Hashable, Sendable {
    package let tenant: Tenant
    /// What does not hold yet; nil where all does.
    package let waiting: PolicyChange?
}

/// Looser rules that wait, and who asked for them.
package struct PolicyChangeReading: Sendable {
    package let change: PolicyChange
    package let by: Person
    /// Who has agreed, by name.
    package let agreed: [Person]
}

extension Lockbox {
    package func changePolicy(of id: String, to policy: Policy, version: Int?, by caller: Person)
        async throws -> ChangedPolicy
    {
        try await changePolicy(
            of: id,
            to: policy,
            matching: version.map(VersionCondition.exactly),
            by: caller
        )
    }

    /// Changes a tenant's own rules. What is stricter holds at once, and access that the new rules
    /// would not have given ends in the same write. What is looser waits (decision 0061), unless the
    /// caller's own yes is enough.
    ///
    /// `condition` is what is said of the version that was read; nil where nothing is. `completing`
    /// makes the wanted rules of those of now. `token` is for what an API token is that asks; nil at
    /// the portal. `signature` is over all rules as they shall be: what is signed, or asks for
    /// signatures, comes about as a whole or waits as a whole.
    package func changePolicy(
        of id: String,
        to wanted: Policy,
        matching condition: VersionCondition?,
        completing: @escaping @Sendable (Policy, Policy) -> Policy = { wanted, _ in wanted },
        with token: TokenScopes? = nil,
        signature: ApprovalSignature? = nil,
        by caller: Person
    ) async throws -> ChangedPolicy {
        // Stricter rules end access.
        try await changeSettings(by: caller, for: .ending) { [signing] change, count in
            let person = try change.tx.current(caller)
            let before = try change.tx.tenant(id, visibleTo: person)
            guard person.holds(oneOf: .admin, at: .tenant(before.id)) else {
                throw Refusal.notPermitted(.changePolicy)
            }
            let policy = completing(wanted, before.policy)
            guard let condition else { throw Refusal.versionRequired }
            guard condition.holds(for: before.version) else {
                throw Refusal.stale(current: before.version)
            }
            let approvers = try change.tx.approvers(of: before.id)
            try policy.requirePossible(at: before, eligible: approvers.count)
            let waiting = try change.tx.policyChange(of: before.id)
            guard policy != before.policy else {
                return ChangedPolicy(tenant: before, waiting: waiting)
            }
            if let signature {
                try signing.check(signature, changingTo: policy, at: before, by: person, in: change)
            }
            let agreed =
                before.takesYes(with: token)
                    && person.mayApprove(for: before.id, at: change.now) ? [person.id] : []
            // The second sending of one form, or somebody else's of the same rules, which agrees to it.
            if let waiting, waiting.policy == policy {
                guard !agreed.allSatisfy(waiting.agreed.contains) else {
                    return ChangedPolicy(tenant: before, waiting: waiting)
                }
                try count.addSettings(of: person, takesAway: false, at: change.now)
                return try change.agree(to: waiting, at: before, signature, by: person)
            }
            let isLooser = !policy.loosenings(since: before.policy).isEmpty
            try count.addSettings(of: person, takesAway: !isLooser, at: change.now)
            guard isLooser, !before.isQuorum(agreed, of: approvers, at: change.now) else {
                let after = try change.set(policy, at: before, signature, by: person.id)
                try change.requireSignedRules(at: before.id, by: person)
                return ChangedPolicy(tenant: after, waiting: nil)
            }
            return try change.ask(
                policy,
                at: before,
                agreed,
                of: approvers.count,
                signature,
                by: person
            )
        }
    }

    /// What waits to be looser at the tenant, for whoever reads its rules; nil where nothing does.
    package func policyChange(of tenant: String, by caller: Person) async throws
        -> PolicyChangeReading?
    {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.readPeople)
            }
            return try tx.policyChange(of: tenant.id).map { change in
                PolicyChangeReading(
                    change: change,
                    by: try tx.known(change.by),
                    agreed: try change.agreed.map { try tx.known($0) }
                )
            }
        }
    }

    /// One more person agrees to what waits; it holds once they are enough. `id` says which change was
    /// read: another one may wait by now.
    package func agreeToPolicyChange(
        _ id: String,
        of tenant: String,
        signature: ApprovalSignature? = nil,
        by caller: Person
    ) async throws -> ChangedPolicy {
        try await changeSettings(by: caller) { [signing] change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            guard person.mayApprove(for: tenant.id, at: change.now) else {
                throw Refusal.notPermitted(.agree)
            }
            let waiting = try change.tx.policyChange(id, of: tenant)
            guard !waiting.agreed.contains(person.id) else {
                return ChangedPolicy(tenant: tenant, waiting: waiting)
            }
            if let signature {
                try signing.check(
                    signature,
                    changingTo: waiting.policy,
                    at: tenant,
                    by: person,
                    in: change
                )
            }
            try count.addSettings(of: person, takesAway: false, at: change.now)
            return try change.agree(to: waiting, at: tenant, signature, by: person)
        }
    }

    /// Nothing comes of what waits.
    package func stopPolicyChange(_ id: String, of tenant: String, by caller: Person) async throws {
        try await changeSettings(by: caller, for: .ending) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.changePolicy)
            }
            let waiting = try change.tx.policyChange(id, of: tenant)
            try count.addSettings(of: person, takesAway: true, at: change.now)
            try change.tx.removePolicyChange(of: tenant.id)
            change.emit(.directory(.policyChange(.stopped, waiting, of: tenant)))
        }
    }

    /// Somebody whose own yes counts says that a person decides rightly from now on: hers counts at
    /// once where they are enough who say so. Nothing happens where hers counts already.
    package func confirmDecider(_ id: String, of tenant: String, by caller: Person) async throws
        -> Person
    {
        try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            guard person.mayApprove(for: tenant.id, at: change.now) else {
                throw Refusal.notPermitted(.agree)
            }
            guard let id = PersonID(id), let before = try change.tx.person(id),
                before.side == .tenant(tenant.id)
            else { throw Refusal.notFound(.person) }
            guard !person.isSame(as: before) else { throw Refusal.notPermitted(.agree) }
            guard let delay = before.decisionDelay, before.decidesFrom(at: change.now) != nil else {
                return before
            }
            let after = try change.confirmed(before, delay, by: person, at: tenant)
            try count.addSettings(of: person, takesAway: false, at: change.now)
            return try change.update(before, to: after)
        }
    }
}

extension Tenant {
    /// Whether the word of one who comes with an API token for `scopes` is as good as her yes to a
    /// request: it must be one that could give that, too. Nil at the portal, which asks who she is.
    func takesYes(with scopes: TokenScopes?) -> Bool {
        scopes.map { $0.subtracting(policy.withheldFromTokens).contains(.decide) } ?? true
    }
}

extension Policy {
    /// Throws where these rules could let nobody be given access, or are not in the tenant's plan.
    fileprivate func requirePossible(at tenant: Tenant, eligible: Int) throws(Refusal) {
        guard requireApproval else { return }
        guard tenant.isLicensed else { throw .notLicensed }
        guard eligible >= approvalsNeeded else {
            throw .nobodyCanApprove(needed: approvalsNeeded, eligible: eligible)
        }
    }

}

extension PolicyChangeRecords {
    /// What waits at `tenant`, if it is the one with that identifier.
    func policyChange(_ id: String, of tenant: Tenant) throws -> PolicyChange {
        guard let waiting = try policyChange(of: tenant.id), waiting.id.text == id else {
            throw Refusal.notFound(.page)
        }
        return waiting
    }
}

extension Change {
    /// From now on these rules hold. What waited was asked for in place of others, and is no more.
    fileprivate mutating func set(
        _ policy: Policy,
        at before: Tenant,
        _ signature: ApprovalSignature? = nil,
        by person: PersonID?
    ) throws -> Tenant {
        try withdrawPolicyChange(of: before)
        var after = before
        after.policy = policy
        after.version += 1
        try tx.save(after)
        emit(.directory(.policyChanged(before: before, after: after, signature: signature)))
        try applyRules(of: after, licenceWithdrawn: false, by: person)
        return after
    }

    /// One more yes, which may be enough.
    fileprivate mutating func agree(
        to asked: PolicyChange,
        at tenant: Tenant,
        _ signature: ApprovalSignature?,
        by person: Person
    ) throws -> ChangedPolicy {
        var waiting = asked
        waiting.agree(person.id)
        emit(.directory(.policyChange(.agreed, waiting, of: tenant, signature: signature)))
        let approvers = try tx.approvers(of: tenant.id)
        guard tenant.isQuorum(waiting.agreed, of: approvers, at: now) else {
            try tx.save(waiting)
            try requireSignedRules(at: tenant.id, by: person)
            return ChangedPolicy(tenant: tenant, waiting: waiting)
        }
        let after = try carryOut(waiting, by: person.id) ?? tenant
        try requireSignedRules(at: tenant.id, by: person)
        return ChangedPolicy(tenant: after, waiting: nil)
    }

    /// What is stricter in `wanted` holds at once where it can stand alone and nobody signs, for nobody
    /// would have signed that; the rest waits, in place of whatever waited.
    fileprivate mutating func ask(
        _ wanted: Policy,
        at before: Tenant,
        _ agreed: [PersonID],
        of eligible: Int,
        _ signature: ApprovalSignature?,
        by person: Person
    ) throws -> ChangedPolicy {
        let strict = before.policy.stricter(with: wanted)
        var tenant = before
        if signature == nil, strict.signedChanges == .off, strict != before.policy,
            before.couldHold(strict, eligible: eligible)
        {
            tenant = try set(strict, at: before, by: person.id)
        } else {
            try withdrawPolicyChange(of: before)
        }
        let waiting = PolicyChange(
            id: entropy.id(),
            tenant: tenant.id,
            policy: wanted,
            version: tenant.version,
            by: person.id,
            madeAt: now,
            takesEffectAt: now + tenant.policy.coolingOff,
            agreed: agreed
        )
        try tx.save(waiting)
        emit(.directory(.policyChange(.asked, waiting, of: tenant, signature: signature)))
        try requireSignedRules(at: tenant.id, by: person)
        return ChangedPolicy(tenant: tenant, waiting: waiting)
    }

    /// What waited holds from now on; nil where the tenant is another by now than it was asked for, and
    /// nothing comes of it.
    mutating func carryOut(_ waiting: PolicyChange, by person: PersonID?) throws -> Tenant? {
        guard let before = try tx.tenant(waiting.tenant) else {
            throw StoreError.corrupt("no tenant \(waiting.tenant)")
        }
        guard before.version == waiting.version else {
            try withdrawPolicyChange(of: before)
            return nil
        }
        var after = before
        (after.policy, after.version) = (waiting.policy, before.version + 1)
        let event = Event.directory(.policyChanged(before: before, after: after))
        if try person == nil && !wouldComeAbout(event, at: before.id) {
            // Its row was written beside the log.
            try withdrawPolicyChange(of: before)
            return nil
        }
        // It comes about, and is not withdrawn by it.
        try tx.removePolicyChange(of: before.id)
        return try set(waiting.policy, at: before, by: person)
    }
}
