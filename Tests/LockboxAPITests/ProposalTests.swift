import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

/// What an operator's file wishes of a tenant's people, over the API.
struct ProposalTests {
    private static let list = "GET /v1/tenants/{tenant}/proposals"
    private static let accept =
        "POST /v1/tenants/{tenant}/people/{person}/proposals/{proposal}/accept"
    private static let decline =
        "POST /v1/tenants/{tenant}/people/{person}/proposals/{proposal}/decline"
    private static let parts = [
        "tenant": "contoso", "person": Fixture.sue.id.text,
        "proposal": Fixture.proposal.id.text,
    ]

    private static func with(_ body: @escaping (APIWorld) async throws -> Void) async throws {
        try await APIWorld.with { api async throws in
            try await api.world.audited.write(by: .console) { change in
                let proposal = Fixture.proposal(of: Fixture.sue, at: change.now)
                try change.tx.insert(proposal)
                change.emit(.directory(.personProposal(.made, proposal, Fixture.sue)))
            }
            try await body(api)
        }
    }

    @Test func administratorReadsAndAcceptsIt() async throws {
        try await Self.with { api in
            let page = try await api.ask(Self.list, Self.parts, as: Fixture.gita).json(200)
            let one = page["items"][0]
            #expect(one["id"].text == Fixture.proposal.id.text)
            #expect(one["person"].text == Fixture.sue.id.text)
            #expect(one["roles"] == ["member", "approver"])
            #expect(one["email"] == "susan@contoso.test")
            #expect(one["switchesOn"] == true)
            let after = try await api.ask(Self.accept, Self.parts, as: Fixture.gita).json(200)
            #expect(after["email"] == "susan@contoso.test")
            #expect(after["roles"] == ["member", "approver"])
            try await api.ask(Self.accept, Self.parts, as: Fixture.gita)
                .expectProblem(404, "notFound")
        }
    }

    @Test func administratorDeclinesIt() async throws {
        try await Self.with { api in
            let answer = try await api.ask(Self.decline, Self.parts, as: Fixture.gita)
            #expect(answer.status == 204)
            let page = try await api.ask(Self.list, Self.parts, as: Fixture.gita).json(200)
            #expect(page["items"] == [])
            for path in [Self.accept, Self.decline] {
                try await api.ask(path, Self.parts, as: Fixture.gita)
                    .expectProblem(404, "notFound")
            }
        }
    }

    @Test func nobodyElseReadsAcceptsOrDeclinesIt() async throws {
        try await Self.with { api in
            for path in [Self.list, Self.accept, Self.decline] {
                for other in [Fixture.adam, Fixture.sue, Fixture.mark] {
                    try await api.ask(path, Self.parts, as: other)
                        .expectProblem(403, "notPermitted")
                }
                try await api.ask(path, Self.parts, as: Fixture.frida)
                    .expectProblem(404, "notFound")
            }
        }
    }
}
