import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What a person sees of access to what is her own.
struct OwnDataTests {
    private static let page = ListPage(limit: 50)

    @Test func eachSeesWhoAskedForHerOwnAndNothingOfOthers() async throws {
        try await TestWorld.with { world async throws in
            let hers = try await world.approved()
            let both = try await world.submitted { draft in
                draft.resources.append(
                    .init(
                        service: "mail",
                        id: Fixture.otherMailbox.name,
                        actions: ["read", "write"]
                    )
                )
            }
            let sue = try await world.lockbox.requestsForOwnData(page: Self.page, by: Fixture.sue)
            #expect(Set(sue.items.map(\.request.request.id)) == [hers.id, both.id])
            for view in sue.items {
                #expect(view.asked.map(\.resource.localName) == ["sue@contoso.test"])
                #expect(view.support.openedBy == Fixture.sue)
            }
            let open = try #require(sue.items.first { $0.request.request.id == hers.id })
            #expect(open.granted == open.asked)
            let waiting = try #require(sue.items.first { $0.request.request.id == both.id })
            #expect(waiting.granted == [])
            for other in [Fixture.tom, Fixture.gita, Fixture.frida] {
                let found = try await world.lockbox.requestsForOwnData(page: Self.page, by: other)
                #expect(found.items.isEmpty, "\(other.name)")
            }
            let refusal = try await world.refusal {
                _ = try await world.lockbox.requestsForOwnData(page: Self.page, by: Fixture.eve)
            }
            #expect(refusal == .notFound(.page))
        }
    }
}
