import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// A request for access to what is one person's own: what is named after an address of hers. Of what
/// else it asks for nothing is said.
package struct OwnDataView: Sendable {
    package let request: RequestView
    package let support: SupportView
    /// What was asked to be done with it.
    package let asked: [Access]
    /// What was given of that; empty where no access was given.
    package let granted: [Access]
    /// Of credentials for it.
    package let uses: [CredentialUse]

    init(_ view: RequestView, of names: [String], _ support: SupportView) {
        func own(_ scope: Scope?) -> [Access] {
            (scope?.accesses ?? []).filter { names.contains($0.resource.localName) }
        }
        request = view
        self.support = support
        asked = own(view.request.terms.scope)
        granted = own(view.request.state.grant?.scope)
        uses = view.uses.filter { names.contains($0.resource.localName) }
    }
}

extension Lockbox {
    /// Requests for access to what is `caller`'s own, newest first, whoever opened the support request:
    /// whose data it is may know who asked for it, and what became of that. Throws `StoreError.busy` as
    /// searches do.
    package func requestsForOwnData(page: ListPage, by caller: Person) async throws -> Paged<
        OwnDataView
    > {
        let place = try searches.place(for: caller.id)
        defer { withExtendedLifetime(place) {} }
        return try await query(.bulk, by: caller) { person, tx, now in
            guard let tenant = person.side.tenant else { throw Refusal.notFound(.page) }
            let names = ([person.email] + person.aliases).map { $0.text.lowercased() }
            var filter = RequestFilter(tenant: tenant)
            filter.resourceNames = names
            let found = try tx.requests(filter, page: page)
            return Paged(
                items: try found.items.map { request in
                    let number = request.terms.supportRequest
                    guard let support = try tx.supportRequest(number, of: tenant) else {
                        throw StoreError.corrupt("no support request \(number)")
                    }
                    return OwnDataView(
                        try view(of: request, at: now, for: person.side, in: tx),
                        of: names,
                        try SupportView(support, in: tx)
                    )
                },
                next: found.next
            )
        }
    }
}
