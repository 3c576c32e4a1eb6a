import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Synchronization
import Testing

/// What a long log says is read before the write that asks for it, and not while everybody waits.
struct LongLogTests {
    @Test func longLogIsReadBeforeTheWrite() async throws {
        try await TestWorld.with { world async throws in
            #expect(try await Self.runs(in: world) == 1)
            try await world.grow(by: 600)
            // The first one stops, and is begun anew once the log was read.
            #expect(try await Self.runs(in: world) == 2)
            #expect(try await Self.runs(in: world) == 1)
            let keys = try await world.lockbox.signingKeys(of: "contoso", by: Fixture.gita)
            #expect(keys.isEmpty)
        }
    }

    @Test func whatAnotherProcessAppendsAfterwardsIsReadToo() async throws {
        try await TestWorld.with { world async throws in
            try await world.grow(by: 600)
            let other = try await world.read(by: [])
            let waiting = try await world.reviewed()
            #expect(try await Self.runs(in: other) == 2)
            let open = try await world.decide(TestWorld.yes, on: waiting, by: Fixture.adam)
            let issued = try await other.credential(for: open)
            #expect(issued.credential.grant == open.state.grant?.id)
            try await world.grow(by: 600)
            _ = try await world.lockbox.revoke(
                open.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            await #expect(throws: Refusal.self) { _ = try await other.credential(for: open) }
        }
    }

    /// What a write appends itself can be read nowhere else.
    @Test func writeThatAppendsMuchOpensAccess() async throws {
        try await TestWorld.with { world async throws in
            let waiting = try await world.reviewed()
            try await world.audited.write(by: .person(Fixture.adam)) { change in
                for _ in 0..<600 { change.emit(.signIn(.passwordSet(Fixture.sue))) }
                var request = waiting
                let events = try request.decide(
                    .approve(.none),
                    comment: nil,
                    by: Fixture.adam,
                    version: request.version,
                    in: DecisionContext(
                        tenant: Fixture.contoso,
                        engineer: Fixture.eve,
                        approvers: [Fixture.adam],
                        deciders: [Fixture.mark],
                        newGrant: change.entropy.id()
                    ),
                    now: change.now
                )
                try change.save(request, events)
            }
            let open = try await world.store.read { try $0.openGrants() }
            #expect(open.map(\.request) == [waiting.id])
        }
    }

    @Test func manyLogsAreReadAtTheStart() async throws {
        try await TestWorld.with { world async throws in
            let issued = try await world.credential(for: try await world.approved())
            try await world.grow(by: 3000)
            try await world.grow(.tenant(Fixture.fabrikam.id), by: 600)
            let again = try await world.read(by: [])
            let now = world.clock.now()
            #expect(try await again.index.active(issued.secret, now: now) == issued.credential)
            let logs = ReadLogs()
            let tenants = [Fixture.contoso.id, Fixture.fabrikam.id]
            func farBehind() async throws -> [TenantID] {
                try await world.store.read { tx in
                    try tenants.filter { try logs.isFarBehind($0, in: tx) }
                }
            }
            #expect(try await farBehind() == tenants)
            try await logs.readAhead(tenants, in: world.store)
            #expect(try await farBehind().isEmpty)
        }
    }

    /// How often the body of a write runs that asks what Contoso's log says.
    private static func runs(in world: TestWorld) async throws -> Int {
        let runs = Mutex(0)
        try await world.audited.write(by: .system) { change in
            runs.withLock { $0 += 1 }
            var records = change.records
            _ = try records.keys(of: Fixture.contoso.id)
        }
        return runs.withLock(\.self)
    }
}
