import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import Testing

@testable import LockboxPortal

/// Pages that say who is in a tenant's data say it of everybody, however many requests there are.
struct OverviewTests {
    private static let many = UInt8(PortalLimits.listed) + 20

    private static func add(
        _ count: UInt8,
        _ state: AccessRequest.StateName,
        to world: PortalWorld
    ) async throws {
        let now = world.clock.now()
        try await world.store.write { tx in
            try tx.insert(Fixture.supportRequest())
            for number in 1...count {
                for version in try Fixture.history(number, to: state, from: now) {
                    try tx.save(version)
                }
            }
        }
    }

    @Test func accessThatIsNotOverIsShownHoweverManyCameAfterIt() async throws {
        try await PortalWorld.with { world in
            let used = try await world.approved()
            try await world.opened(used)
            let closing = try await world.finished(used)
            let open = try await world.approved(try await world.reviewed(world.submitted()))
            try await Self.add(Self.many, .ended, to: world)
            for path in ["/lockbox/live", "/overview"] {
                let page = try await world.visit(path, as: "adam").html
                #expect(page.contains(closing.id.text) && page.contains(open.id.text), "\(path)")
                #expect(!page.contains("Nobody"), "\(path)")
            }
        }
    }

    /// An open SQL session, or a download through a proxy that asks, goes on after the end.
    @Test(arguments: ["sql", "http"] as [StaticString])
    func nobodyIsSaidToBeGoneWhereNobodyCuts(_ kind: StaticString) async throws {
        try await PortalWorld.with { world in
            try await world.store.write { tx in
                try tx.save(Fixture.service("mail", kind: kind, doveadm: nil))
            }
            func isNobody() async throws -> Bool {
                try await world.visit("/lockbox/live", as: "adam").html.contains("Nobody is in")
            }
            let unused = try await world.finished(try await world.approved())
            #expect(try await isNobody())
            let used = try await world.approved(try await world.reviewed(world.submitted()))
            try await world.opened(used)
            try await world.finished(used)
            let words =
                "onnections that are open at mail cannot be cut, and nobody confirms that they are "
                + "closed"
            for path in ["/lockbox/live", "/overview"] {
                let page = try await world.visit(path, as: "adam").html
                #expect(page.contains(words) && page.contains(used.id.text), "\(path)")
                #expect(!page.contains("Nobody"), "\(path)")
                #expect(path == "/overview" || !page.contains(unused.id.text))
            }
            let page = try await world.visit("/lockbox/\(used.id)", as: "adam").html
            #expect(page.contains(words) && page.contains("may be connected"))
            world.clock.advance(by: Limits.leftOpenListed)
            #expect(try await isNobody())
            let later = try await world.visit("/lockbox/\(used.id)", as: "adam").html
            #expect(later.contains(words) && !later.contains("may be connected"))
        }
    }

    @Test func pictureOfTheLastDaysIsOfAllAccessHoweverManyRequestsCameAfterIt() async throws {
        try await PortalWorld.with { world in
            let ended = try await world.finished(try await world.approved())
            try await Self.add(Self.many, .awaitingCustomer, to: world)
            let page = try await world.visit("/overview", as: "adam").html
            #expect(page.contains("<a href=\"/lockbox/\(ended.id)\" aria-label"))
            let more = Int(Self.many) - PortalLimits.waitingShown
            #expect(page.contains("\(more) more requests"))
            #expect(page.contains("\(Self.many) requests need your decision"))
            #expect(!page.contains("Nobody had access"))
        }
    }
}
