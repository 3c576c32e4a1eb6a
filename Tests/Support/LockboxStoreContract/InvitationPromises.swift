import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofInvitations = [
        Promise("an invitation reads back as it is now", invitationsReadBack),
        Promise("of one purpose there is one open invitation to a person", oneIsOpen),
        Promise("an invitation that is over stays as it was", whatIsOverStays),
        Promise("since when a tenant is administered never changes", administeredStays),
    ]
}

private func invitationsReadBack(_ store: any Store) async throws {
    try await store.populate()
    var first = Fixture.invitation(to: Fixture.sue, by: Fixture.gita)
    let other = Fixture.invitation(2, to: Fixture.sue, for: .forgottenPassword)
    let others = Fixture.invitation(3, to: Fixture.adam)
    try await store.write { [first] tx in
        for one in [first, other, others] { try tx.insert(one) }
    }
    #expect(try await store.read { try $0.invitation(other.id) } == other)
    let open = try await store.read { try $0.openInvitations(to: Fixture.sue.id) }
    #expect(open == [first, other])
    _ = first.takeWrongCode(at: Fixture.now)
    try first.use(at: Fixture.now + .minutes(1))
    try await store.write { [first] in try $0.update(first) }
    let read = try await store.read { [first] in try $0.invitation(first.id) }
    #expect(read == first)
    #expect(try await store.read { try $0.openInvitations(to: Fixture.sue.id) } == [other])
    let unknown = InvitationID(entropy: Array(repeating: 7, count: InvitationID.entropyBytes))
    #expect(try await store.read { try $0.invitation(unknown) } == nil)
}

private func oneIsOpen(_ store: any Store) async throws {
    try await store.populate()
    var first = Fixture.invitation(to: Fixture.sue)
    try await store.write { [first] in try $0.insert(first) }
    await store.refuses("a second open invitation") {
        try $0.insert(Fixture.invitation(2, to: Fixture.sue))
    }
    first.withdraw(at: Fixture.now)
    try await store.write { [first] in
        try $0.update(first)
        try $0.insert(Fixture.invitation(2, to: Fixture.sue))
    }
}

private func whatIsOverStays(_ store: any Store) async throws {
    try await store.populate()
    let open = Fixture.invitation(to: Fixture.sue)
    var used = open
    try used.use(at: Fixture.now)
    try await store.write { [used] tx in
        try tx.insert(open)
        try tx.update(used)
    }
    await store.refuses("a used invitation that is open again") { try $0.update(open) }
}

private func administeredStays(_ store: any Store) async throws {
    try await store.populate()
    var tenant = Fixture.contoso
    _ = tenant.noteSignIn(of: Fixture.gita, at: Fixture.now)
    try await store.write { [tenant] in try $0.save(tenant) }
    let read = try await store.read { try $0.tenant(Fixture.contoso.id) }
    #expect(read == tenant)
    await store.refuses("a tenant that nobody ever administered") {
        try $0.save(Fixture.contoso)
    }
}
