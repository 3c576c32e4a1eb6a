import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

/// Looser rules that wait, and approvals that do not count yet, over the API.
struct PolicyChangeTests {
    private static let put = "PUT /v1/tenants/{tenant}/policy"
    private static let list = "GET /v1/tenants/{tenant}/policy/changes"
    private static let agree = "POST /v1/tenants/{tenant}/policy/changes/{change}/agree"
    private static let stop = "DELETE /v1/tenants/{tenant}/policy/changes/{change}"
    private static let roles = "PUT /v1/tenants/{tenant}/people/{person}"
    private static let confirm = "POST /v1/tenants/{tenant}/people/{person}/confirm"
    private static let tenant = ["tenant": "contoso"]
    private static let tom = ["tenant": "contoso", "person": Fixture.tom.id.text]

    /// Two approvals are needed, and Gita has signed in.
    private static func with(_ body: (APIWorld) async throws -> Void) async throws {
        var contoso = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        _ = contoso.noteSignIn(of: Fixture.gita, at: Fixture.now)
        try await APIWorld.with(contoso: contoso) { [contoso] api async throws in
            try await api.world.audited.write(by: .person(Fixture.gita)) { change in
                change.emit(.directory(.tenantAdministered(contoso)))
            }
            try await body(api)
        }
    }

    private static let looser: JSONValue = [
        "requireApproval": true, "decisionWindow": "PT6H", "maxAccess": "PT8H",
        "approvalsNeeded": 2, "version": 1,
    ]

    private static func asked(_ api: APIWorld) async throws -> [String: String] {
        let answer = try await api.ask(put, tenant, as: Fixture.gita, .json(looser))
        let waiting = try answer.json(202)["waiting"]
        return ["tenant": "contoso", "change": try #require(waiting["id"].text)]
    }

    @Test func looserRulesAreAnsweredWithWhatWaits() async throws {
        try await Self.with { api in
            let answer = try await api.ask(
                Self.put,
                Self.tenant,
                as: Fixture.gita,
                .json(Self.looser)
            )
            let body = try answer.json(202)
            // What is stricter holds.
            #expect(body["decisionWindow"] == "PT6H")
            #expect(body["maxAccess"] == "PT4H")
            #expect(body["coolingOff"] == "P1D")
            #expect(answer.headers[.eTag] == "\"v2\"")
            let waiting = body["waiting"]
            #expect(waiting["maxAccess"] == "PT8H")
            #expect(waiting["madeBy"].text == Fixture.gita.id.text)
            #expect(waiting["agreed"] == [.string(Fixture.gita.id.text)])
            let page = try await api.ask(Self.list, Self.tenant, as: Fixture.uma).json(200)
            #expect(page["items"] == [waiting])
        }
    }

    @Test func anotherPersonsYesMakesThemHold() async throws {
        try await Self.with { api in
            let change = try await Self.asked(api)
            let still = try await api.ask(Self.agree, change, as: Fixture.gita)
            #expect(try still.json(202)["waiting"]["agreed"] == [.string(Fixture.gita.id.text)])
            let answer = try await api.ask(Self.agree, change, as: Fixture.adam)
            #expect(try answer.json(200)["maxAccess"] == "PT8H")
            try await api.ask(Self.agree, change, as: Fixture.adam)
                .expectProblem(404, "notFound")
            let page = try await api.ask(Self.list, Self.tenant, as: Fixture.gita).json(200)
            #expect(page["items"] == [])
        }
    }

    @Test func administratorStopsThem() async throws {
        try await Self.with { api in
            let change = try await Self.asked(api)
            try await api.ask(Self.stop, change, as: Fixture.adam)
                .expectProblem(403, "notPermitted")
            #expect(try await api.ask(Self.stop, change, as: Fixture.gita).status == 204)
            for path in [Self.stop, Self.agree] {
                try await api.ask(path, change, as: Fixture.gita).expectProblem(404, "notFound")
            }
        }
    }

    @Test func nobodyElseReadsAgreesOrStops() async throws {
        try await Self.with { api in
            let change = try await Self.asked(api)
            for path in [Self.agree, Self.stop] {
                for other in [Fixture.sue, Fixture.uma, Fixture.mark] {
                    try await api.ask(path, change, as: other).expectProblem(403, "notPermitted")
                }
            }
            for path in [Self.list, Self.agree, Self.stop] {
                try await api.ask(path, change, as: Fixture.finn).expectProblem(404, "notFound")
            }
            try await api.ask(Self.list, change, as: Fixture.sue)
                .expectProblem(403, "notPermitted")
        }
    }

    @Test func newApproverIsConfirmed() async throws {
        try await Self.with { api in
            let body: JSONValue = ["roles": ["member", "approver"]]
            let made = try await api.ask(Self.roles, Self.tom, as: Fixture.gita, .json(body))
            let first = (Fixture.now + .hours(24)).description
            #expect(try made.json(200)["decidesFrom"].text == first)
            let people = try await api.ask(
                "GET /v1/tenants/{tenant}/people",
                Self.tenant,
                as: Fixture.gita
            )
            let shown = try people.json(200)["items"].items.map { $0["decidesFrom"] }
                .filter { $0 != .missing }
            #expect(shown == [.string(first)])
            try await api.ask(Self.confirm, Self.tom, as: Fixture.tom)
                .expectProblem(403, "notPermitted")
            try await api.ask(Self.confirm, Self.tom, as: Fixture.uma)
                .expectProblem(403, "notPermitted")
            let confirmed = try await api.ask(Self.confirm, Self.tom, as: Fixture.adam).json(200)
            #expect(confirmed["decidesFrom"] == .missing)
        }
    }
}
