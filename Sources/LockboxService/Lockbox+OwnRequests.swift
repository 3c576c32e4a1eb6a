import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// What engineers' own programs ask about their requests. A request of a colleague, which engineers
/// can see elsewhere, is none here.
extension Lockbox {
    /// A request of `caller`'s, and whether the customer is among those who must agree.
    package func ownRequest(_ id: String, by caller: Person) async throws -> (
        view: RequestView, needsCustomer: Bool
    ) {
        try await query(by: caller) { person, tx, now in
            guard let id = AccessRequestID(id), let stored = try tx.request(id),
                stored.terms.engineer == person.id
            else { throw Refusal.notFound(.accessRequest) }
            guard let tenant = try tx.tenant(stored.terms.tenant) else {
                throw StoreError.corrupt("no tenant \(stored.terms.tenant)")
            }
            return (
                try view(of: stored, at: now, for: person.side, in: tx), tenant.requiresApproval
            )
        }
    }

    /// What a command of `caller`'s with this key made before; nil where there was none.
    package func outcome(of key: CommandKey, by caller: Person) async throws -> String? {
        try await query(by: caller) { person, tx, _ in
            guard let done = try tx.command(of: person.id, key: key.key) else { return nil }
            guard done.payloadHash == key.payloadHash else { throw Refusal.keyReused }
            return done.subject
        }
    }

    /// The tenant that `resource` belongs to, for an engineer, who may know of all of them; nil where
    /// it is nobody's.
    package func owner(of resource: Resource, by caller: Person) async throws -> TenantID? {
        try await query(by: caller) { person, tx, _ in
            guard person.holds(oneOf: .engineer, at: .provider) else {
                throw Refusal.notPermitted(.requestAccess)
            }
            return try tx.owner(of: resource)
        }
    }

    /// How a request of `engineer`'s stands of which she was told that it was approved; nil where no
    /// such request was.
    package func approval(_ id: AccessRequestID, of engineer: PersonID) async throws
        -> RequestView?
    {
        try await store.read { tx, now in
            guard let stored = try tx.request(id), stored.terms.engineer == engineer else {
                return nil
            }
            let view = try view(of: stored, at: now, for: .provider, in: tx)
            return view.request.state.grant == nil ? nil : view
        }
    }
}
