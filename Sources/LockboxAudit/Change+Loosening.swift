package import LockboxDomain
import LockboxPorts

/// What waits so that one person alone cannot undo what several guard.
extension Change {
    /// `person` with her yes delayed, where she decides from now on and her tenant's people are its own
    /// already: who is there before its first administrator signs in lets it begin.
    func delayed(_ person: Person, since before: Person?, by giver: Person?) throws -> Person {
        var person = person
        guard let id = person.side.tenant, person.mayDecide(for: id) else {
            person.decisionDelay = nil
            return person
        }
        guard person.isNewDecider(for: id, since: before) else { return person }
        guard let tenant = try tx.tenant(id), tenant.administeredSince != nil else {
            person.decisionDelay = nil
            return person
        }
        let delay = DecisionDelay(endsAt: now + tenant.policy.coolingOff, confirmedBy: [])
        person.decisionDelay = delay
        guard let giver else { return person }
        return try confirmed(person, delay, by: giver, at: tenant)
    }

    /// `person`, about whose `delay` one more human being says that it is right: it is over where they
    /// are enough.
    package func confirmed(
        _ person: Person,
        _ delay: DecisionDelay,
        by giver: Person,
        at tenant: Tenant
    ) throws -> Person {
        var (person, delay) = (person, delay)
        let others = try tx.people(at: .tenant(tenant.id)).filter { !$0.isSame(as: person) }
        guard
            others.contains(where: {
                $0.id == giver.id && $0.mayApprove(for: tenant.id, at: now)
            }),
            !delay.confirmedBy.contains(giver.id)
        else { return person }
        delay.confirmedBy.append(giver.id)
        let isEnough = tenant.isQuorum(delay.confirmedBy, of: others, at: now)
        person.decisionDelay = isEnough ? nil : delay
        return person
    }

    /// Nothing comes of what waits to be looser at `tenant`: the rules are other ones by now, or
    /// something else was asked for.
    package mutating func withdrawPolicyChange(of tenant: Tenant) throws {
        guard let waiting = try tx.policyChange(of: tenant.id) else { return }
        try tx.removePolicyChange(of: tenant.id)
        emit(.directory(.policyChange(.withdrawn, waiting, of: tenant)))
    }

    /// What an administrator asked for who is none any more goes with her: it may be her stolen
    /// session that asked.
    mutating func withdrawPolicyChange(askedBy person: Person) throws {
        guard let id = person.side.tenant, try tx.policyChange(of: id)?.by == person.id,
            let tenant = try tx.tenant(id)
        else { return }
        try withdrawPolicyChange(of: tenant)
    }
}
