import LockboxAudit
package import LockboxDomain
package import LockboxPorts

extension Lockbox {
    /// The tenants that exist for the caller.
    package func tenants(by caller: Person) async throws -> [Tenant] {
        try await query(by: caller) { person, tx, _ in
            switch person.side {
            case .provider: person.isProviderStaff ? try tx.tenants() : []
            case .tenant(let id): try tx.tenant(id).map { [$0] } ?? []
            }
        }
    }

    package func tenant(_ id: String, by caller: Person) async throws -> Tenant {
        try await query(by: caller) { person, tx, _ in try tx.tenant(id, visibleTo: person) }
    }

    /// Whether a request to the tenant would wait for people of whom nobody can sign in yet. For the
    /// provider's people, who would wait in vain.
    package func isOutOfReach(_ id: String, by caller: Person) async throws -> Bool {
        try await query(by: caller) { person, tx, now in
            let tenant = try tx.tenant(id, visibleTo: person)
            return try tenant.requiresApproval && !tx.canDecide(for: tenant, asked: now)
        }
    }

    package func resources(of tenant: String, by caller: Person) async throws -> [Resource] {
        try await query(by: caller) { person, tx, _ in
            try tx.resources(of: try tx.tenant(tenant, visibleTo: person).id)
        }
    }

    package func services(by caller: Person) async throws -> [ProtectedService] {
        try await query(by: caller) { _, tx, _ in try tx.services().map(\.service) }
    }

    // MARK: - People

    package func people(of id: String, by caller: Person) async throws -> [Person] {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(id, visibleTo: person)
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.readPeople)
            }
            return try tx.people(at: .tenant(tenant.id))
        }
    }

    /// A page of a tenant's people by name, with those who may approve, whatever the page. `named` are
    /// people of whom the page speaks besides.
    package func peopleList(
        of id: String,
        _ filter: PeopleFilter,
        limit: Int,
        offset: Int,
        named: [PersonID] = [],
        by caller: Person
    ) async throws -> PeopleList {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(id, visibleTo: person)
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.readPeople)
            }
            let found = try tx.people(of: tenant.id, filter, limit: limit, offset: offset)
            return PeopleList(
                tenant: tenant,
                people: found.people,
                total: found.total,
                approvers: try tx.approvers(of: tenant.id),
                named: try named.map { try tx.known($0) }
            )
        }
    }

    /// How many people may approve for the tenant.
    package func approverCount(of id: String, by caller: Person) async throws -> Int {
        try await query(by: caller) { person, tx, _ in
            try tx.approvers(of: tx.tenant(id, visibleTo: person).id).count
        }
    }

    /// Says what a person of the tenant may do from now on. `token` is for what an API token is that
    /// says so; nil at the portal.
    package func changeRoles(
        of id: String,
        in tenant: String,
        to names: [String],
        with token: TokenScopes? = nil,
        by caller: Person
    ) async throws
        -> Person
    {
        try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.changePeople)
            }
            guard let id = PersonID(id), let before = try change.tx.person(id),
                before.side == .tenant(tenant.id)
            else {
                throw Refusal.notFound(.person)
            }
            guard let roles = Roles(names: names, side: before.side) else {
                throw Refusal.invalid(
                    field: "roles",
                    problem: .malformed(expected: "a list of member, approver, admin and auditor")
                )
            }
            guard roles != before.roles else { return before }
            try change.tx.requireOwnRoles(at: before.side)
            var after = before
            after.roles = roles
            after = try change.update(
                before,
                to: after,
                by: tenant.takesYes(with: token) ? person : nil
            )
            let admins = try change.tx.people(at: before.side).filter {
                $0.holds(oneOf: .admin, at: before.side)
            }
            guard !admins.isEmpty else { throw Refusal.lastAdministrator }
            try count.addSettings(
                of: person,
                takesAway: roles.isSubset(of: before.roles),
                at: change.now
            )
            return after
        }
    }

    // MARK: - Log

    /// The log that the caller may read: her tenant's, or the provider's for its managers,
    /// operators and auditors.
    package func readableLog(tenant: String?, by caller: Person) async throws -> LogID {
        try await query(by: caller) { person, tx, _ in
            guard let tenant else {
                guard person.side == .provider else { throw Refusal.notFound(.page) }
                guard person.holds(oneOf: [.manager, .operator, .auditor], at: .provider) else {
                    throw Refusal.notPermitted(.readAudit)
                }
                return .provider
            }
            guard let id = TenantID(tenant), person.side == .tenant(id), try tx.tenant(id) != nil
            else {
                throw Refusal.notFound(.tenant)
            }
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(id)) else {
                throw Refusal.notPermitted(.readAudit)
            }
            return .tenant(id)
        }
    }
}

