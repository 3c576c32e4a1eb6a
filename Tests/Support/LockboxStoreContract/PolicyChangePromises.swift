import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofPolicyChanges = [
        Promise("rules that wait come back, one of each tenant", rulesThatWaitComeBack),
        Promise("rules that wait are due at their instant", rulesThatWaitAreDue),
        Promise("a yes that does not count yet comes back", delayedYesComesBack),
    ]
}

private func change(_ number: UInt8, of tenant: TenantID, by person: PersonID, hours: Int64 = 24)
    -> PolicyChange
{
    PolicyChange(
        id: Fixture.id(number),
        tenant: tenant,
        policy: Fixture.policy(requireApproval: false, maxAccess: .hours(9), approvalsNeeded: 3),
        version: 7,
        by: person,
        madeAt: Fixture.now,
        takesEffectAt: Fixture.now + .hours(hours),
        agreed: []
    )
}

private func rulesThatWaitComeBack(_ store: any Store) async throws {
    try await store.populate()
    let tenant = Fixture.contoso.id
    var waiting = change(1, of: tenant, by: Fixture.gita.id)
    waiting = try await store.write { [waiting] tx in
        try tx.save(waiting)
        return try #require(try tx.policyChange(of: tenant))
    }
    #expect(waiting == change(1, of: tenant, by: Fixture.gita.id))
    waiting.agree(Fixture.adam.id)
    waiting.agree(Fixture.gita.id)
    waiting.agree(Fixture.adam.id)
    try await store.write { [waiting] tx in try tx.save(waiting) }
    #expect(try await store.read { try $0.policyChange(of: tenant) } == waiting)
    #expect(waiting.agreed == [Fixture.adam.id, Fixture.gita.id])
    await #expect(throws: (any Error).self, "a second one of one tenant") {
        try await store.write {
            try $0.save(change(2, of: tenant, by: Fixture.gita.id))
        }
    }
    await #expect(throws: (any Error).self, "what was asked for never changes") {
        try await store.write {
            try $0.save(change(1, of: tenant, by: Fixture.gita.id, hours: 1))
        }
    }
    #expect(try await store.read { try $0.policyChange(of: Fixture.fabrikam.id) } == nil)
    try await store.write { try $0.removePolicyChange(of: tenant) }
    #expect(try await store.read { try $0.policyChange(of: tenant) } == nil)
}

private func rulesThatWaitAreDue(_ store: any Store) async throws {
    try await store.populate()
    #expect(try await store.read { try $0.nextPolicyChange() } == nil)
    let late = change(1, of: Fixture.contoso.id, by: Fixture.gita.id)
    let early = change(2, of: Fixture.fabrikam.id, by: Fixture.frida.id, hours: 2)
    try await store.write { tx in for one in [late, early] { try tx.save(one) } }
    #expect(try await store.read { try $0.nextPolicyChange() } == early.takesEffectAt)
    let millisecond = TimeSpan(milliseconds: 1)
    for (instant, due) in [
        (early.takesEffectAt - millisecond, []), (early.takesEffectAt, [early]),
        (late.takesEffectAt, [early, late]),
    ] {
        #expect(
            try await store.read { try $0.policyChangesDue(at: instant, limit: 10) } == due
        )
    }
    let first = try await store.read { try $0.policyChangesDue(at: late.takesEffectAt, limit: 1) }
    #expect(first == [early])
}

private func delayedYesComesBack(_ store: any Store) async throws {
    try await store.populate()
    for delay in [
        DecisionDelay(endsAt: Fixture.now + .hours(24), confirmedBy: [Fixture.gita.id]),
        DecisionDelay(endsAt: Fixture.now, confirmedBy: []), nil,
    ] {
        var adam = Fixture.adam
        adam.decisionDelay = delay
        try await store.write { [adam] tx in try tx.save(adam) }
        #expect(try await store.read { try $0.person(Fixture.adam.id) } == adam)
    }
}
