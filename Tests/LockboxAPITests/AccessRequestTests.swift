import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// Asking for access, and reading what became of it.
struct AccessRequestTests {
    private static let submit = "POST /v1/requests"

    /// Any request's first version, as it is written.
    private static func body(of id: JSONValue) -> JSONValue {
        [
            "id": id, "state": "awaitingManager", "version": 1, "tenant": "contoso",
            "supportRequest": "SR-1001", "engineer": ref(Fixture.eve),
            "reason": "Look why mail does not arrive.", "resources": Sample.resources,
            "duration": "PT2H", "notBefore": nil, "askedBy": nil, "createdAt": instant(),
            "decideBy": instant(Limits.managerWindow), "approvalsNeeded": nil, "decisions": [],
            "grant": nil,
        ]
    }

    @Test func engineerSubmitsARequest() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(
                Self.submit,
                as: Fixture.eve,
                .json(Sample.accessRequest)
            )
            let body = try answer.json(201)
            #expect(body == Self.body(of: body["id"]))
            let id = try #require(body["id"].text)
            #expect(AccessRequestID(id) != nil)
            #expect(answer.headers[.location] == "/v1/requests/\(id)")
            #expect(answer.headers[.eTag] == "\"v1\"")
            #expect(answer.headers[.contentType] == "application/json")
        }
    }

    @Test func everybodyElseIsRefusedBeforeAnythingIsLookedAt() async throws {
        try await APIWorld.with { api async throws in
            let unknown = Sample.accessRequest.with("tenant", "nobody")
            for person in Fixture.everybody where !person.roles.contains(.engineer) {
                for body in [Sample.accessRequest, unknown] {
                    let answer = try await api.ask(Self.submit, as: person, .json(body))
                    try answer.expectProblem(403, "notPermitted")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("tenant", "nobody", 422, "unknownTenant", "tenant"),
            ("supportRequest", "SR-9", 422, "unknownSupportRequest", "supportRequest"),
            // Another tenant's.
            ("supportRequest", "SR-2001", 422, "unknownSupportRequest", "supportRequest"),
            ("reason", "short", 422, "invalidField", "reason"),
            ("duration", "2h", 422, "invalidField", "duration"),
            ("duration", "PT0S", 422, "invalidField", "duration"),
            ("duration", "PT5H", 422, "exceedsCap", "duration"),
            ("resources", [], 422, "missingField", "resources"),
            ("notBefore", "tomorrow", 422, "invalidField", "notBefore"),
            ("notBefore", "2026-11-23T09:00:00Z", 422, "invalidField", "notBefore"),
            ("notBefore", "2027-11-23T09:00:00Z", 422, "invalidField", "notBefore"),
        ] as [(String, JSONValue, Int, String, String)]
    )
    func valueThatARuleRefusesIsNamed(
        _ member: String,
        _ value: JSONValue,
        _ status: Int,
        _ code: String,
        _ field: String
    ) async throws {
        try await APIWorld.with { api async throws in
            let body = Sample.accessRequest.with(member, value)
            let answer = try await api.ask(Self.submit, as: Fixture.eve, .json(body))
            try answer.expectProblem(status, code, field: field)
        }
    }

    @Test(
        arguments: [
            ("service", "wiki", "unknownService", "resources[0].service"),
            ("id", "mailbox:nobody@contoso.test", "unknownResource", "resources[0].id"),
            // Another tenant's.
            ("id", "mailbox:frida@fabrikam.test", "unknownResource", "resources[0].id"),
            ("actions", ["delete"], "invalidField", "resources[0].actions"),
        ] as [(String, JSONValue, String, String)]
    )
    func resourceThatCannotBeAskedForIsNamed(
        _ member: String,
        _ value: JSONValue,
        _ code: String,
        _ field: String
    ) async throws {
        try await APIWorld.with { api async throws in
            let line = Sample.resources[0].with(member, value)
            let body = Sample.accessRequest.with("resources", [line])
            let answer = try await api.ask(Self.submit, as: Fixture.eve, .json(body))
            try answer.expectProblem(422, code, field: field)
        }
    }

    @Test func unknownMemberOfAResourceIsNamedWithItsPlace() async throws {
        try await APIWorld.with { api async throws in
            let line = Sample.resources[0].with("until", "tomorrow")
            let body = Sample.accessRequest.with("resources", [Sample.resources[0], line])
            let answer = try await api.ask(Self.submit, as: Fixture.eve, .json(body))
            try answer.expectProblem(400, "unknownMember", field: "resources[1].until")
        }
    }

    @Test func retryUnderOneKeyFindsTheFirstRequest() async throws {
        try await APIWorld.with { api async throws in
            func send(_ key: String, _ body: JSONValue = Sample.accessRequest) async throws
                -> Answer
            {
                try await api.ask(
                    Self.submit,
                    as: Fixture.eve,
                    .json(body),
                    headers: [.idempotencyKey: key]
                )
            }
            let first = try await send("k1")
            // With or without quotation marks it is the same key.
            let again = try await send("\"k1\"")
            #expect(try again.json(201) == first.json(201))
            #expect(again.headers[.location] == first.headers[.location])
            let other = try await send("k2")
            #expect(try other.json(201)["id"] != first.json()["id"])
            let reused = try await send("k1", Sample.accessRequest.with("duration", "PT1H"))
            try reused.expectProblem(422, "idempotencyKeyReused", field: "Idempotency-Key")
        }
    }

    // MARK: - Reading

    @Test func requestIsReadWithItsTag() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            for person in [Fixture.eve, Fixture.mark, Fixture.adam, Fixture.uma, Fixture.sue] {
                let answer = try await api.ask("GET /v1/requests/{id}", ["id": id], as: person)
                #expect(try answer.json(200) == Self.body(of: .string(id)), "\(person.name)")
                #expect(answer.headers[.eTag] == "\"v1\"")
            }
        }
    }

    @Test func requestThatIsKnownIsNotSentAgain() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.submitted()
            func read(_ tag: String) async throws -> Answer {
                try await api.ask(
                    "GET /v1/requests/{id}",
                    ["id": request.id.text],
                    as: Fixture.eve,
                    headers: [.ifNoneMatch: tag]
                )
            }
            for tag in ["\"v1\"", "\"v0\", \"v1\""] {
                let answer = try await read(tag)
                #expect(answer.status == 304)
                #expect(answer.bytes == [])
                #expect(answer.headers[.eTag] == "\"v1\"")
            }
            _ = try await api.world.decide(TestWorld.yes, on: request, by: Fixture.mark)
            let answer = try await read("\"v1\"")
            #expect(try answer.json(200)["state"] == "awaitingCustomer")
            #expect(answer.headers[.eTag] == "\"v2\"")
        }
    }

    @Test func requestOfAnotherTenantDoesNotExist() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id.text
            let others = [
                Fixture.frida, Fixture.finn, Fixture.tom, Fixture.vera,
            ]
            for person in others {
                let answer = try await api.ask("GET /v1/requests/{id}", ["id": id], as: person)
                try answer.expectProblem(404, "notFound")
                let unknown = try await api.ask(
                    "GET /v1/requests/{id}",
                    ["id": "LBX-0000000000"],
                    as: person
                )
                #expect(unknown.bytes == answer.bytes)
            }
            for id in ["x", "LBX-", "../requests", "%"] {
                let answer = try await api.ask("GET /v1/requests/{id}", ["id": id], as: Fixture.eve)
                try answer.expectProblem(404, "notFound")
            }
        }
    }

    @Test func listShowsTheNewestFirstInPages() async throws {
        try await APIWorld.with { api async throws in
            var ids: [JSONValue] = []
            for _ in 0..<3 {
                ids.insert(.string(try await api.world.submitted().id.text), at: 0)
                api.world.clock.advance(by: .minutes(1))
            }
            let first = try await api.ask(
                "GET /v1/requests",
                query: [("limit", "2")],
                as: Fixture.eve
            ).json(200)
            #expect(first.members == ["items", "next"])
            #expect(first["items"].items.map { $0["id"] } == Array(ids[0..<2]))
            let next = try #require(first["next"].text)
            let second = try await api.ask(
                "GET /v1/requests",
                query: [("limit", "2"), ("cursor", next)],
                as: Fixture.eve
            ).json(200)
            #expect(second["items"].items.map { $0["id"] } == [ids[2]])
            #expect(second["next"] == .null)
        }
    }

    @Test func listIsNarrowedByStateTenantAndSupportRequest() async throws {
        try await APIWorld.with { api async throws in
            let waiting = try await api.world.submitted()
            let active = try await api.world.approved()
            func ids(_ query: [(String, String)], as person: Person = Fixture.eve) async throws
                -> Set<String>
            {
                let list = try await api.ask("GET /v1/requests", query: query, as: person).json(200)
                return Set(list["items"].items.compactMap { $0["id"].text })
            }
            let both = Set([waiting.id.text, active.id.text])
            #expect(try await ids([]) == both)
            #expect(try await ids([("state", "active")]) == [active.id.text])
            #expect(try await ids([("tenant", "contoso")]) == both)
            #expect(try await ids([("tenant", "fabrikam")]) == [])
            #expect(try await ids([("supportRequest", "SR-1001")]) == both)
            #expect(try await ids([("supportRequest", "SR-1002")]) == [])
            // Each sees what concerns her.
            #expect(try await ids([], as: Fixture.sue) == both)
            #expect(try await ids([], as: Fixture.tom) == [])
            #expect(try await ids([], as: Fixture.frida) == [])
        }
    }

    @Test(arguments: [("state", "asleep"), ("supportRequest", "SR 1"), ("tenant", "a\u{7}")])
    func filterThatMeansNothingIsNamed(_ name: String, _ value: String) async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(
                "GET /v1/requests",
                query: [(name, value)],
                as: Fixture.eve
            )
            try answer.expectProblem(400, "badParameter", field: name)
        }
    }

    @Test func listOfATenantOutOfReachIsThatOfNoTenant() async throws {
        try await APIWorld.with { api async throws in
            for (tenant, person) in [
                ("nobody", Fixture.eve), ("fabrikam", Fixture.gita), ("nobody", Fixture.gita),
                ("contoso", Fixture.vera),
            ] {
                let answer = try await api.ask(
                    "GET /v1/requests",
                    query: [("tenant", tenant)],
                    as: person
                )
                try answer.expectProblem(404, "notFound")
            }
        }
    }
}
