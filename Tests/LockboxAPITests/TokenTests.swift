import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// Tokens that are for less than all, and those of a tenant's people. That each operation is refused
/// without its scope is in `EveryOperationTests`.
struct TokenTests {
    private static func bearer(_ secret: String) -> [HTTPField.Name: String] {
        [.authorization: "Bearer \(secret)"]
    }

    private static func issued(
        _ api: APIWorld,
        _ scopes: [String],
        to person: Person = Fixture.gita,
        addresses: [String] = []
    ) async throws -> (id: String, headers: [HTTPField.Name: String]) {
        let new = try await api.signIn.issueToken(
            for: person,
            TokenTerms(label: "", scopes: scopes, addresses: addresses)
        )
        return (new.token.id.text, bearer(new.secret))
    }

    private static func policy(_ api: APIWorld) async throws -> JSONValue {
        try await api.ask(
            "GET /v1/tenants/{tenant}/policy",
            ["tenant": "contoso"],
            as: Fixture.gita
        )
        .json(200)
    }

    private static func setPolicy(
        _ api: APIWorld,
        _ policy: JSONValue,
        headers: [HTTPField.Name: String]? = nil
    ) async throws -> Answer {
        try await api.ask(
            "PUT /v1/tenants/{tenant}/policy",
            ["tenant": "contoso"],
            as: headers == nil ? Fixture.gita : nil,
            .json(policy),
            headers: (headers ?? [:]).merging([.ifMatch: "*"]) { $1 }
        )
    }

    // MARK: - Getting one

