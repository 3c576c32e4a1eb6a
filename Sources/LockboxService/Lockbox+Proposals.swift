import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// What the operator's file says of a tenant's people and may not do, for its administrators.
extension Lockbox {
    /// What waits, the oldest first.
    package func proposals(to tenant: String, by caller: Person) async throws -> [PersonProposal] {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.changePeople)
            }
            return try tx.proposals(to: tenant.id).filter { $0.declinedAt == nil }
        }
    }

    /// It becomes so. `id` says which proposal was read: another one may wait by now. `token` is for
    /// what an API token is that says so; nil at the portal.
    package func acceptProposal(
        _ id: String,
        about person: String,
        of tenant: String,
        with token: TokenScopes? = nil,
        by caller: Person
    ) async throws -> Person {
        try await changeSettings(by: caller) { change, count in
            let (administrator, before) = try change.tx.personToAdminister(person, tenant, caller)
            let proposal = try change.tx.openProposal(id, about: before)
            if proposal.wish.roles != nil { try change.tx.requireOwnRoles(at: before.side) }
            let wanted = proposal.wish.carriedOut(on: before)
            let owners = DomainOwners(try change.tx.tenants())
            for address in [wanted.email] + wanted.aliases {
                guard let owner = owners.owner(of: address.domain) else { continue }
                guard before.side == .tenant(owner) else {
                    throw Refusal.alreadyExists(.person)
                }
            }
            try change.tx.removeProposal(about: before.id)
            change.emit(.directory(.personProposal(.accepted, proposal, before)))
            let counts = try change.tx.tenant(tenant, visibleTo: administrator).takesYes(
                with: token
            )
            let after = try change.update(
                before,
                to: wanted,
                by: counts ? administrator : nil
            )
            guard try !change.tx.administrators(of: before.side).isEmpty else {
                throw Refusal.lastAdministrator
            }
            try count.addSettings(of: administrator, takesAway: false, at: change.now)
            return after
        }
    }

    /// Nothing comes of it, and the same is not proposed again.
    package func declineProposal(
        _ id: String,
        about person: String,
        of tenant: String,
        by caller: Person
    ) async throws {
        try await changeSettings(by: caller, for: .ending) { change, count in
            let (administrator, before) = try change.tx.personToAdminister(person, tenant, caller)
            let proposal = try change.tx.openProposal(id, about: before)
            try count.addSettings(of: administrator, takesAway: true, at: change.now)
            try change.tx.declineProposal(about: before.id, at: change.now)
            change.emit(.directory(.personProposal(.declined, proposal, before)))
        }
    }
}

extension Change {
    /// Lets `wish` wait for the administrators of the person's tenant, unless it does already or they
    /// declined it; takes back what the file does not say any more.
    mutating func propose(_ wish: PersonProposal.Wish, for person: Person) throws -> [String] {
        guard let tenant = person.side.tenant else { return [] }
        let earlier = try tx.proposal(about: person.id)
        if let earlier, earlier.wish == wish {
            guard let declinedAt = earlier.declinedAt else {
                return ["person \(person.email): waits for an administrator of \(tenant)"]
            }
            return ["person \(person.email): declined by \(tenant) at \(declinedAt)"]
        }
        if let earlier {
            try tx.removeProposal(about: person.id)
            emit(.directory(.personProposal(.withdrawn, earlier, person)))
        }
        guard !wish.isEmpty else { return [] }
        let proposal = PersonProposal(
            id: entropy.id(),
            tenant: tenant,
            person: person.id,
            wish: wish,
            madeAt: now
        )
        try tx.insert(proposal)
        emit(.directory(.personProposal(.made, proposal, person)))
        return ["person \(person.email): proposed to the administrators of \(tenant)"]
    }
}

extension PersonProposalRecords {
    /// What waits about `person`, if it is the one with that identifier.
    fileprivate func openProposal(_ id: String, about person: Person) throws -> PersonProposal {
        guard let proposal = try proposal(about: person.id), proposal.id.text == id,
            proposal.declinedAt == nil
        else { throw Refusal.notFound(.page) }
        return proposal
    }
}
