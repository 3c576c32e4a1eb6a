import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxTestWorld
import Testing

/// Which services get an order when access ends, and that it is in the same write.
struct RemovalPlannerTests {
    private static let post = Fixture.service("post", clientID: "post")
    private static let files = Fixture.service(
        "files",
        kind: "http",
        resourceType: "share",
        clientID: "files",
        doveadm: nil
    )

    private static func with(_ body: (TestWorld) async throws -> Void) async throws {
        try await TestWorld.with { world async throws in
            try await world.store.write { tx in
                try tx.save(post)
                try tx.save(files)
                try tx.save(
                    Fixture.resource("mailbox:sue@contoso.test", of: post.service.id),
                    of: Fixture.contoso.id
                )
                try tx.save(
                    Fixture.resource("share:plans", of: files.service.id),
                    of: Fixture.contoso.id
                )
            }
            try await body(world)
        }
    }

    /// Approves access to `resources` (service and name), issues a credential for each of `used`,
    /// revokes, and gives the orders that came of it.
    private static func orders(
        _ world: TestWorld,
        _ resources: [(String, String)],
        used: [(String, String)]
    ) async throws -> [Removal] {
        let request = try await world.approved {
            $0.resources = resources.map { .init(service: $0.0, id: $0.1, actions: ["read"]) }
        }
        for (service, name) in used {
            _ = try await world.lockbox.issueCredential(
                for: request.id.text,
                service: service,
                resource: name,
                by: Fixture.eve,
                key: nil
            )
        }
        world.clock.advance(by: .minutes(1))
        _ = try await world.lockbox.revoke(
            request.id.text,
            comment: nil,
            by: Fixture.adam,
            key: nil
        )
        let grant = try #require(request.state.grant)
        let (removals, credentials) = try await world.store.read { tx in
            (try tx.removals(of: request.id), try tx.credentials(of: grant.id))
        }
        #expect(credentials.count == used.count)
        #expect(credentials.allSatisfy { $0.revokedAt == world.clock.now() })
        for removal in removals {
            #expect(
                removal.progress == .pending && removal.attempts == 0 && removal.grant == grant.id
            )
            #expect(removal.nextAttempt == world.clock.now())
            let names = credentials.filter { $0.resource.service == removal.service }.map(
                \.username
            )
            #expect(
                Set(removal.usernames) == Set(names) && Set(names).count == removal.usernames.count
            )
        }
        return removals
    }

    private static let sue = ("mail", "mailbox:sue@contoso.test")
    private static let adam = ("mail", "mailbox:adam@contoso.test")
    private static let posted = ("post", "mailbox:sue@contoso.test")
    private static let plans = ("files", "share:plans")

    @Test func serviceThatNobodyCouldUseGetsNoOrder() async throws {
        try await Self.with { world async throws in
            #expect(try await Self.orders(world, [Self.sue], used: []).isEmpty)
            let some = try await Self.orders(world, [Self.sue, Self.posted], used: [Self.posted])
            #expect(some.map(\.service.text) == ["post"])
        }
    }

    @Test func serviceWithoutAWayToBeToldGetsNoOrderAndItsCredentialsDie() async throws {
        try await Self.with { world async throws in
            #expect(try await Self.orders(world, [Self.plans], used: [Self.plans]).isEmpty)
            let both = try await Self.orders(
                world,
                [Self.plans, Self.sue],
                used: [Self.plans, Self.sue]
            )
            #expect(both.map(\.service.text) == ["mail"])
        }
    }

    /// Of what nobody cuts nobody says that it is closed: while access lasts that is no news, and what
    /// was not used left nothing.
    @Test func serviceThatIsNotToldMayHaveLeftAConnection() async throws {
        try await Self.with { world async throws in
            for (used, left) in [
                ([Self.plans, Self.sue], ["files"]), ([Self.sue], []), ([Self.plans], ["files"]),
            ] {
                let id = try await world.approved {
                    $0.resources = [Self.plans, Self.sue].map {
                        .init(service: $0.0, id: $0.1, actions: ["read"])
                    }
                }.id.text
                for (service, name) in used {
                    _ = try await world.lockbox.issueCredential(
                        for: id,
                        service: service,
                        resource: name,
                        by: Fixture.eve,
                        key: nil
                    )
                }
                func view() async throws -> RequestView {
                    try await world.lockbox.request(id, by: Fixture.adam)
                }
                #expect(try await view().leftOpen == [])
                _ = try await world.lockbox.revoke(id, comment: nil, by: Fixture.adam, key: nil)
                let ended = try await view()
                #expect(ended.leftOpen.map(\.text) == left)
                #expect(ended.mayBeConnected == !left.isEmpty)
                let listed = try await world.lockbox.unfinishedRequests(
                    tenant: Fixture.contoso.id.text,
                    by: Fixture.adam
                )
                #expect(listed.count { $0.request.id.text == id } == 1)
                world.clock.advance(by: Limits.leftOpenListed)
                #expect(try await view().leftOpen.map(\.text) == left)
                #expect(try await !view().mayBeConnected)
            }
        }
    }

    @Test func mailServiceWithoutAWayToBeToldGetsAnOrderThatWillShowAsFailed() async throws {
        try await Self.with { world async throws in
            try await world.store.write { tx in
                try tx.save(Fixture.service("post", clientID: "post", doveadm: nil))
            }
            let orders = try await Self.orders(world, [Self.posted], used: [Self.posted])
            #expect(orders.map(\.service.text) == ["post"])
        }
    }

    @Test func eachServiceGetsOneOrderWithEachLoginNameOnce() async throws {
        try await Self.with { world async throws in
            let orders = try await Self.orders(
                world,
                [Self.sue, Self.adam, Self.posted],
                used: [Self.sue, Self.sue, Self.adam, Self.posted, Self.adam]
            )
            #expect(orders.map(\.service.text).sorted() == ["mail", "post"])
            #expect(orders.map(\.usernames.count).sorted() == [1, 2])
        }
    }

    @Test func ordersOfEveryKindOfEndAreTheSame() async throws {
        try await TestWorld.with { world async throws in
            var requests: [AccessRequest] = []
            for _ in 0..<3 {
                requests.append(try await world.approved())
                _ = try await world.credential(for: requests[requests.count - 1])
            }
            _ = try await world.lockbox.finish(
                requests[0].id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            _ = try await world.lockbox.revoke(
                requests[1].id.text,
                comment: nil,
                by: Fixture.mark,
                key: nil
            )
            world.clock.advance(by: .hours(2))
            _ = try await world.lockbox.expireDue()
            let open = try await world.store.read { tx in try tx.openRemovals() }
            #expect(Set(open.map(\.request)) == Set(requests.map(\.id)))
        }
    }
}
