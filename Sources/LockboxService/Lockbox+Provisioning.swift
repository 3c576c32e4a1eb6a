import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// A person as her organisation's directory sees her.
package struct ProvisionedPerson: Hashable, Sendable {
    package let person: Person
    /// What the directory said of her; where it has said nothing yet, what it would say.
    package let terms: ProvisionedTerms
    package let groups: [ProvisionedGroup.Name]
    /// Nil where the directory has said nothing of her yet.
    package let createdAt: Timestamp?
    package let changedAt: Timestamp?
}

extension ProvisionedPerson {
    fileprivate init(
        _ person: Person,
        _ user: ProvisionedUser?,
        groups: [ProvisionedGroup.Name]
    ) {
        var terms = user?.terms ?? ProvisionedTerms(of: person)
        // Whoever was switched off or on elsewhere is what she is.
        if !person.isDisabled {
            terms.isActive = true
        } else if terms.isActive == true {
            terms.isActive = false
        }
        self.init(
            person: person,
            terms: terms,
            groups: groups,
            createdAt: user?.createdAt,
            changedAt: user?.changedAt
        )
    }
}

/// Who the people of an organisation are, as its directory says with a provisioning token (SCIM).
extension Lockbox {
    /// Everybody whom the directory can see, in order of their addresses.
    package func provisionedPeople(by token: ProvisioningToken) async throws
        -> [ProvisionedPerson]
    {
        try await provisioned(by: token) { tx in
            let users = Dictionary(
                try tx.provisionedUsers(at: token.side).map { ($0.person, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            let groups = try tx.memberships(at: token.side)
            return try tx.people(at: token.side).filter {
                !$0.isProgram && users[$0.id]?.isGone != true
            }.map {
                ProvisionedPerson($0, users[$0.id], groups: groups[$0.id] ?? [])
            }
        }
    }

    /// The same of those with one name of an account; none or one.
    package func provisionedPeople(named userName: String, by token: ProvisioningToken)
        async throws -> [ProvisionedPerson]
    {
        try await provisioned(by: token) { tx in
            let person =
                if let user = try tx.provisionedUser(named: userName, at: token.side) {
                    user.person
                } else {
                    try EmailAddress(userName).flatMap {
                        try tx.person(identifiedBy: Identity(local: $0))
                    }?.id
                }
            let found = try person.flatMap { try tx.provisionedPerson($0, at: token.side) }
            return found.map { [$0] } ?? []
        }
    }

    /// The same of those with one identifier in the directory.
    package func provisionedPeople(externalID: String, by token: ProvisioningToken) async throws
        -> [ProvisionedPerson]
    {
        try await provisioned(by: token) { tx in
            try tx.provisionedUsers(externalID: externalID, at: token.side).compactMap {
                try tx.provisionedPerson($0.person, at: token.side)
            }
        }
    }

    package func provisionedPerson(_ id: String, by token: ProvisioningToken) async throws
        -> ProvisionedPerson
    {
        try await provisioned(by: token) { tx in
            try tx.provisionedPerson(named: id, at: token.side)
        }
    }

    // MARK: - Changes

    /// Adds a person; one whom the directory had deleted comes back as herself, with no role of before.
    package func addPerson(_ terms: ProvisionedTerms, by token: ProvisioningToken) async throws
        -> ProvisionedPerson
    {
        try await provision(by: token, for: .ordinary) { change in
            let address = try EmailAddress(provisioned: terms.address)
            let named = try change.tx.provisionedUser(named: terms.userName, at: token.side)
            let holder = try change.tx.person(identifiedBy: Identity(local: address))
            if let known = try holder.flatMap({ try change.tx.provisionedUser($0.id) }) ?? named {
                guard known.isGone, named == nil || named?.person == known.person,
                    let person = try change.tx.person(known.person), person.side == token.side
                else { throw Refusal.alreadyExists(.person) }
                try change.tx.requireRoom(for: .provisionedWith(token.id), at: change.now)
                return try change.provision(person, known, as: terms, with: token)
            }
            guard holder == nil else { throw Refusal.alreadyExists(.person) }
            try change.tx.requireRoom(for: .provisionedWith(token.id), at: change.now)
            try change.tx.requireOwn(address, at: token.side)
            let person = Person(
                id: change.entropy.id(),
                side: token.side,
                name: try Text.check(terms.shownName, field: "name", length: Limits.nameLength),
                email: address,
                roles: [],
                isDisabled: terms.isActive != true
            )
            try change.add(person)
            let user = ProvisionedUser(
                person: person.id,
                terms: terms,
                madeWith: token.id,
                createdAt: change.now,
                changedAt: change.now
            )
            try change.tx.save(user, at: token.side)
            return ProvisionedPerson(person, user, groups: [])
        }
    }

    /// Changes what is said of a person; `wanted` makes it of what is said now.
    package func changePerson(
        _ id: String,
        by token: ProvisioningToken,
        to wanted: @escaping @Sendable (ProvisionedPerson) throws -> ProvisionedTerms
    ) async throws -> ProvisionedPerson {
        // Whoever is switched off must not wait for space on the disk.
        try await provision(by: token, for: .ending) { change in
            let before = try change.tx.provisionedPerson(named: id, at: token.side)
            let terms = try wanted(before)
            guard terms != before.terms else { return before }
            let user = try change.tx.provisionedUser(before.person.id)
            return try change.provision(before.person, user, as: terms, with: token)
        }
    }

    /// Deletes a person for the directory: she stays in the log, and is nobody any more who can do
    /// anything.
    package func removePerson(
        _ id: String,
        by token: ProvisioningToken,
        if condition: @escaping @Sendable (ProvisionedPerson) throws -> Void
    ) async throws {
        // Whoever is switched off must not wait for space on the disk.
        try await provision(by: token, for: .ending) { change in
            let before = try change.tx.provisionedPerson(named: id, at: token.side)
            try condition(before)
            for name in before.groups {
                guard var group = try change.tx.provisionedGroup(name.id) else { continue }
                group.members.remove(before.person.id)
                group.changedAt = change.now
                try change.tx.save(group)
            }
            var user = try change.user(of: before.person, with: token)
            user.isGone = true
            user.terms.isActive = false
            user.groupRoles = []
            user.changedAt = change.now
            try change.tx.save(user, at: token.side)
            var person = before.person
            person.isDisabled = true
            person.roles = []
            try change.update(before.person, to: person)
        }
    }

    // MARK: - How

    func provisioned<Value: Sendable>(
        by token: ProvisioningToken,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.read { tx, now in
            try tx.requireCurrent(token, at: now)
            return try body(tx)
        }
    }

    /// Runs `body` as the directory that has `token`. An organisation keeps an administrator whatever its
    /// directory says. What people there should know of a refusal is written down, once a day.
    func provision<Value: Sendable>(
        by token: ProvisioningToken,
        for purpose: WritePurpose,
        _ body: @escaping @Sendable (inout Change) throws -> Value
    ) async throws -> Value {
        let count = DayCount(in: provisioned)
        do {
            return try await store.write(by: .provisioning(token), for: purpose) { change in
                try change.tx.requireCurrent(token, at: change.now)
                let hadAdministrator = try change.tx.hasAdministrator(token.side)
                let value = try body(&change)
                if hadAdministrator, try !change.tx.hasAdministrator(token.side) {
                    throw Refusal.lastAdministrator
                }
                let given = change.events.flatMap(\.provisionedQuotas)
                try count.add(given.map { ($0, token.id.text) }, at: change.now)
                return value
            }
        } catch StoreError.outcomeUnknown(let problem) {
            // It may have come about.
            throw StoreError.outcomeUnknown(problem)
        } catch {
            count.takeBack()
            if let refusal = error as? Refusal, let problem = ProvisioningEvent.Problem(refusal) {
                try await record(problem, of: token)
            }
            throw error
        }
    }

    private func record(
        _ problem: ProvisioningEvent.Problem,
        of token: ProvisioningToken
    ) async throws {
        let count = DayCount(in: provisioned)
        try await store.write(by: .provisioning(token)) { change in
            do {
                let whose = "\(token.id) \(problem.rawValue)"
                try count.add([(.provisioningRefusals, whose)], at: change.now)
            } catch {
                return
            }
            change.emit(.provisioning(.refused(token, problem)))
        }
    }
}

extension Event {
    /// What is counted by the day where a directory brought it about. What only takes away is not: nobody who
    /// gives much may lose the room to take back.
    fileprivate var provisionedQuotas: [DailyQuota] {
        let people: (before: Roles, after: Person)? =
            switch self {
            case .directory(.personAdded(let person)): ([], person)
            case .directory(.personChanged(let before, let after)): (before.roles, after)
            case .directory, .signIn, .request, .access, .provisioning, .log: nil
            }
        guard let (before, after) = people, !after.isDisabled else { return [] }
        if case .directory(.personChanged(let old, let new)) = self, new.onlyLoses(to: old) {
            return []
        }
        let decides = !before.union(after.roles).isDisjoint(with: .deciding)
        return decides ? [.provisionedChanges, .provisionedDeciders] : [.provisionedChanges]
    }
}

extension Person {
    /// Whether all that differs from `before` is that roles are gone.
    fileprivate func onlyLoses(to before: Person) -> Bool {
        var same = self
        same.roles = before.roles
        return same == before && roles.isSubset(of: before.roles)
    }
}

extension ProvisioningEvent.Problem {
    /// What people of the organisation should know of a refusal; nil where nothing.
    fileprivate init?(_ refusal: Refusal) {
        if refusal == .lastAdministrator {
            self = .lastAdministrator
        } else if refusal == .foreignAddress {
            self = .foreignAddress
        } else {
            return nil
        }
    }
}

extension Refusal {
    fileprivate static let foreignAddress = Refusal.invalid(
        field: "emails",
        problem: .notAllowedHere(
            "is in no domain that is this organisation's alone. The operator of Lockbox names an "
                + "organisation's domains."
        )
    )
}

extension EmailAddress {
    fileprivate init(provisioned text: String) throws {
        guard let address = EmailAddress(text) else {
            throw Refusal.invalid(
                field: "emails",
                problem: .malformed(
                    expected: "an e-mail address in ASCII, and nor is userName where there is none"
                )
            )
        }
        self = address
    }
}

extension Change {
    /// What the directory said of `person`, or would say at first.
    fileprivate func user(of person: Person, with token: ProvisioningToken) throws
        -> ProvisionedUser
    {
        try tx.provisionedUser(person.id)
            ?? ProvisionedUser(
                person: person.id,
                terms: ProvisionedTerms(of: person),
                madeWith: token.id,
                createdAt: now,
                changedAt: now
            )
    }

    /// Makes `person` what the directory says of her now.
    fileprivate mutating func provision(
        _ person: Person,
        _ before: ProvisionedUser?,
        as terms: ProvisionedTerms,
        with token: ProvisioningToken
    ) throws -> ProvisionedPerson {
        var user = try before ?? user(of: person, with: token)
        let said = before.map(\.terms) ?? ProvisionedTerms(of: person)
        var after = person
        if terms.address != said.address || user.isGone {
            let address = try EmailAddress(provisioned: terms.address)
            if address != person.email {
                try tx.requireOwn(address, at: person.side)
                after.email = address
            }
        }
        if terms.shownName != said.shownName {
            after.name = try Text.check(
                terms.shownName,
                field: "name",
                length: Limits.nameLength
            )
        }
        after.isDisabled = terms.isActive != true
        user.terms = terms
        user.isGone = false
        user.changedAt = now
        try tx.save(user, at: person.side)
        try update(person, to: after)
        return ProvisionedPerson(after, user, groups: try tx.provisionedGroups(of: person.id))
    }

    /// Gives `id` the roles that her groups give now.
    mutating func applyGroups(of id: PersonID, with token: ProvisioningToken?) throws {
        guard let person = try tx.person(id) else { throw StoreError.corrupt("no person \(id)") }
        let groups = try tx.provisionedGroups(of: id).map(\.displayName)
        let given = GroupRoles.given(by: groups, try tx.groupRoles(of: person.side))
        let known = try tx.provisionedUser(id)
        guard given != known?.groupRoles ?? [] else { return }
        guard var user = try known ?? token.map({ try self.user(of: person, with: $0) }) else {
            throw StoreError.corrupt("\(id) is in a group and was never provisioned")
        }
        var after = person
        after.roles = person.roles.whereGroupsGave(user.groupRoles, nowGive: given)
        user.groupRoles = given
        user.changedAt = now
        try tx.save(user, at: person.side)
        try update(person, to: after)
    }

    /// Makes sure that it is written down that the directory speaks of `id`.
    mutating func adopt(_ id: PersonID, with token: ProvisioningToken) throws {
        guard try tx.provisionedUser(id) == nil, let person = try tx.person(id) else { return }
        try tx.save(try user(of: person, with: token), at: person.side)
    }
}

extension ProvisioningRecords {
    fileprivate func requireCurrent(_ token: ProvisioningToken, at now: Timestamp) throws {
        let isCurrent = try provisioningTokens(of: token.side).contains {
            $0.id == token.id && $0.isValid(at: now)
        }
        guard isCurrent else { throw Refusal.notSignedIn }
    }
}

extension ProvisioningRecords where Self: PersonRecords {
    /// A person of `side` whom the directory can see; nil where there is none. Programs are none of its.
    fileprivate func provisionedPerson(_ id: PersonID, at side: Side) throws
        -> ProvisionedPerson?
    {
        guard let person = try person(id), person.side == side, !person.isProgram else {
            return nil
        }
        let user = try provisionedUser(id)
        guard user?.isGone != true else { return nil }
        return ProvisionedPerson(person, user, groups: try provisionedGroups(of: id))
    }

    fileprivate func provisionedPerson(named id: String, at side: Side) throws
        -> ProvisionedPerson
    {
        guard let id = PersonID(id), let found = try provisionedPerson(id, at: side) else {
            throw Refusal.notFound(.person)
        }
        return found
    }

    /// Whether the directory can see a person of `side` with this identifier.
    func hasProvisionedPerson(_ id: PersonID, at side: Side) throws -> Bool {
        try provisionedPerson(id, at: side) != nil
    }
}

extension TenantRecords where Self: PersonRecords & SignInSettingsRecords {
    /// Refuses an address that is not in the organisation's own domains; of the provider's people, where
    /// it names none, one that is in a tenant's.
    fileprivate func requireOwn(_ address: EmailAddress, at side: Side) throws {
        let owner = DomainOwners(try tenants()).owner(of: address.domain)
        guard owner == side.tenant else { throw Refusal.foreignAddress }
        guard side == .provider, let domains = try signInSettings(of: side)?.domains else {
            return
        }
        let names = DomainOwners.names(of: address.domain)
        guard domains.contains(where: { names.contains($0.text) }) else {
            throw Refusal.foreignAddress
        }
    }
}

extension PersonRecords {
    /// The provider needs none.
    func hasAdministrator(_ side: Side) throws -> Bool {
        guard side.tenant != nil else { return false }
        return try people(at: side).contains { $0.holds(oneOf: .admin, at: side) }
    }
}
