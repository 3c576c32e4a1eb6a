import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Synchronization
import Testing

/// Access that is asked for in AuthZEN's terms: the task, its end, and what is evaluated afterwards.
struct AccessTaskTests {
    private typealias Program = RequesterProgram

    // MARK: - Submitting

    @Test func submissionMakesARequestAndATask() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let answer = try await eve.submit(try await eve.denied())
            #expect(answer.headers[.retryAfter] == "5")
            let document = try answer.json(202)
            #expect(document.members == ["task"])
            let task = document["task"]
            #expect(answer.headers[.location] == task["status_endpoint"].text)
            #expect(
                task.members == [
                    "display", "expires_at", "id", "links", "progress", "status",
                    "status_endpoint",
                ]
            )
            #expect(task["status"] == "pending")
            #expect(task["expires_at"] == instant(.hours(12)))
            #expect(
                task["progress"] == [
                    "current_step": 1, "total_steps": 2, "step_name": "manager_approval",
                ]
            )
            let id = try #require(task["id"].text)
            let place = "\(APIWorld.publicURL)/access/v1/access-request/\(id)"
            #expect(task["status_endpoint"] == .string(place))
            #expect(task["links"]["cancel"] == .string(place + "/cancel"))
            #expect(task["links"]["ticket"] == .string("\(APIWorld.publicURL)/requests/\(id)"))
            let request = try await api.ask("GET /v1/requests/{id}", ["id": id], as: Fixture.eve)
                .json(200)
            #expect(request["state"] == "awaitingManager")
            #expect(request["reason"] == "Look why mail does not arrive.")
            #expect(request["duration"] == "PT2H")
            #expect(request["resources"] == Sample.resources)
            #expect(request["supportRequest"] == "SR-1001")
        }
    }

    @Test func durationIsSaidInOneOfThreeWays() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await eve.denied()
            let (seconds, duration) = (
                Program.own("requested_duration_s"), Program.own("requested_duration")
            )
            for (access, expected) in [
                ([seconds: 60], "PT1M"), ([duration: "PT90M"], "PT1H30M"),
                (["requested_until": "2026-11-23T10:00:00.900Z", "emergency": true], "PT1H"),
            ] as [(JSONValue, JSONValue)] {
                let made = try await eve.submit(body.with("requested_access", access))
                let id = try #require(try made.json(202)["task"]["id"].text)
                let request = try await api.ask(
                    "GET /v1/requests/{id}",
                    ["id": id],
                    as: Fixture.eve
                )
                #expect(try request.json(200)["duration"] == expected)
            }
            for (access, status, code) in [
                ([:], 422, "missingField"),
                ([seconds: 60, duration: "PT1M"], 422, "invalidField"),
                ([seconds: 60, "requested_until": instant(.hours(1))], 422, "invalidField"),
                ([seconds: 0], 422, "invalidField"), ([seconds: -1], 422, "invalidField"),
                ([seconds: 9_007_199_254_740_991], 422, "invalidField"),
                ([seconds: "60"], 422, "invalidField"), ([duration: "P1Y"], 422, "invalidField"),
                ([duration: 60], 400, "malformedBody"),
                (["requested_until": instant()], 422, "invalidField"),
                (["requested_until": "9999-12-31T23:59:59Z"], 422, "exceedsCap"),
                ([seconds: 18_000], 422, "exceedsCap"),
            ] as [(JSONValue, Int, JSONValue)] {
                let answer = try await eve.submit(body.with("requested_access", access))
                #expect(try answer.json(status)["code"] == code, "\(access)")
            }
            let none = try await eve.submit(body.without("requested_access"))
            #expect(try none.json(422)["code"] == "missingField")
        }
    }

    /// What a request lacks is said as `/v1/requests` says it, about the member that was sent; what
    /// may not exist is not told apart from what does not.
    @Test func submissionLacksNothingThatARequestNeeds() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await eve.denied()
            let support = Program.own("support_request")
            func context(_ member: String, _ value: JSONValue?) -> JSONValue {
                let context = body["context"]
                return body.with(
                    "context",
                    value.map { context.with(member, $0) } ?? context.without(member)
                )
            }
            for (body, status, code, field) in [
                (context(support, nil), 422, "missingField", "context.\(support)"),
                (context(support, 7), 400, "malformedBody", "context.\(support)"),
                (context(support, "SR-9"), 422, "unknownSupportRequest", "context.\(support)"),
                (context(support, "SR-2001"), 422, "unknownSupportRequest", "context.\(support)"),
                (
                    context("business_justification", nil), 422, "missingField",
                    "context.business_justification"
                ),
                (
                    context("business_justification", "Please."), 422, "invalidField",
                    "context.business_justification"
                ),
                (
                    body.with("callback", ["endpoint": "https://pep.example/"]), 422,
                    "invalidField", "callback"
                ),
                (body.without("resource"), 400, "malformedBody", "resource"),
                (body.without("action"), 400, "malformedBody", "action"),
                (body.without("subject"), 400, "malformedBody", "subject"),
                (body.with("items", []), 422, "invalidField", "items"),
            ] as [(JSONValue, Int, String, String)] {
                try await eve.submit(body).expectProblem(status, code, field: field)
            }
            for tenant in ["nobody", "!"] as [JSONValue] {
                try await eve.submit(context(Program.own("tenant"), tenant))
                    .expectFault(400, "not_requestable")
            }
            let elsewhere = context(Program.own("tenant"), "fabrikam")
            let ticket = elsewhere["context"].with(support, "SR-2001")
            try await eve.submit(elsewhere.with("context", ticket))
                .expectFault(400, "not_requestable")
            let named = context(Program.own("tenant"), "contoso")
                .with("client", ["id": "console"]).with("future", [1, 2])
            #expect(try await eve.submit(named).status == 202)
        }
    }

    @Test func sameKeyFindsTheSameTaskAndAnotherBodyIsRefused() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await eve.denied()
            let first = try await eve.submit(body, key: "\"7b8d0f0d\"").json(202)
            #expect(try await eve.submit(body, key: "7b8d0f0d").json(202) == first)
            let other = body.with("requested_access", [Program.own("requested_duration_s"): 60])
            try await eve.submit(other, key: "7b8d0f0d").expectFault(409, "duplicate_request")
            // Keys are each person's own, and a body that is another's is nobody's.
            try await Program(api: api, person: Fixture.max).submit(body, key: "7b8d0f0d")
                .expectFault(400, "not_requestable")
            // The denial is old by now, and the keys have changed; the retry is the same.
            api.world.clock.advance(by: .hours(13))
            api.keys.said.withLock { $0 = [] }
            let late = try await eve.submit(body, key: "7b8d0f0d").json(201)
            #expect(late["task"]["id"] == first["task"]["id"])
            #expect(late["task"]["status"] == "expired")
        }
    }

    // MARK: - Several at once

    @Test func severalAreOneRequestAndStayInTheirOrder() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let asked = [
                Program.question("write"), Program.question("read", "adam@contoso.test"),
                Program.question("read"),
            ]
            let body = try await Self.bundle(asked, eve)
            let task = try await eve.submit(body, key: "k").json(202)["task"]
            #expect(
                task["items"].items.map { $0["resource"] } == asked.map { $0["resource"] }
            )
            #expect(task["items"].items.map { $0["action"] } == asked.map { $0["action"] })
            #expect(try await eve.submit(body, key: "k").json(202)["task"] == task)
            #expect(try await eve.look(task).json(200)["task"] == task)
            // Who approves can leave out one of them: then some are approved, and others are not.
            try await eve.decided(task, by: Fixture.mark)
            let less: JSONValue = [
                "decision": "approve",
                "resources": [
                    ["service": "mail", "id": "mailbox:sue@contoso.test", "actions": ["read"]]
                ],
            ]
            try await eve.decided(task, less, by: Fixture.adam)
            let over = try await eve.look(task).json(200)
            #expect(over["task"]["status"] == "partial")
            #expect(over["result"] == .missing)
            let items = over["task"]["items"].items
            #expect(items.map { $0["status"] } == ["denied", "denied", "approved"])
            #expect(items[0]["result"] == .missing)
            let approval = items[2]["result"]["approval"]
            let read = try await eve.evaluate(asked[2], approval: approval)
            #expect(read["decision"] == true)
            let written = try await eve.evaluate(asked[0], approval: approval)
            #expect(written["decision"] == false)
            #expect(written["context"]["reason"] == "out_of_scope")
        }
    }

    private static func bundle(_ asked: [JSONValue], _ eve: Program) async throws -> JSONValue {
        var items: [JSONValue] = []
        var body = JSONValue.missing
        for question in asked {
            body = try await eve.denied(question)
            items.append([
                "resource": question["resource"], "action": question["action"],
                "denial": body["denial"],
            ])
        }
        return body.without("resource").without("action").without("denial")
            .with("items", .array(items))
    }

    @Test func bundleIsRefusedWholeWhereOneOfItIsWrong() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await Self.bundle(
                [Program.question(), Program.question("read", "adam@contoso.test")],
                eve
            )
            let items = body["items"].items
            // A denial of one thing does not cover others, wherever it stands.
            let covered = body.with("items", [items[0], items[1].without("denial")])
                .with("denial", items[0]["denial"])
            try await eve.submit(covered).expectFault(400, "invalid_denial_binding")
            let swapped = body.with(
                "items",
                [
                    items[0].with("denial", items[1]["denial"]),
                    items[1].with("denial", items[0]["denial"]),
                ]
            )
            try await eve.submit(swapped).expectFault(400, "invalid_denial_binding")
            let mixed = body.with("resource", Program.question()["resource"])
            try await eve.submit(mixed).expectProblem(422, "invalidField", field: "items")
            let own = items[0].with("requested_access", ["requested_until": instant(.hours(1))])
            try await eve.submit(body.with("items", [own])).expectProblem(
                422,
                "invalidField",
                field: "items[0].requested_access"
            )
            let many = JSONValue.array(.init(repeating: items[0].without("denial"), count: 21))
            try await eve.submit(body.with("items", many))
                .expectProblem(422, "invalidField", field: "items")
            // Of another tenant: a request is about one.
            let far = try await Self.bundle(
                [Program.question(), Program.question("read", "frida@fabrikam.test")],
                eve
            )
            try await eve.submit(far).expectFault(400, "not_requestable")
        }
    }

    @Test func orderOfATaskIsOneThatItsAddressHas() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let task = try await eve.asked()
            for odd in ["", "0", "r", "0x", "1r", "0w", "0r,", ",", "-0r", "00000r", "0r0r", "٠r"] {
                let answer = try await api.ask(
                    Program.status,
                    ["id": try #require(task["id"].text)],
                    query: [("items", odd)],
                    as: Fixture.eve
                )
                try answer.expectProblem(400, "badParameter", field: "items")
            }
        }
    }
}
