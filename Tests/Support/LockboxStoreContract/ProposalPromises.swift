import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofProposals = [
        Promise("what is proposed of people comes back, one of each", proposalsComeBack)
    ]
}

private func proposalsComeBack(_ store: any Store) async throws {
    try await store.populate()
    let (proposal, tenant) = (Fixture.proposal, Fixture.contoso.id)
    try await store.write { try $0.insert(proposal) }
    #expect(try await store.read { try $0.proposal(about: Fixture.sue.id) } == proposal)
    let bare = PersonProposal(
        id: Fixture.id(2),
        tenant: tenant,
        person: Fixture.adam.id,
        wish: PersonProposal.Wish(roles: []),
        madeAt: Fixture.now + .hours(1)
    )
    try await store.write { try $0.insert(bare) }
    #expect(try await store.read { try $0.proposals(to: tenant) } == [proposal, bare])
    for (person, wish) in [
        (Fixture.sue.id, proposal.wish), (Fixture.gita.id, PersonProposal.Wish()),
    ] {
        let refused = PersonProposal(
            id: Fixture.id(3),
            tenant: tenant,
            person: person,
            wish: wish,
            madeAt: Fixture.now
        )
        await #expect(throws: (any Error).self, "a second one, and one that wishes nothing") {
            try await store.write { try $0.insert(refused) }
        }
    }
    let later = Fixture.now + .hours(2)
    try await store.write { try $0.declineProposal(about: Fixture.sue.id, at: later) }
    let all = try await store.read { try $0.proposals(to: tenant) }
    #expect(all.map(\.declinedAt) == [later, nil])
    await #expect(throws: (any Error).self, "what was declined stays so") {
        try await store.write { try $0.declineProposal(about: Fixture.sue.id, at: later) }
    }
    try await store.write { try $0.removeProposal(about: Fixture.sue.id) }
    #expect(try await store.read { try $0.proposal(about: Fixture.sue.id) } == nil)
    #expect(try await store.read { try $0.proposals(to: Fixture.fabrikam.id) } == [])
}
