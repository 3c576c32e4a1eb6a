import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import Testing

@testable import LockboxPortal

/// Closing a support request at the portal, with what is open for it.
struct SupportPageTests {
    private static func close(
        _ world: PortalWorld,
        _ request: AccessRequest,
        ending: Bool,
        as person: String
    ) async throws -> Answer {
        let support = request.terms.supportRequest
        let query = person == "eve" ? "?tenant=contoso" : ""
        return try await world.fill(
            "/support/\(support)/close",
            on: "/support/\(support)/close\(query)",
            typing: ending ? [("end", request.id.text)] : [],
            as: person
        )
    }

    private static func state(_ world: PortalWorld, _ request: AccessRequest) async throws
        -> AccessRequest.StateName
    {
        let view = try await world.lockbox.request(request.id.text, by: world.person("gita"))
        return view.request.state.name
    }

    @Test(arguments: ["gita", "eve"])
    func accessThatIsTickedEndsByTheReadersOwnRight(_ person: String) async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let answer = try await Self.close(world, request, ending: true, as: person)
            #expect(answer.status == 200 && answer.html.contains("Closed"))
            let view = try await world.lockbox.request(request.id.text, by: world.person("gita"))
            let expected: Ending.Reason = person == "eve" ? .finished : .revoked
            #expect(view.request.state.ending?.reason == expected)
        }
    }

    /// However many requests came after it.
    @Test func closingShowsAllThatIsOpen() async throws {
        try await PortalWorld.with { world in
            let now = world.clock.now()
            let open = try Fixture.history(250, to: .active, from: now)
            try await world.store.write { tx in
                try tx.insert(Fixture.supportRequest())
                for version in open { try tx.save(version) }
                for number in 1...UInt8(PortalLimits.listed + 5) {
                    for version in try Fixture.history(
                        number,
                        to: .denied,
                        from: now + .minutes(1)
                    ) {
                        try tx.save(version)
                    }
                }
            }
            let number = Fixture.supportRequest().number
            let page = HTMLDocument(
                try await world.visit("/support/\(number)/close", as: "gita").html
            )
            let ends = page.all("input").filter { $0["name"] == "end" }.map { $0["value"] }
            #expect(ends == [open[0].id.text])
        }
    }

    @Test func accessThatIsNotTickedStaysOpen() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            _ = try await Self.close(world, request, ending: false, as: "gita")
            #expect(try await Self.state(world, request) == .active)
        }
    }

    @Test func whoMayNotEndItIsToldWhoCanAndSendingItAllTheSameChangesNothing() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let path = "/support/\(request.terms.supportRequest)/close"
            let page = try await world.visit(path, as: "sue").html
            #expect(page.contains("An approver or administrator of Contoso Ltd can stop it."))
            #expect(HTMLDocument(page).all("input").allSatisfy { $0["name"] != "end" })
            let answer = try await world.send(path, form: [("end", request.id.text)], as: "sue")
            #expect(answer.status == 403)
            #expect(try await Self.state(world, request) == .active)
            let support = try await world.lockbox.supportRequest(
                request.terms.supportRequest.text,
                tenant: nil,
                by: world.person("sue")
            )
            #expect(support.support.state == .open)
        }
    }

    @Test func accessForAnotherSupportRequestIsNotEndedByThisForm() async throws {
        try await PortalWorld.with { world in
            let other = try await world.approved()
            try await world.support("Search finds nothing")
            let request = try await world.submitted()
            let path = "/support/\(request.terms.supportRequest)/close"
            let answer = try await world.send(path, form: [("end", other.id.text)], as: "gita")
            #expect(answer.status == 303)
            #expect(try await Self.state(world, other) == .active)
            #expect(try await Self.state(world, request) == .withdrawn)
        }
    }

    @Test func pageOfAClosedOneOffersNoAccess() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let page = "/support/\(request.terms.supportRequest)?tenant=contoso"
            #expect(try await world.visit(page, as: "eve").html.contains("Ask for access"))
            _ = try await Self.close(world, request, ending: true, as: "gita")
            let closed = try await world.visit(page, as: "eve").html
            #expect(!closed.contains("Ask for access") && closed.contains("Reopen it"))
        }
    }
}
