import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import LockboxWork
import Logging
import Testing

/// Orders are carried out by the process that has the connections.
struct OrderShareTests {
    @Test func eachOrderIsOfOneProcess() async throws {
        try await TestWorld.with { world async throws in
            var web = Fixture.service("web", kind: "http", resourceType: "site", clientID: "web")
            web.own = #"{"gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
            let request = try await world.approved()
            let orders = try ["mail", "web"].map { name in
                Fixture.removal(
                    of: request,
                    from: try #require(ServiceID(name)),
                    nextAttempt: world.clock.now()
                )
            }
            try await world.store.write { [web] tx in
                try tx.save(web)
                for order in orders { try tx.save(order) }
            }
            #expect(try await Self.due(.all, world) == ["mail", "web"])
            #expect(try await Self.due(.ofGateways, world) == ["web"])
            #expect(try await Self.due(.butOfGateways, world) == ["mail"])
            // By what is stored now.
            web.own = "{}"
            try await world.store.write { [web] in try $0.save(web) }
            #expect(try await Self.due(.ofGateways, world) == [])
            #expect(try await Self.due(.butOfGateways, world) == ["mail", "web"])
        }
    }

    /// Of which services orders are due to both lanes of a process.
    private static func due(_ share: OrderShare, _ world: TestWorld) async throws -> [String] {
        let (own, logger) = (
            OwnOrders(share, of: TestWorld.kinds),
            Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let first = FirstActions(time: FixedMonotonicClock())
        let cut = CutJob(
            store: world.audited,
            own: own,
            enforcers: NoEnforcers(),
            first: first,
            logger: logger
        ) {}
        let settle = RemovalJob(
            store: world.audited,
            own: own,
            enforcers: NoEnforcers(),
            first: first,
            logger: logger
        )
        // Both processes settle at the same time.
        #expect((settle.lane.name == "orders") == (share != .ofGateways))
        let now = world.clock.now()
        return try await world.store.read { tx in
            let due = try settle.due(at: now, limit: 9, in: tx).map(\.service.text)
            #expect(try cut.due(at: now, limit: 9, in: tx).map(\.service.text).sorted() == due)
            #expect(try settle.nextDue(in: tx) == (due.isEmpty ? nil : now))
            #expect(try cut.nextDue(in: tx) == (due.isEmpty ? nil : now))
            return due
        }
    }
}
