import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import Testing

/// What the provider's people are told of a customer's approvers: that it was one.
struct ApproverNamesTests {
    /// A request that Gita asked about, approved and stopped; she wrote on the support request too.
    private static func decided(_ world: TestWorld) async throws -> AccessRequestID {
        let request = try await world.reviewed()
        let (lockbox, id) = (world.lockbox, request.id.text)
        _ = try await lockbox.postMessage("Which mails?", on: id, by: Fixture.gita, key: nil)
        try await world.decide(TestWorld.yes, on: request, by: Fixture.gita)
        _ = try await lockbox.writeOnSupportRequest(
            "Hello",
            on: "SR-1001",
            tenant: nil,
            by: Fixture.gita,
            key: nil
        )
        _ = try await lockbox.revoke(id, comment: "Enough.", by: Fixture.gita, key: nil)
        return request.id
    }

    @Test func noAnswerToTheProvidersPeopleNamesAnApprover() async throws {
        try await APIWorld.with { api async throws in
            let id = try await Self.decided(api.world)
            var walked = 0
            for person in [Fixture.eve, Fixture.max, Fixture.mark, Fixture.olga, Fixture.vera] {
                for operation in Operation.all
                where operation.method == "GET" && operation.caller != nil {
                    var parts = operation.parts
                    if parts["id"]?.hasPrefix("LBX-") == true { parts["id"] = id.text }
                    let answer = try await api.ask(
                        operation.name,
                        parts,
                        query: operation.query,
                        as: person
                    )
                    if answer.status == 200 { walked += 1 }
                    // Nor by what says elsewhere who she is.
                    let isNamed = ["Gita", "gita@", Fixture.gita.id.text].contains {
                        answer.text.contains($0)
                    }
                    #expect(!isNamed, "\(operation.name) to \(person.name): \(answer.text)")
                }
            }
            #expect(walked > 20)
            let read = try await api.ask("GET /v1/requests/{id}", ["id": id.text], as: Fixture.eve)
            #expect(try read.json(200)["grant"]["endedBy"] == hiddenApprover())
        }
    }

    @Test func theCustomersOwnPeopleReadNames() async throws {
        try await APIWorld.with { api async throws in
            let id = try await Self.decided(api.world)
            for name in [
                "GET /v1/requests/{id}", "GET /v1/requests/{id}/messages",
                "GET /v1/requests/{id}/notices",
            ] {
                let answer = try await api.ask(name, ["id": id.text], as: Fixture.adam)
                #expect(answer.text.contains("Gita Rao"), "\(name)")
            }
            let thread = try await api.ask(
                "GET /v1/support-requests/{number}/messages",
                ["number": "SR-1001"],
                as: Fixture.sue
            )
            #expect(try thread.json(200)["items"].items.first?["by"] == ref(Fixture.gita))
        }
    }
}
