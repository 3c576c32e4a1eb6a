import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// Sends whoever has `address` a letter by which she chooses her password. From the server
    /// itself; neither its link nor its code comes back.
    package func invite(_ address: EmailAddress) async throws -> (
        person: Person, invitation: Invitation
    ) {
        try await store.write(by: .console) { change in
            guard let person = try change.tx.person(identifiedBy: Identity(local: address)) else {
                throw Refusal.notFound(.person)
            }
            return (person, try change.invite(person, for: .firstSignIn, by: nil))
        }
    }

    /// The same for a person of the tenant that `caller` administers.
    package func invite(_ id: String, of tenant: String, by caller: Person) async throws -> (
        person: Person, invitation: Invitation
    ) {
        try await changeSettings(by: caller) { change, count in
            let (administrator, person) = try change.tx.personToAdminister(id, tenant, caller)
            try count.addSettings(of: administrator, takesAway: false, at: change.now)
            return (person, try change.invite(person, for: .firstSignIn, by: administrator))
        }
    }

    /// Ends every way in that a person of the tenant has, at once. Throws `Refusal.lastAdministrator`
    /// where nobody would be left who could let her in again.
    package func switchOff(_ id: String, of tenant: String, by caller: Person) async throws {
        try await changeSettings(by: caller, for: .ending) { change, count in
            let (administrator, before) = try change.tx.personToAdminister(id, tenant, caller)
            guard !before.isDisabled else { return }
            var after = before
            after.isDisabled = true
            try change.update(before, to: after)
            guard try !change.tx.administrators(of: before.side).isEmpty else {
                throw Refusal.lastAdministrator
            }
            try count.addSettings(of: administrator, takesAway: true, at: change.now)
        }
    }

    /// Lets a person of the tenant in again who was switched off. Nothing of what let her in before
    /// does so still.
    package func switchOn(_ id: String, of tenant: String, by caller: Person) async throws {
        try await changeSettings(by: caller) { change, count in
            let (administrator, before) = try change.tx.personToAdminister(id, tenant, caller)
            guard before.isDisabled else { return }
            try count.addSettings(of: administrator, takesAway: false, at: change.now)
            var after = before
            after.isDisabled = false
            try change.update(before, to: after, by: administrator)
        }
    }
}

extension TenantRecords where Self: PersonRecords {
    /// The person of `tenant` with that identifier, and `caller`, who must be an administrator there.
    func personToAdminister(_ id: String, _ tenant: String, _ caller: Person) throws
        -> (administrator: Person, person: Person)
    {
        let administrator = try current(caller)
        let tenant = try self.tenant(tenant, visibleTo: administrator)
        guard administrator.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
            throw Refusal.notPermitted(.changePeople)
        }
        guard let id = PersonID(id), let person = try person(id), person.side == .tenant(tenant.id)
        else {
            throw Refusal.notFound(.person)
        }
        return (administrator, person)
    }
}
