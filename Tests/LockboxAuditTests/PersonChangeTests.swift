import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

/// What follows from a changed person follows wherever the change comes from.
struct PersonChangeTests {
    /// Eve with an open request, a token and a session.
    private static func furnish(_ world: AuditWorld) async throws {
        let request = try Fixture.request(1)
        try await world.audited.write(by: .person(Fixture.eve)) { change in
            try change.save(request, [.request(.submitted(request))])
            try change.tx.insert(
                APIToken(
                    id: Fixture.id(1),
                    person: Fixture.eve.id,
                    label: "laptop",
                    scopes: .every,
                    createdAt: Fixture.now,
                    expiresAt: nil
                ),
                secretHash: Fixture.secretHash(1)
            )
            try change.tx.insert(
                Session(
                    id: Fixture.id(1),
                    person: Fixture.eve.id,
                    createdAt: Fixture.now,
                    lastSeenAt: Fixture.now,
                    confirmedAt: Fixture.now,
                    expiresAt: Fixture.now + .hours(12)
                ),
                secretHash: Fixture.secretHash(2)
            )
        }
    }

    private static func change(
        _ world: AuditWorld,
        _ edit: @Sendable (inout Person) -> Void
    ) async throws -> [String] {
        var after = Fixture.eve
        edit(&after)
        let size = Int(try await world.size(of: .provider))
        try await world.audited.write(by: .console) { [after] in
            _ = try $0.update(Fixture.eve, to: after)
        }
        return try await world.entries(of: .provider).dropFirst(size).map(\.activity)
    }

    private static func left(_ world: AuditWorld) async throws -> (
        tokens: Int, sessions: Int, request: AccessRequest.StateName?
    ) {
        try await world.store.read { tx in
            (
                try tx.tokens(of: Fixture.eve.id).count, try tx.sessions(of: Fixture.eve.id).count,
                try tx.request(Fixture.id(1))?.state.name
            )
        }
    }

    @Test func whoIsSwitchedOffKeepsNoWayInAndNoRequest() async throws {
        try await AuditWorld.with(told: true) { world in
            try await Self.furnish(world)
            let told = try await Self.change(world) { $0.isDisabled = true }
            #expect(told == ["person.changed", "token.revoked", "sessions.ended"])
            let left = try await Self.left(world)
            #expect(left.tokens == 0 && left.sessions == 0 && left.request == .withdrawn)
            #expect(try await world.differences() == [])
        }
    }

    @Test func whoIsNoEngineerAnyMoreKeepsTheWayInAndNoRequest() async throws {
        try await AuditWorld.with(told: true) { world in
            try await Self.furnish(world)
            #expect(try await Self.change(world) { $0.roles = .manager } == ["person.changed"])
            let left = try await Self.left(world)
            #expect(left.tokens == 1 && left.sessions == 1 && left.request == .withdrawn)
        }
    }

    @Test func nothingFollowsFromANewNameOrFromNoChange() async throws {
        try await AuditWorld.with(told: true) { world in
            try await Self.furnish(world)
            #expect(try await Self.change(world) { _ in } == [])
            #expect(try await Self.change(world) { $0.name = "Eve Stone" } == ["person.changed"])
            let left = try await Self.left(world)
            #expect(left.tokens == 1 && left.sessions == 1 && left.request == .awaitingManager)
        }
    }
}
