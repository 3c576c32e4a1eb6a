import LockboxDomain
import LockboxPorts

extension SQLTransaction: ProvisioningRecords {
    // MARK: - Tokens

    func insert(_ token: ProvisioningToken, secretHash: [UInt8]) throws {
        try connection.insert(
            [
                "id": .id(token.id),
                "secret_hash": .blob(secretHash),
                "organisation": .log(token.side),
                "label": .text(token.label),
                "addresses": try JSONColumn.value(token.addresses.map(\.description)),
                "made_by": .id(token.madeBy),
                "created_at": .time(token.createdAt),
                "expires_at": .time(token.expiresAt),
            ],
            into: "provisioning_token"
        )
    }

    func provisioningToken(secretHash: [UInt8]) throws -> ProvisioningToken? {
        try connection.selectOne(
            from: "provisioning_token",
            "WHERE secret_hash = $1 AND revoked_at IS NULL",
            [.blob(secretHash)],
            row: Self.provisioningToken
        )
    }

    func provisioningTokens(of side: Side) throws -> [ProvisioningToken] {
        try connection.select(
            from: "provisioning_token",
            "WHERE organisation = $1 AND revoked_at IS NULL ORDER BY created_at, id",
            [.log(side)],
            row: Self.provisioningToken
        )
    }

