import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofProvisioning = [
        Promise("a provisioning token reads back until it is revoked", tokensReadBack),
        Promise("what a directory says of people reads back", usersReadBack),
        Promise("one name of an account means one person of an organisation", namesAreUnique),
        Promise("a directory's groups read back with their members", groupsReadBack),
        Promise("roles of groups read back, and those that give nothing are gone", rolesReadBack),
    ]
}

private let contoso = Side.tenant(Fixture.contoso.id)

private func tokensReadBack(_ store: any Store) async throws {
    try await store.populate()
    let (token, other) = (
        Fixture.provisioningToken(), Fixture.provisioningToken(2, of: .provider)
    )
    try await store.write { tx in
        try tx.insert(token, secretHash: Fixture.secretHash(1))
        try tx.insert(other, secretHash: Fixture.secretHash(2))
    }
    let hash = Fixture.secretHash(1)
    #expect(try await store.read { try $0.provisioningToken(secretHash: hash) } == token)
    #expect(try await store.read { try $0.provisioningTokens(of: .provider) } == [other])
    let use = APIToken.LastUse(
        at: Fixture.now + .minutes(3),
        from: AddressRange("192.0.2.7")
    )
    try await store.write { tx in
        try tx.touch(token.id, use)
        // One before counts no more.
        try tx.touch(token.id, .init(at: Fixture.now, from: nil))
    }
    var used = token
    used.lastUse = use
    let expected = [used]
    #expect(try await store.read { try $0.provisioningTokens(of: contoso) } == expected)
    try await store.write { try $0.revokeProvisioningToken(token.id, at: Fixture.now) }
    #expect(try await store.read { try $0.provisioningToken(secretHash: hash) } == nil)
    #expect(try await store.read { try $0.provisioningTokens(of: contoso) } == [])
}

private func populated(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        try tx.insert(Fixture.provisioningToken(), secretHash: Fixture.secretHash(1))
    }
}

private func usersReadBack(_ store: any Store) async throws {
    try await populated(store)
    let full = Fixture.provisionedUser(Fixture.sue) {
        $0.terms.externalID = "e-1"
        $0.terms.formattedName = "Sue A. Reyes"
        $0.terms.givenName = "Sue"
        $0.terms.familyName = "Reyes"
        $0.terms.emails.append(.init(value: "s@contoso.test"))
        $0.terms.isActive = nil
        $0.groupRoles = [.member, .approver]
    }
    let gone = Fixture.provisionedUser(Fixture.adam) {
        $0.terms.externalID = "e-1"
        $0.isGone = true
    }
    try await store.write { tx in
        try tx.save(gone, at: contoso)
        try tx.save(Fixture.provisionedUser(Fixture.sue), at: contoso)
        try tx.save(full, at: contoso)
    }
    #expect(try await store.read { try $0.provisionedUser(Fixture.sue.id) } == full)
    #expect(try await store.read { try $0.provisionedUser(Fixture.gita.id) } == nil)
    #expect(try await store.read { Set(try $0.provisionedUsers(at: contoso)) } == [full, gone])
    #expect(try await store.read { try $0.provisionedUsers(at: .provider) } == [])
    let named = "SUE@contoso.test"
    #expect(try await store.read { try $0.provisionedUser(named: named, at: contoso) } == full)
    #expect(try await store.read { try $0.provisionedUser(named: named, at: .provider) } == nil)
    #expect(
        try await store.read { try $0.provisionedUsers(externalID: "e-1", at: contoso) } == [full]
    )
}

private func namesAreUnique(_ store: any Store) async throws {
    try await populated(store)
    try await store.write { try $0.save(Fixture.provisionedUser(Fixture.sue), at: contoso) }
    let other = Fixture.provisionedUser(Fixture.adam) { $0.terms.userName = "Sue@Contoso.test" }
    await #expect(throws: Refusal.alreadyExists(.person)) {
        try await store.write { try $0.save(other, at: contoso) }
    }
}

private func groupsReadBack(_ store: any Store) async throws {
    try await populated(store)
    @Sendable func group(_ number: UInt8, _ name: String, _ members: Set<PersonID>)
        -> ProvisionedGroup
    {
        ProvisionedGroup(
            id: Fixture.id(number),
            side: contoso,
            displayName: name,
            externalID: number == 1 ? "g-1" : nil,
            members: members,
            createdAt: Fixture.now,
            changedAt: Fixture.now
        )
    }
    let (sue, adam) = (Fixture.sue.id, Fixture.adam.id)
    let (team, all) = (group(1, "Team", [sue]), group(2, "All", [sue, adam]))
    try await store.write { tx in
        try tx.save(group(1, "Crew", [adam]))
        try tx.save(team)
        try tx.save(all)
    }
    #expect(try await store.read { try $0.provisionedGroups(at: contoso) } == [all, team])
    #expect(try await store.read { try $0.provisionedGroups(at: .provider) } == [])
    #expect(try await store.read { try $0.provisionedGroup(team.id) } == team)
    let names = [all.name, team.name]
    #expect(try await store.read { try $0.provisionedGroups(of: sue) } == names)
    #expect(
        try await store.read { try $0.memberships(at: contoso) } == [sue: names, adam: [all.name]]
    )
    await #expect(throws: Refusal.alreadyExists(.group)) {
        try await store.write { try $0.save(group(3, "TEAM", [])) }
    }
    try await store.write { try $0.remove(team.id) }
    #expect(try await store.read { try $0.provisionedGroups(of: sue) } == [all.name])
}

private func rolesReadBack(_ store: any Store) async throws {
    try await store.populate()
    @Sendable func roles(_ group: String, _ roles: Roles, of side: Side = contoso) -> GroupRoles {
        GroupRoles(side: side, group: group, roles: roles)
    }
    try await store.write { tx in
        try tx.save(roles("Team", .member))
        try tx.save(roles("TEAM", [.approver, .auditor]))
        try tx.save(roles("All", .member))
        try tx.save(roles("Ops", .operator, of: .provider))
        try tx.save(roles("all", []))
    }
    let left = [roles("TEAM", [.approver, .auditor])]
    #expect(try await store.read { try $0.groupRoles(of: contoso) } == left)
    #expect(
        try await store.read { try $0.groupRoles(of: .provider) }
            == [roles("Ops", .operator, of: .provider)]
    )
}
