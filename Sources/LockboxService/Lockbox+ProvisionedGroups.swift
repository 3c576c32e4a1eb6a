import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// What a directory says of a group.
package struct ProvisionedGroupTerms: Hashable, Sendable {
    package var displayName: String
    package var externalID: String?
    package var members: Set<PersonID>

    package init(displayName: String, externalID: String?, members: Set<PersonID>) {
        self.displayName = displayName
        self.externalID = externalID
        self.members = members
    }
}

/// Which groups an organisation's directory has, and which roles they give.
extension Lockbox {
    package func provisionedGroups(by token: ProvisioningToken) async throws
        -> [ProvisionedGroup]
    {
        try await provisioned(by: token) { tx in try tx.provisionedGroups(at: token.side) }
    }

    package func provisionedGroup(_ id: String, by token: ProvisioningToken) async throws
        -> ProvisionedGroup
    {
        try await provisioned(by: token) { tx in
            try tx.provisionedGroup(named: id, at: token.side)
        }
    }

    package func addGroup(_ terms: ProvisionedGroupTerms, by token: ProvisioningToken)
        async throws -> ProvisionedGroup
    {
        try await provision(by: token, for: .ordinary) { change in
            guard
                try change.tx.provisionedGroups(at: token.side).count < Limits.groupsPerDirectory
            else { throw Refusal.limitReached(.groups) }
            let group = ProvisionedGroup(
                id: change.entropy.id(),
                side: token.side,
                displayName: terms.displayName,
                externalID: terms.externalID,
                members: [],
                createdAt: change.now,
                changedAt: change.now
            )
            return try change.provision(group, as: terms, with: token)
        }
    }

    /// Changes what is said of a group; `wanted` makes it of what is said now.
    package func changeGroup(
        _ id: String,
        by token: ProvisioningToken,
        to wanted: @escaping @Sendable (ProvisionedGroup) throws -> ProvisionedGroupTerms
    ) async throws -> ProvisionedGroup {
        try await provision(by: token, for: .ending) { change in
            let before = try change.tx.provisionedGroup(named: id, at: token.side)
            let terms = try wanted(before)
            let isSame =
                terms.displayName == before.displayName && terms.externalID == before.externalID
                && terms.members == before.members
            return isSame ? before : try change.provision(before, as: terms, with: token)
        }
    }

    package func removeGroup(
        _ id: String,
        by token: ProvisioningToken,
        if condition: @escaping @Sendable (ProvisionedGroup) throws -> Void
    ) async throws {
        try await provision(by: token, for: .ending) { change in
            let group = try change.tx.provisionedGroup(named: id, at: token.side)
            try condition(group)
            try change.tx.remove(group.id)
            for member in group.members.sorted() {
                try change.applyGroups(of: member, with: token)
            }
        }
    }

    // MARK: - Roles of groups

    /// Which roles the tenant's groups give, for those who see its people.
    package func groupRoles(of tenant: String, by caller: Person) async throws -> [GroupRoles] {
        try await query(by: caller) { person, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.readPeople)
            }
            return try tx.groupRoles(of: .tenant(tenant.id))
        }
    }

    /// Says which roles the members of a group have, for an administrator of the tenant.
    package func mapGroup(
        _ group: String,
        to names: [String],
        in tenant: String,
        by caller: Person
    ) async throws {
        try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            let side = Side.tenant(tenant.id)
            guard person.holds(oneOf: .admin, at: side) else {
                throw Refusal.notPermitted(.changePeople)
            }
            let wanted = try GroupRoles(group: group, names: names, of: side)
            try count.addSettings(of: person, takesAway: wanted.roles.isEmpty, at: change.now)
            try change.map(wanted)
            guard try change.tx.hasAdministrator(side) else { throw Refusal.lastAdministrator }
        }
    }

    /// The same of the provider's groups, by the console.
    package func mapGroup(_ group: String, to names: [String]) async throws {
        try await store.write(by: .console) { change in
            try change.map(try GroupRoles(group: group, names: names, of: .provider))
        }
    }
}

extension GroupRoles {
    fileprivate init(group: String, names: [String], of side: Side) throws(Refusal) {
        guard let roles = Roles(names: names, side: side) else {
            let all = side == .provider ? Roles.ofProvider : Roles.ofTenant
            throw .invalid(
                field: "roles",
                problem: .malformed(expected: "a list of \(all.names.joined(separator: ", "))")
            )
        }
        self.init(
            side: side,
            group: try Text.check(group, field: "group", length: Limits.groupNameLength),
            roles: roles
        )
    }
}

extension Change {
    /// Makes `group` what the directory says of it now, and gives its members their roles.
    fileprivate mutating func provision(
        _ before: ProvisionedGroup,
        as terms: ProvisionedGroupTerms,
        with token: ProvisioningToken
    ) throws -> ProvisionedGroup {
        guard terms.members.count <= Limits.membersPerGroup else {
            throw Refusal.invalid(
                field: "members",
                problem: .outOfRange("up to \(Limits.membersPerGroup) members")
            )
        }
        for member in terms.members.subtracting(before.members).sorted() {
            guard try tx.hasProvisionedPerson(member, at: token.side) else {
                throw Refusal.unknownReference(field: "members", noun: .person)
            }
            try adopt(member, with: token)
        }
        var after = before
        after.displayName = terms.displayName
        after.externalID = terms.externalID
        after.members = terms.members
        after.changedAt = now
        try tx.save(after)
        let isRenamed = GroupRoles.key(before.displayName) != GroupRoles.key(after.displayName)
        let touched =
            isRenamed
            ? before.members.union(after.members)
            : before.members.symmetricDifference(after.members)
        for member in touched.sorted() { try applyGroups(of: member, with: token) }
        return after
    }

    /// Says which roles a group gives, and gives them to who is in it.
    fileprivate mutating func map(_ wanted: GroupRoles) throws {
        let all = try tx.groupRoles(of: wanted.side)
        let key = GroupRoles.key(wanted.group)
        let before = all.first { GroupRoles.key($0.group) == key }
        guard wanted.roles != before?.roles ?? [] else { return }
        guard before != nil || all.count < Limits.groupRolesPerDirectory else {
            throw Refusal.limitReached(.groupRoles)
        }
        try tx.save(wanted)
        emit(.provisioning(.rolesMapped(before: before?.roles ?? [], after: wanted)))
        let group = try tx.provisionedGroups(at: wanted.side).first {
            GroupRoles.key($0.displayName) == key
        }
        for member in (group?.members ?? []).sorted() {
            try applyGroups(of: member, with: nil)
        }
    }
}

extension ProvisioningRecords {
    fileprivate func provisionedGroup(named id: String, at side: Side) throws -> ProvisionedGroup {
        guard let id = ProvisionedGroupID(id), let group = try provisionedGroup(id),
            group.side == side
        else { throw Refusal.notFound(.group) }
        return group
    }
}
