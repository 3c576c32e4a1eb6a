import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// A program of the provider's over the API: it asks for an engineer, and reads what it asked.
struct ProgramTests {
    private static let robot = Fixture.robot
    private static let submit = "POST /v1/requests"
    private static let policy = "PUT /v1/tenants/{tenant}/policy"

    private static func asking(for engineer: JSONValue) -> JSONValue {
        Sample.accessRequest.with("engineer", engineer)
    }

    @Test func programAsksForAnEngineerAndBothAreNamed() async throws {
        try await APIWorld.with(people: [Self.robot]) { api async throws in
            let answer = try await api.ask(
                Self.submit,
                as: Self.robot,
                .json(Self.asking(for: .string(Fixture.eve.email.text)))
            )
            let request = try answer.json(201)
            #expect(request["engineer"] == ref(Fixture.eve))
            #expect(request["askedBy"] == ref(Self.robot))
            #expect(request["askedBy"]["program"] == true)
            let id = try #require(request["id"].text)
            let read = try await api.ask("GET /v1/requests/{id}", ["id": id], as: Self.robot)
            #expect(try read.json(200) == request)
            let list = try await api.ask("GET /v1/requests", as: Self.robot).json(200)
            #expect(list["items"][0]["id"] == request["id"])
            let approver = try await api.ask("GET /v1/requests/{id}", ["id": id], as: Fixture.adam)
            #expect(try approver.json(200)["askedBy"] == ref(Self.robot))
            let credential = try await api.ask(
                "POST /v1/requests/{id}/credentials",
                ["id": id],
                as: Self.robot,
                .json([:])
            )
            try credential.expectProblem(403, "notPermitted")
            let taken = try await api.ask(
                "POST /v1/requests/{id}/withdraw",
                ["id": id],
                as: Self.robot,
                .json([:])
            )
            #expect(try taken.json(200)["state"] == "withdrawn")
        }
    }

    @Test func programThatAsksForItselfIsNamedTwice() async throws {
        try await APIWorld.with(people: [Self.robot]) { api async throws in
            let answer = try await api.ask(
                Self.submit,
                as: Self.robot,
                .json(Sample.accessRequest)
            )
            let request = try answer.json(201)
            #expect(request["engineer"] == ref(Self.robot))
            #expect(request["askedBy"] == ref(Self.robot))
        }
    }

    @Test func engineerOfARequestIsRefusedByName() async throws {
        try await APIWorld.with(people: [Self.robot]) { api async throws in
            let hers = try await api.ask(
                Self.submit,
                as: Fixture.eve,
                .json(Self.asking(for: .string(Fixture.max.id.text)))
            )
            try hers.expectProblem(422, "invalidField", field: "engineer")
            for unknown in ["mark@example-cloud.test", "nobody@example-cloud.test", ""] {
                let answer = try await api.ask(
                    Self.submit,
                    as: Self.robot,
                    .json(Self.asking(for: .string(unknown)))
                )
                try answer.expectProblem(422, "unknownPerson", field: "engineer")
            }
            let own = try await api.ask(
                Self.submit,
                as: Fixture.eve,
                .json(Self.asking(for: .string(Fixture.eve.email.text)))
            )
            #expect(try own.json(201)["askedBy"] == nil)
        }
    }

    @Test func tenantRefusesPrograms() async throws {
        try await APIWorld.with(people: [Self.robot]) { api async throws in
            let refused = try await api.ask(
                Self.policy,
                ["tenant": "contoso"],
                as: Fixture.gita,
                .json(Sample.policy.with("allowPrograms", false)),
                headers: [.ifMatch: "\"v1\""]
            )
            #expect(try refused.json(200)["allowPrograms"] == false)
            for body in [Sample.accessRequest, Self.asking(for: "eve@example-cloud.test")] {
                let short = body.with("duration", "PT1H")
                let answer = try await api.ask(Self.submit, as: Self.robot, .json(short))
                try answer.expectProblem(403, "programsRefused")
            }
            // Whoever does not know of the rule does not take it back.
            let kept = try await api.ask(
                Self.policy,
                ["tenant": "contoso"],
                as: Fixture.gita,
                .json(Sample.policy.with("maxAccess", "PT30M")),
                headers: [.ifMatch: "\"v2\""]
            )
            #expect(try kept.json(200)["allowPrograms"] == false)
        }
    }
}
