import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// The yes or no, by a manager of the provider and by the customer.
struct DecisionTests {
    private static func decide(
        _ api: APIWorld,
        _ id: AccessRequestID,
        as person: Person,
        _ body: JSONValue = Sample.decision,
        tag: String? = "\"v1\"",
        key: String? = nil
    ) async throws -> Answer {
        var headers: [HTTPField.Name: String] = [:]
        headers[.ifMatch] = tag
        headers[.idempotencyKey] = key
        return try await api.ask(
            "POST /v1/requests/{id}/decisions",
            ["id": id.text],
            as: person,
            .json(body),
            headers: headers
        )
    }

    private static func decision(
        _ person: Person,
        _ side: JSONValue,
        _ decision: JSONValue = "approve",
        comment: JSONValue = nil
    ) -> JSONValue {
        [
            "by": ref(person), "side": side, "decision": decision, "comment": comment,
            "duration": nil, "resources": nil, "at": instant(),
        ]
    }

    @Test func managersYesAsksTheCustomerAndTheCustomersYesGivesAccess() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id
            let reviewed = try await Self.decide(api, id, as: Fixture.mark)
            let asked = try reviewed.json(200)
            #expect(reviewed.headers[.eTag] == "\"v2\"")
            #expect(asked["state"] == "awaitingCustomer")
            #expect(asked["version"] == 2)
            #expect(asked["approvalsNeeded"] == 1)
            #expect(asked["decideBy"] == instant(Policy.standard.decisionWindow))
            #expect(asked["decisions"] == [Self.decision(Fixture.mark, "provider")])
            #expect(asked["grant"] == .null)
            let approved = try await Self.decide(api, id, as: Fixture.adam, tag: "\"v2\"")
            let active = try approved.json(200)
            #expect(approved.headers[.eTag] == "\"v3\"")
            #expect(active["state"] == "active")
            #expect(active["decideBy"] == .null)
            #expect(active["approvalsNeeded"] == .null)
            #expect(
                active["decisions"] == [
                    Self.decision(Fixture.mark, "provider"),
                    Self.decision(Fixture.adam, "customer"),
                ]
            )
            #expect(
                active["grant"] == [
                    "id": active["grant"]["id"], "start": instant(), "end": instant(.hours(2)),
                    "state": "active", "basis": "approval", "resources": Sample.resources,
                    "endedReason": nil, "endedAt": nil, "endedBy": nil, "removals": [],
                    "leftOpen": [], "uses": [], "operations": [], "unrecordedEnd": nil,
                ]
            )
        }
    }

    @Test func noEndsTheRequest() async throws {
        try await APIWorld.with { api async throws in
            let no: JSONValue = ["decision": "deny", "comment": "Not today."]
            let first = try await api.world.submitted().id
            let rejected = try await Self.decide(api, first, as: Fixture.mark, no).json(200)
            #expect(rejected["state"] == "rejected")
            #expect(
                rejected["decisions"] == [
                    Self.decision(Fixture.mark, "provider", "deny", comment: "Not today.")
                ]
            )
            let second = try await api.world.reviewed().id
            let denied = try await Self.decide(api, second, as: Fixture.adam, no, tag: "\"v2\"")
            #expect(try denied.json(200)["state"] == "denied")
            // A no says why.
            api.world.clock.advance(by: Limits.waitAfterDenial)
            let third = try await api.world.submitted().id
            let silent = try await Self.decide(api, third, as: Fixture.mark, ["decision": "deny"])
            try silent.expectProblem(422, "missingField", field: "comment")
        }
    }

    @Test func yesCanGiveLess() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed {
                $0.resources[0].actions = ["read", "write"]
            }.id
            let less: JSONValue = [
                "decision": "approve", "duration": "PT30M", "resources": Sample.resources,
            ]
            let body = try await Self.decide(api, id, as: Fixture.adam, less, tag: "\"v2\"")
                .json(200)
            #expect(body["decisions"][1]["duration"] == "PT30M")
            #expect(body["decisions"][1]["resources"] == Sample.resources)
            #expect(body["grant"]["end"] == instant(.minutes(30)))
            #expect(body["grant"]["resources"] == Sample.resources)
        }
    }

    @Test(
        arguments: [
            (["decision": "perhaps"], 422, "invalidField", "decision"),
            (["decision": "approve", "duration": "PT3H"], 422, "exceedsRequest", "duration"),
            (["decision": "approve", "duration": "long"], 422, "invalidField", "duration"),
            (
                [
                    "decision": "approve",
                    "resources": [
                        ["service": "mail", "id": "mailbox:adam@contoso.test", "actions": ["read"]]
                    ],
                ], 422, "exceedsRequest", "resources"
            ),
            (
                [
                    "decision": "approve",
                    "resources": [
                        [
                            "service": "mail", "id": "mailbox:nobody@contoso.test",
                            "actions": ["read"],
                        ]
                    ],
                ], 422, "exceedsRequest", "resources[0].id"
            ),
            (
                ["decision": "deny", "comment": "No.", "duration": "PT1H"], 422, "invalidField",
                "duration"
            ),
        ] as [(JSONValue, Int, String, String)]
    )
    func decisionThatARuleRefusesIsNamed(
        _ body: JSONValue,
        _ status: Int,
        _ code: String,
        _ field: String
    ) async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let answer = try await Self.decide(api, id, as: Fixture.adam, body, tag: "\"v2\"")
            try answer.expectProblem(status, code, field: field)
        }
    }

    @Test func whoeverDecidesSaysWhatSheRead() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let none = try await Self.decide(api, id, as: Fixture.adam, tag: nil)
            try none.expectProblem(428, "versionRequired", field: "If-Match")
            let old = try await Self.decide(api, id, as: Fixture.adam, tag: "\"v1\"")
            try old.expectProblem(412, "stale", field: "If-Match")
            #expect(old.headers[.eTag] == "\"v2\"")
            for tag in ["\"2\"", "W/\"v2\"", "\"v\"", "\"v0\"", "\"v-2\""] {
                let answer = try await Self.decide(api, id, as: Fixture.adam, tag: tag)
                try answer.expectProblem(412, "stale", field: "If-Match")
            }
            for tag in ["v2", "\"v2\"x"] {
                let answer = try await Self.decide(api, id, as: Fixture.adam, tag: tag)
                try answer.expectProblem(400, "badParameter", field: "If-Match")
            }
        }
    }

    @Test func onlyThoseWhoseTurnItIsDecide() async throws {
        try await APIWorld.with { api async throws in
            let waiting = try await api.world.submitted().id
            let asked = try await api.world.reviewed().id
            for (id, tag, person, status, code) in [
                (waiting, "\"v1\"", Fixture.eve, 403, "notPermitted"),
                (waiting, "\"v1\"", Fixture.olga, 403, "notPermitted"),
                (waiting, "\"v1\"", Fixture.sue, 403, "notPermitted"),
                (waiting, "\"v1\"", Fixture.uma, 403, "notPermitted"),
                (waiting, "\"v1\"", Fixture.adam, 409, "notAwaitingYou"),
                (waiting, "\"v1\"", Fixture.frida, 404, "notFound"),
                (waiting, "\"v1\"", Fixture.tom, 404, "notFound"),
                (waiting, "\"v1\"", Fixture.vera, 404, "notFound"),
                (asked, "\"v2\"", Fixture.max, 409, "notAwaitingYou"),
                (asked, "\"v2\"", Fixture.finn, 404, "notFound"),
            ] {
                let answer = try await Self.decide(api, id, as: person, tag: tag)
                try answer.expectProblem(status, code)
            }
        }
    }

    @Test func nobodyDecidesTwiceOrTooLateOrForHerself() async throws {
        try await APIWorld.with(contoso: Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2)))
        { api async throws in
            let id = try await api.world.reviewed().id
            _ = try await Self.decide(api, id, as: Fixture.adam, tag: "\"v2\"").json(200)
            let twice = try await Self.decide(api, id, as: Fixture.adam, tag: "\"v3\"")
            try twice.expectProblem(409, "alreadyDecidedByYou")
            _ = try await Self.decide(api, id, as: Fixture.gita, tag: "\"v3\"").json(200)
            let late = try await Self.decide(api, id, as: Fixture.gita, tag: "\"v4\"")
            try late.expectProblem(409, "alreadyDecided")
            let own = try await api.world.lockbox.submit(
                TestWorld.draft(),
                by: Fixture.max,
                key: nil
            ).request.id
            try await Self.decide(api, own, as: Fixture.max).expectProblem(403, "ownRequest")
        }
    }

    @Test func retryUnderOneKeyDecidesOnce() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id
            let first = try await Self.decide(api, id, as: Fixture.mark, key: "k")
            let again = try await Self.decide(api, id, as: Fixture.mark, key: "k")
            #expect(try again.json(200) == first.json(200))
            let count = try await api.world.activities(about: id).count { $0 == "decision.made" }
            #expect(count <= 1)
            let other = try await Self.decide(
                api,
                id,
                as: Fixture.mark,
                ["decision": "deny", "comment": "No."],
                key: "k"
            )
            try other.expectProblem(422, "idempotencyKeyReused", field: "Idempotency-Key")
        }
    }
}