    @Test func tokenIsForWhatWasAskedFor() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.signIn.setPassword("correct horse battery", of: Fixture.gita.email)
            let body = try await api.ask("POST /v1/tokens", [:], .json(Sample.token)).json(201)
            #expect(body["scopes"] == ["read"])
            #expect(body["addresses"] == ["192.0.2.0/24"])
            #expect(body["expiresAt"] == instant(.days(30)))
            for (member, value, field) in [
                ("scopes", ["root"], "scopes[0]"), ("scopes", [], "scopes"),
                ("days", 366, "days"), ("days", 0, "days"),
                ("addresses", ["10.0.0.1/8"], "addresses[0]"),
            ] as [(String, JSONValue, String)] {
                let answer = try await api.ask(
                    "POST /v1/tokens",
                    [:],
                    .json(Sample.token.with(member, value))
                )
                let code = value == [] ? "missingField" : "invalidField"
                try answer.expectProblem(422, code, field: field)
            }
        }
    }

    /// Else a token that is for little would get one that is for more, or lives longer.
    @Test func noTokenGetsAnotherToken() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.signIn.setPassword("correct horse battery", of: Fixture.gita.email)
            let all = try await Self.issued(api, TokenScopes.every.names)
            for body in [
                ["scopes": ["read"]], Sample.token.without("password"),
                Sample.token.with("password", ""), Sample.token.with("password", "lbx_"),
            ] as [JSONValue] {
                let answer = try await api.ask(
                    "POST /v1/tokens",
                    [:],
                    .json(body),
                    headers: all.headers
                )
                #expect([400, 401].contains(answer.status), "\(answer.text)")
            }
            #expect(try await api.signIn.tokens(of: Fixture.gita).count == 1)
        }
    }

    // MARK: - From where

    @Test func tokenFromElsewhereIsAnsweredLikeNone() async throws {
        try await APIWorld.with(proxies: TrustedProxies(["192.0.2.7"])) { api async throws in
            let token = try await Self.issued(api, ["read"], addresses: ["198.51.100.0/24"])
            func ask(for client: String?, from peer: String) async throws -> Answer {
                var headers = token.headers
                if let client { headers[.forwardedFor] = client }
                return try await api.ask("GET /v1/me", headers: headers, from: peer)
            }
            #expect(try await ask(for: nil, from: "198.51.100.9").status == 200)
            #expect(try await ask(for: nil, from: "::ffff:198.51.100.9").status == 200)
            #expect(try await ask(for: "198.51.100.9:5000", from: "192.0.2.7").status == 200)
            let unknown = try await api.ask(
                "GET /v1/me",
                headers: Self.bearer("lbx_" + String(repeating: "0", count: 64)),
                from: "203.0.113.1"
            )
            for (client, peer) in [
                (nil, "203.0.113.1"), ("198.51.100.9", "203.0.113.1"), (nil, "192.0.2.7"),
                ("203.0.113.1", "192.0.2.7"), ("198.51.100.9, 203.0.113.1", "192.0.2.7"),
            ] {
                let answer = try await ask(for: client, from: peer)
                try answer.expectProblem(401, "notSignedIn")
                #expect(answer.bytes == unknown.bytes)
                #expect(answer.headers[.wwwAuthenticate] == unknown.headers[.wwwAuthenticate])
            }
        }
    }

    // MARK: - What a tenant withholds

    @Test func tenantKeepsDecisionsFromTokensAtOnce() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.reviewed()
            let token = try await Self.issued(api, ["read", "decide"], to: Fixture.adam)
            let before = try await Self.policy(api)
            #expect(before["withheldFromTokens"] == [])
            let wanted = Sample.policy.with("withheldFromTokens", ["decide"])
            #expect(try await Self.setPolicy(api, wanted).status == 200)
            let decision = try await api.ask(
                "POST /v1/requests/{id}/decisions",
                ["id": request.id.text],
                .json(Sample.decision),
                headers: token.headers.merging([.ifMatch: "*"]) { $1 }
            )
            try decision.expectProblem(403, "scopeWithheld")
            #expect(decision.headers[.wwwAuthenticate]?.contains("insufficient_scope") == true)
            // Whoever does not know of the rule does not take it back.
            let older = Sample.policy.without("withheldFromTokens").with("approvalsNeeded", 2)
            let kept = try await Self.setPolicy(api, older).json(200)
            #expect(kept["withheldFromTokens"] == ["decide"])
            #expect(kept["approvalsNeeded"] == 2)
            for wrong in [["read"], ["decide", "decide"], ["all"]] as [JSONValue] {
                let answer = try await Self.setPolicy(
                    api,
                    Sample.policy.with("withheldFromTokens", wrong)
                )
                #expect(answer.status == 422)
            }
        }
    }

    @Test func tokenCannotGiveBackWhatTheTenantKeepsFromTokens() async throws {
        try await APIWorld.with { api async throws in
            let token = try await Self.issued(api, TokenScopes.every.names)
            let wanted = Sample.policy.with("withheldFromTokens", ["administer"])
            #expect(try await Self.setPolicy(api, wanted).status == 200)
            let answer = try await Self.setPolicy(api, Sample.policy, headers: token.headers)
            try answer.expectProblem(403, "scopeWithheld")
            #expect(
                try await api.world.lockbox.tenant("contoso", by: Fixture.gita).policy
                    .withheldFromTokens == .administer
            )
        }
    }

    // MARK: - Ending

    @Test func everyTokenRevokesItselfAndOnlyOneThatIsForMoreAnother() async throws {
        try await APIWorld.with { api async throws in
            let reader = try await Self.issued(api, ["read"])
            let decider = try await Self.issued(api, ["decide"])
            func revoke(_ id: String, by token: [HTTPField.Name: String]) async throws -> Answer {
                try await api.ask("DELETE /v1/tokens/{id}", ["id": id], headers: token)
            }
            try await revoke(decider.id, by: reader.headers).expectProblem(403, "scopeMissing")
            #expect(try await revoke(reader.id, by: reader.headers).status == 204)
            try await revoke(reader.id, by: reader.headers).expectProblem(401, "notSignedIn")
            let other = try await Self.issued(api, ["read"])
            #expect(try await revoke(other.id, by: decider.headers).status == 204)
        }
    }

    @Test func administratorListsAndRevokesTheTokensOfHerPeople() async throws {
        try await APIWorld.with { api async throws in
            let token = try await Self.issued(api, ["read", "decide"], to: Fixture.adam)
            #expect(try await api.ask("GET /v1/me", headers: token.headers).status == 200)
            let contoso = ["tenant": "contoso"]
            let list = try await api.ask(
                "GET /v1/tenants/{tenant}/tokens",
                contoso,
                as: Fixture.gita
            ).json(200)
            let found = try #require(list["items"].items.first { $0["id"] == .string(token.id) })
            #expect(found["person"] == ref(Fixture.adam))
            #expect(found["scopes"] == ["read", "decide"])
            #expect(found["lastUsedAt"] == instant())
            #expect(found["lastUsedFrom"] == "192.0.2.1")
            func revoke(as person: Person) async throws -> Answer {
                try await api.ask(
                    "DELETE /v1/tenants/{tenant}/tokens/{id}",
                    contoso.merging(["id": token.id]) { $1 },
                    as: person
                )
            }
            try await revoke(as: Fixture.adam).expectProblem(403, "notPermitted")
            try await revoke(as: Fixture.eve).expectProblem(404, "notFound")
            try await revoke(as: Fixture.finn).expectProblem(404, "notFound")
            #expect(try await revoke(as: Fixture.gita).status == 204)
            try await revoke(as: Fixture.gita).expectProblem(404, "notFound")
            let gone = try await api.ask("GET /v1/me", headers: token.headers)
            try gone.expectProblem(401, "notSignedIn")
        }
    }

    // MARK: - A program that asks about its engineer

    @Test func programThatAsksAboutItsEngineerNeedsToRead() async throws {
        try await APIWorld.with { api async throws in
            for (scope, status) in [("ask", 403), ("read", 200)] {
                let token = try await Self.issued(api, [scope], to: Fixture.eve)
                let answer = try await api.ask(
                    "POST /access/v1/evaluation",
                    [:],
                    .json(Sample.evaluation.without("evaluations").without("page")),
                    headers: token.headers
                )
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }
}