extension Lockbox {
    /// The names of those of `people` whom the log that `caller` may read can speak of: the provider's,
    /// and those of her own organisation.
    package func names(of people: Set<PersonID>, by caller: Person) async throws
        -> [PersonID: String]
    {
        try await query(by: caller) { person, tx, _ in
            try people.reduce(into: [:]) { names, id in
                guard let found = try tx.person(id),
                    found.side == .provider || found.side == person.side
                else { return }
                names[id] = found.markedName
            }
        }
    }
}

extension TenantRecords {
    /// The tenant, if it exists for `person`.
    func tenant(_ text: String, visibleTo person: Person) throws -> Tenant {
        guard let id = TenantID(text), let tenant = try tenant(id),
            person.isProviderStaff || person.side == .tenant(id)
        else {
            throw Refusal.notFound(.tenant)
        }
        return tenant
    }
}

extension SignInSettingsRecords {
    /// Throws where an OpenID provider says at each sign-in which roles the people of `side` have.
    func requireOwnRoles(at side: Side) throws {
        guard let provider = try signInSettings(of: side)?.provider, provider.roles != nil else {
            return
        }
        throw Refusal.invalid(
            field: "roles",
            problem: .notAllowedHere(
                "come from \(OpenIDProvider.shownName(provider.issuer)) at each sign-in. "
                    + "Change them there, or switch the person off here."
            )
        )
    }
}

extension Change {
    /// Ends what the tenant's present rules would not have given.
    mutating func applyRules(of tenant: Tenant, licenceWithdrawn: Bool, by person: PersonID?) throws
    {
        for open in try tx.openRequests(of: tenant.id, engineer: nil) {
            var request = open
            try advance(&request)
            let happened = try request.applyRules(
                of: tenant,
                licenceWithdrawn: licenceWithdrawn,
                by: person,
                now: now
            )
            try save(request, happened)
        }
    }
}

extension Lockbox {
    /// What anybody may know before signing in.
    package func providerName() async throws -> String {
        try await store.read { tx, _ in try tx.providerName() }
    }

    /// The provider's name, the caller's own tenant if she is a customer, and how much waits for
    /// her.
    package func organisations(of caller: Person) async throws -> (
        provider: String, tenant: Tenant?, waiting: Int
    ) {
        try await query(by: caller) { person, tx, now in
            (
                try tx.providerName(), try person.side.tenant.flatMap { try tx.tenant($0) },
                try tx.awaited(from: person, at: now)
            )
        }
    }
}

extension AccessRequestRecords {
    /// How many requests `person` can do something about that nobody else can do for her: as an
    /// approver those that need her yes or no, as a manager those to review, as an engineer those
    /// with a question for her. Counted up to `Limits.awaitedCounted`.
    fileprivate func awaited(from person: Person, at now: Timestamp) throws -> Int {
        let most = Limits.awaitedCounted
        switch person.side {
        case .tenant(let tenant):
            return person.mayDecide(for: tenant)
                ? try decisionsAwaited(from: person.id, of: tenant, at: now, most: most) : 0
        case .provider:
            let isManager = person.holds(oneOf: .manager, at: .provider)
            let isEngineer = person.holds(oneOf: .engineer, at: .provider)
            return try (isManager ? reviewsAwaited(from: person.id, at: now, most: most) : 0)
                + (isEngineer ? answersAwaited(from: person.id, at: now, most: most) : 0)
        }
    }
}

/// A page of a tenant's people.
package struct PeopleList: Sendable {
    package let tenant: Tenant
    package let people: [Person]
    /// How many fit, on all pages.
    package let total: Int
    /// Everyone who may approve now.
    package let approvers: [Person]
    package let named: [Person]
}
