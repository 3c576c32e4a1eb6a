import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// What a member fills in.
package struct SupportDraft: Hashable, Sendable {
    package var tenant: String
    package var subject: String
    package var description: String
    package var service: String?
    /// The number in an outside ticket system; ours is made up otherwise.
    package var number: String?
    package var url: String?

    package init(
        tenant: String,
        subject: String,
        description: String,
        service: String?,
        number: String?,
        url: String?
    ) {
        self.tenant = tenant
        self.subject = subject
        self.description = description
        self.service = service
        self.number = number
        self.url = url
    }
}

/// A support request with the people it speaks of.
package struct SupportView: Sendable {
    package let support: SupportRequest
    package let openedBy: Person
    /// Who answered last; nil where nobody has.
    package let answeredBy: Person?

    init(_ support: SupportRequest, in tx: any StoreTransaction) throws {
        self.support = support
        openedBy = try tx.known(support.openedBy)
        answeredBy = try support.lastAnswer.map { try tx.known($0.person) }
    }
}

extension Lockbox {
    package func openSupportRequest(_ draft: SupportDraft, by caller: Person, key: CommandKey?)
        async throws
        -> SupportView
    {
        try await command(
            by: caller,
            key: key,
            subject: { $0.support.tenant.text + "/" + $0.support.number.text },
            again: { subject, _, tx, _ in
                try SupportView(tx.supportRequest(ofOutcome: subject), in: tx)
            }
        ) { person, change in
            guard let own = person.side.tenant else {
                throw Refusal.notPermitted(.openSupportRequests)
            }
            // Another tenant's identifier is answered like one that nobody has.
            guard let id = TenantID(draft.tenant), id == own else {
                throw Refusal.unknownReference(field: "tenant", noun: .tenant)
            }
            let service = try draft.service.map { text in
                guard let id = ServiceID(text), try change.tx.service(id) != nil else {
                    throw Refusal.unknownReference(field: "service", noun: .service)
                }
                return id
            }
            let number = try draft.number.map { text in
                guard let number = SupportRequestNumber(text) else {
                    throw Refusal.invalid(
                        field: "number",
                        problem: .malformed(
                            expected: "1 to 64 letters, digits, dots, dashes and underscores"
                        )
                    )
                }
                return number
            }
            let support = try SupportRequest(
                tenant: id,
                number: number ?? SupportRequestNumber(entropy: change.entropy.bytes(10)),
                subject: draft.subject,
                description: draft.description,
                service: service,
                url: draft.url,
                openedBy: person,
                openedAt: change.now
            )
            try change.tx.requireRoom(
                for: .supportRequestsBy(person.id),
                .supportRequestsOf(id),
                at: change.now
            )
            try change.tx.insert(support)
            change.emit(.request(.supportRequestOpened(support)))
            return try SupportView(support, in: change.tx)
        }
    }

    /// `tenant` says whose, where the caller is of the provider and several tenants use one number.
    package func supportRequest(_ number: String, tenant: String?, by caller: Person) async throws
        -> SupportView
    {
        try await query(by: caller) { person, tx, _ in
            try SupportView(tx.supportRequest(number, tenant: tenant, visibleTo: person), in: tx)
        }
    }

    /// Newest first; those of one state, or of any.
    package func supportRequests(
        tenant: String?,
        state: SupportRequest.State? = nil,
        page: ListPage,
        by caller: Person
    ) async throws -> Paged<SupportView> {
        try await query(by: caller) { person, tx, _ in
            // A program knows the number of what it asks about; its token shows nobody the others.
            guard !person.isProgram else { throw Refusal.notFound(.page) }
            let (scope, own) = try person.reach(tenant, in: tx)
            let found = try tx.supportRequests(
                of: scope,
                openedBy: own,
                state: state,
                page: page
            )
            return Paged(
                items: try found.items.map { try SupportView($0, in: tx) },
                next: found.next
            )
        }
    }
}

extension SupportRequestRecords {
    /// The support request, if it exists for `person`; else the same refusal as for one that does not
    /// exist at all.
    func supportRequest(_ number: String, tenant: String?, visibleTo person: Person) throws
        -> SupportRequest
    {
        guard let number = SupportRequestNumber(number) else {
            throw Refusal.notFound(.supportRequest)
        }
        let found = try supportRequests(numbered: number).filter { support in
            tenant.map { $0 == support.tenant.text } ?? true
                && (person.oversees(support.tenant) || support.openedBy == person.id)
        }
        guard found.count <= 1 else { throw Refusal.ambiguous(field: "tenant") }
        guard let support = found.first else { throw Refusal.notFound(.supportRequest) }
        return support
    }

    /// The one that a command was about, whose outcome is kept as `tenant/number…`.
    func supportRequest(ofOutcome subject: String) throws -> SupportRequest {
        let parts = subject.split(separator: "/").map(String.init)
        guard parts.count >= 2, let tenant = TenantID(parts[0]),
            let number = SupportRequestNumber(parts[1]),
            let support = try supportRequest(number, of: tenant)
        else { throw StoreError.corrupt("the first outcome of a command is gone") }
        return support
    }
}

extension Person {
    /// Whose things a list may show to this person: of which tenant (nil is all), and whether only
    /// those about support requests of her own. `wanted` narrows it; a tenant out of reach is
    /// answered like one that nobody has.
    func reach(_ wanted: String?, in tx: any StoreTransaction) throws -> (
        tenant: TenantID?, openedBy: PersonID?
    ) {
        switch side {
        case .provider:
            // Before the name is looked at: whether there is such a tenant is not for everybody of
            // the provider.
            guard isProviderStaff else { throw Refusal.notFound(.page) }
            let named = try wanted.map { text in
                guard let id = TenantID(text), try tx.tenant(id) != nil else {
                    throw Refusal.notFound(.tenant)
                }
                return id
            }
            return (named, nil)
        case .tenant(let own):
            guard wanted == nil || wanted == own.text else { throw Refusal.notFound(.tenant) }
            return (own, oversees(own) ? nil : id)
        }
    }
}
