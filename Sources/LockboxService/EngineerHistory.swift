package import LockboxDomain
import LockboxPorts

/// What became of what an engineer asked of a tenant lately: for who decides about the next request.
package struct EngineerHistory: Hashable, Sendable {
    /// How far it goes back from the request.
    package static let span = TimeSpan.days(30)

    /// Requests for which access was given, by a yes or by the tenant's rules.
    package let given: Int
    package let denied: Int
    /// Turned away by the provider's own manager.
    package let rejected: Int
    /// Withdrawn, or not decided in time.
    package let lapsed: Int
    package let waiting: Int
    /// Denials on the same support request, however long ago.
    package let deniedOnSupportRequest: Int

    package var all: Int { given + denied + rejected + lapsed + waiting }

    init(_ counts: [AccessRequest.StateName: Int], deniedOnSupportRequest: Int) {
        func sum(_ states: AccessRequest.StateName...) -> Int {
            states.reduce(0) { $0 + (counts[$1] ?? 0) }
        }
        given = sum(.scheduled, .active, .ended)
        denied = sum(.denied)
        rejected = sum(.rejected)
        lapsed = sum(.withdrawn, .expired)
        waiting = sum(.awaitingManager, .awaitingCustomer)
        self.deniedOnSupportRequest = deniedOnSupportRequest
    }
}

extension Lockbox {
    /// What the engineer of `view` asked of its tenant before, within `EngineerHistory.span`; nil where
    /// that is more than is counted. Throws `Refusal.notFound` where the caller may not see the
    /// tenant's requests.
    package func history(before view: RequestView, by caller: Person) async throws
        -> EngineerHistory?
    {
        let (request, terms) = (view.request, view.request.terms)
        return try await query(by: caller) { person, tx, _ in
            let (_, openedBy) = try person.reach(terms.tenant.text, in: tx)
            guard openedBy == nil else { throw Refusal.notFound(.accessRequest) }
            var filter = RequestFilter(tenant: terms.tenant, engineer: terms.engineer)
            filter.from = request.createdAt - EngineerHistory.span
            filter.before = request.createdAt
            let denials = try tx.denials(
                of: terms.engineer,
                on: terms.supportRequest,
                of: terms.tenant
            )
            return try tx.requestCounts(filter, most: Limits.historyCounted).map {
                EngineerHistory($0, deniedOnSupportRequest: denials.count)
            }
        }
    }
}
