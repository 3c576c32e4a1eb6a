import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// Erasing texts of a tenant's log, over HTTP.
struct ErasureTests {
    private static let operation = "POST /v1/tenants/{tenant}/audit/erasures"

    private static func ask(_ api: APIWorld, _ body: JSONValue, as person: Person) async throws
        -> Answer
    {
        try await api.ask(operation, ["tenant": "contoso"], as: person, .json(body))
    }

    @Test func erasedTextIsNullWithItsSaltAndARecordSaysSo() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.submitted()
            let denied = try await api.world.decide(TestWorld.no, on: request, by: Fixture.mark)
            let body: JSONValue = [
                "request": .string(denied.id.text), "reason": "Asked for by her.",
            ]
            let erased = try await Self.ask(api, body, as: Fixture.gita).json(200)
            #expect(erased["records"] == 2)
            let found = try await api.ask(
                "GET /v1/tenants/{tenant}/audit",
                ["tenant": "contoso"],
                query: [("request", denied.id.text)],
                as: Fixture.uma
            ).json(200)
            for record in found["items"].items {
                #expect(record["texts"]["actorName"] == ["text": .null, "salt": .null])
                #expect(record["actor"]["name"] == .null)
            }
            let records = try await api.ask(
                "GET /v1/tenants/{tenant}/audit",
                ["tenant": "contoso"],
                query: [("activity", "texts.erased")],
                as: Fixture.uma
            ).json(200)
            let record = records["items"].items.first
            #expect(record?["texts"]["reason"]["text"] == "Asked for by her.")
            #expect(record?["data"]["erased"].items.count == 2)
            let again = try await Self.ask(api, body, as: Fixture.gita).json(200)
            #expect(again == ["texts": 0, "records": 0])
        }
    }

    @Test func whatWouldGoIsToldAndStays() async throws {
        try await APIWorld.with { api async throws in
            func preview(_ body: JSONValue, as person: Person) async throws -> Answer {
                try await api.ask(
                    "POST /v1/tenants/{tenant}/audit/erasures/preview",
                    ["tenant": "contoso"],
                    as: person,
                    .json(body)
                )
            }
            let request = try await api.world.submitted()
            let reason = JSONValue.string("Asked for by her.")
            let body: JSONValue = ["request": .string(request.id.text), "reason": reason]
            try await preview(body, as: Fixture.gita)
                .expectProblem(422, "invalidField", field: "request")
            _ = try await api.world.decide(TestWorld.no, on: request, by: Fixture.mark)
            let told = try await preview(body, as: Fixture.gita).json(200)
            #expect(told["records"].items.count == 2)
            #expect(told["more"] == false && told["directory"] == false)
            try await preview(body, as: Fixture.adam).expectProblem(403, "notPermitted")
            let erased = try await Self.ask(api, body, as: Fixture.gita).json(200)
            #expect(erased["texts"] == told["texts"] && erased["records"] == 2)
            let nothing = try await preview(body, as: Fixture.gita).json(200)
            #expect(nothing == ["texts": 0, "records": [], "more": false, "directory": false])
        }
    }

    @Test func exactlyOneThingIsNamed() async throws {
        try await APIWorld.with { api async throws in
            let open = try await api.world.submitted()
            let id = JSONValue.string(open.id.text)
            let reason = JSONValue.string("Asked for by her.")
            let bodies: [(JSONValue, code: String, field: String)] = [
                (["reason": reason], "missingField", "records"),
                (["records": [0], "request": id, "reason": reason], "invalidField", "records"),
                (["request": id, "fields": ["x"], "reason": reason], "invalidField", "fields"),
                (["request": id, "reason": reason], "invalidField", "request"),
                (["records": [0], "reason": "Short."], "invalidField", "reason"),
            ]
            for (body, code, field) in bodies {
                let answer = try await Self.ask(api, body, as: Fixture.gita)
                try answer.expectProblem(422, code, field: field)
            }
            for person in [Fixture.adam, Fixture.uma, Fixture.eve] {
                let body: JSONValue = ["records": [0], "reason": "Asked for by her."]
                try await Self.ask(api, body, as: person).expectProblem(403, "notPermitted")
            }
        }
    }
}