    func revokeProvisioningToken(_ id: ProvisioningTokenID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE provisioning_token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL",
            [.time(now), .id(id)]
        )
    }

    func touch(_ id: ProvisioningTokenID, _ use: APIToken.LastUse) throws {
        try connection.execute(
            """
            UPDATE provisioning_token SET last_used_at = $1, last_used_from = $2
            WHERE id = $3 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $1)
            """,
            [.time(use.at), .optional(use.from?.description), .id(id)]
        )
    }

    private static func provisioningToken(_ row: SQLRow) throws -> ProvisioningToken {
        ProvisioningToken(
            id: try row.id("id"),
            side: try row.log("organisation"),
            label: try row.text("label"),
            addresses: try row.json("addresses", [String].self).map {
                try row.required(AddressRange($0))
            },
            madeBy: try row.optionalID("made_by"),
            createdAt: try row.timestamp("created_at"),
            expiresAt: try row.timestamp("expires_at"),
            lastUse: try row.optionalTimestamp("last_used_at").map { instant in
                APIToken.LastUse(
                    at: instant,
                    from: try row.optionalText("last_used_from").map {
                        try row.required(AddressRange($0))
                    }
                )
            }
        )
    }

    // MARK: - People

    func provisionedUser(_ person: PersonID) throws -> ProvisionedUser? {
        try users("WHERE person = $1", [.id(person)]).first
    }

    func provisionedUsers(at side: Side) throws -> [ProvisionedUser] {
        try users("WHERE organisation = $1", [.log(side)])
    }

    func provisionedUser(named userName: String, at side: Side) throws -> ProvisionedUser? {
        try users(
            "WHERE organisation = $1 AND user_name_key = $2",
            [.log(side), .text(GroupRoles.key(userName))]
        ).first
    }

    func provisionedUsers(externalID: String, at side: Side) throws -> [ProvisionedUser] {
        try users(
            "WHERE organisation = $1 AND external_id = $2 AND is_gone = 0",
            [.log(side), .text(externalID)]
        )
    }

    func save(_ user: ProvisionedUser, at side: Side) throws {
        let holder = try provisionedUser(named: user.terms.userName, at: side)
        guard holder == nil || holder?.person == user.person else {
            throw Refusal.alreadyExists(.person)
        }
        let terms = user.terms
        try connection.save(
            [
                "person": .id(user.person),
                "organisation": .log(side),
                "user_name": .text(terms.userName),
                "user_name_key": .text(GroupRoles.key(terms.userName)),
                "external_id": .optional(terms.externalID),
                "display_name": .optional(terms.displayName),
                "formatted_name": .optional(terms.formattedName),
                "given_name": .optional(terms.givenName),
                "family_name": .optional(terms.familyName),
                "emails": try JSONColumn.value(terms.emails),
                "is_active": terms.isActive.map { .flag($0) } ?? .null,
                "group_roles": .integer(Int64(user.groupRoles.rawValue)),
                "is_gone": .flag(user.isGone),
                "made_with": .id(user.madeWith),
                "created_at": .time(user.createdAt),
                "changed_at": .time(user.changedAt),
            ],
            in: "provisioned_user",
            key: ["person"]
        )
    }

    private func users(_ clause: String, _ values: [SQLValue]) throws -> [ProvisionedUser] {
        try connection.select(from: "provisioned_user", key: ["person"], clause, values) { row in
            ProvisionedUser(
                person: try row.id("person"),
                terms: ProvisionedTerms(
                    userName: try row.text("user_name"),
                    externalID: try row.optionalText("external_id"),
                    displayName: try row.optionalText("display_name"),
                    formattedName: try row.optionalText("formatted_name"),
                    givenName: try row.optionalText("given_name"),
                    familyName: try row.optionalText("family_name"),
                    emails: try row.json("emails"),
                    isActive: try row.isNull("is_active") ? nil : try row.flag("is_active")
                ),
                groupRoles: try Self.roles(row, "group_roles"),
                isGone: try row.flag("is_gone"),
                madeWith: try row.id("made_with"),
                createdAt: try row.timestamp("created_at"),
                changedAt: try row.timestamp("changed_at")
            )
        }
    }

    private static func roles(_ row: SQLRow, _ column: SQLColumn) throws -> Roles {
        let roles = Roles(rawValue: try row.required(UInt16(exactly: try row.integer(column))))
        guard roles.isSubset(of: [.ofProvider, .ofTenant]) else { throw row.corrupt }
        return roles
    }

    // MARK: - Groups

    func provisionedGroups(at side: Side) throws -> [ProvisionedGroup] {
        let members = try connection.query(
            """
            SELECT m.group_id, m.person FROM provisioned_member m
            JOIN provisioned_group g ON g.id = m.group_id WHERE g.organisation = $1
            """,
            [.log(side)]
        ) { row in (group: try row.text(0), person: try row.id(1) as PersonID) }
        let byGroup = Dictionary(grouping: members) { $0.group }
        return try groups("WHERE organisation = $1 ORDER BY name_key", [.log(side)]) { id in
            Set((byGroup[id.text] ?? []).map(\.person))
        }
    }

    func provisionedGroup(_ id: ProvisionedGroupID) throws -> ProvisionedGroup? {
        try groups("WHERE id = $1", [.id(id)], members: members).first
    }

    func provisionedGroups(of person: PersonID) throws -> [ProvisionedGroup.Name] {
        try connection.query(
            """
            SELECT g.id, g.display_name FROM provisioned_member m
            JOIN provisioned_group g ON g.id = m.group_id WHERE m.person = $1 ORDER BY g.name_key
            """,
            [.id(person)]
        ) { row in ProvisionedGroup.Name(id: try row.id(0), displayName: try row.text(1)) }
    }

    func memberships(at side: Side) throws -> [PersonID: [ProvisionedGroup.Name]] {
        let all = try connection.query(
            """
            SELECT m.person, g.id, g.display_name FROM provisioned_member m
            JOIN provisioned_group g ON g.id = m.group_id WHERE g.organisation = $1
            ORDER BY g.name_key
            """,
            [.log(side)]
        ) { row in
            (
                person: try row.id(0) as PersonID,
                name: ProvisionedGroup.Name(id: try row.id(1), displayName: try row.text(2))
            )
        }
        return Dictionary(grouping: all) { $0.person }.mapValues { $0.map(\.name) }
    }

    func save(_ group: ProvisionedGroup) throws {
        let key = GroupRoles.key(group.displayName)
        let holder = try connection.queryOne(
            "SELECT id FROM provisioned_group WHERE organisation = $1 AND name_key = $2",
            [.log(group.side), .text(key)]
        ) { row in try row.id(0) as ProvisionedGroupID }
        guard holder == nil || holder == group.id else { throw Refusal.alreadyExists(.group) }
        try connection.save(
            [
                "id": .id(group.id),
                "organisation": .log(group.side),
                "display_name": .text(group.displayName),
                "name_key": .text(key),
                "external_id": .optional(group.externalID),
                "created_at": .time(group.createdAt),
                "changed_at": .time(group.changedAt),
            ],
            in: "provisioned_group"
        )
        let present = try members(group.id)
        for person in present.subtracting(group.members) {
            try connection.execute(
                "DELETE FROM provisioned_member WHERE group_id = $1 AND person = $2",
                [.id(group.id), .id(person)]
            )
        }
        for person in group.members.subtracting(present) {
            try connection.insert(
                ["group_id": .id(group.id), "person": .id(person)],
                into: "provisioned_member"
            )
        }
    }

    func remove(_ group: ProvisionedGroupID) throws {
        for (table, column) in [("provisioned_member", "group_id"), ("provisioned_group", "id")] {
            try connection.execute("DELETE FROM \(table) WHERE \(column) = $1", [.id(group)])
        }
    }

    private func members(_ group: ProvisionedGroupID) throws -> Set<PersonID> {
        Set(
            try connection.query(
                "SELECT person FROM provisioned_member WHERE group_id = $1",
                [.id(group)]
            ) { row in try row.id(0) as PersonID }
        )
    }

    private func groups(
        _ clause: String,
        _ values: [SQLValue],
        members: (ProvisionedGroupID) throws -> Set<PersonID>
    ) throws -> [ProvisionedGroup] {
        try connection.select(from: "provisioned_group", clause, values) { row in
            let id: ProvisionedGroupID = try row.id("id")
            return ProvisionedGroup(
                id: id,
                side: try row.log("organisation"),
                displayName: try row.text("display_name"),
                externalID: try row.optionalText("external_id"),
                members: try members(id),
                createdAt: try row.timestamp("created_at"),
                changedAt: try row.timestamp("changed_at")
            )
        }
    }

    // MARK: - Roles of groups

    func groupRoles(of side: Side) throws -> [GroupRoles] {
        try connection.select(
            from: "group_roles",
            key: ["organisation", "name_key"],
            "WHERE organisation = $1 ORDER BY name_key",
            [.log(side)]
        ) { row in
            let group = try row.text("group_name")
            guard try row.text("name_key") == GroupRoles.key(group) else { throw row.corrupt }
            return GroupRoles(side: side, group: group, roles: try Self.roles(row, "roles"))
        }
    }

    func save(_ roles: GroupRoles) throws {
        let key = SQLValue.text(GroupRoles.key(roles.group))
        guard !roles.roles.isEmpty else {
            try connection.execute(
                "DELETE FROM group_roles WHERE organisation = $1 AND name_key = $2",
                [.log(roles.side), key]
            )
            return
        }
        try connection.save(
            [
                "organisation": .log(roles.side), "name_key": key,
                "group_name": .text(roles.group),
                "roles": .integer(Int64(roles.roles.rawValue)),
            ],
            in: "group_roles",
            key: ["organisation", "name_key"]
        )
    }
}
