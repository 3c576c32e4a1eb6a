import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

/// API tokens, who the caller is, and which letters she wants.
struct SignInTests {
    private static let password = "correct horse battery"

    private static func signIn(
        _ api: APIWorld,
        _ body: JSONValue = Sample.token,
        from address: String = "192.0.2.1"
    ) async throws -> Answer {
        try await api.ask("POST /v1/tokens", [:], .json(body), from: address)
    }

    @Test func passwordGetsATokenThatIsShownOnce() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.signIn.setPassword(Self.password, of: Fixture.gita.email)
            let answer = try await Self.signIn(api)
            let body = try answer.json(201)
            let token = try #require(body["token"].text)
            #expect(
                body == [
                    "id": body["id"], "token": .string(token), "person": ref(Fixture.gita),
                    "scopes": ["read"], "addresses": ["192.0.2.0/24"],
                    "expiresAt": instant(.days(30)),
                ]
            )
            let me = try await api.ask(
                "GET /v1/me",
                headers: [.authorization: "bearer \(token)"]
            ).json(200)
            #expect(
                me == [
                    "id": .string(Fixture.gita.id.text), "name": "Gita Rao",
                    "email": "gita@contoso.test", "side": "tenant", "tenant": "contoso",
                    "roles": ["admin"],
                ]
            )
        }
    }

    @Test func wrongPasswordAndUnknownAddressAreOneAnswer() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.signIn.setPassword(Self.password, of: Fixture.gita.email)
            let wrong = try await Self.signIn(api, Sample.token.with("password", "wrong horse"))
            try wrong.expectProblem(401, "badCredentials")
            // Not a challenge: there is nothing that a browser could ask for.
            #expect(wrong.headers[.wwwAuthenticate] == nil)
            for email in ["nobody@contoso.test", "no address", ""] {
                let answer = try await Self.signIn(
                    api,
                    Sample.token.with("email", .string(email))
                )
                #expect(answer.bytes == wrong.bytes, "\(email)")
            }
        }
    }

    @Test func labelIsBounded() async throws {
        try await APIWorld.with { api async throws in
            let long = String(repeating: "x", count: IdentityLimits.labelLength.upperBound + 1)
            let answer = try await Self.signIn(api, Sample.token.with("label", .string(long)))
            try answer.expectProblem(422, "invalidField", field: "label")
        }
    }

    @Test func failuresOfOneAddressAreBounded() async throws {
        try await APIWorld.with { api async throws in
            func guess(_ number: Int, from address: String) async throws -> Answer {
                let unknown = "lbx_" + String(repeating: "\(number % 10)", count: 64)
                return try await api.ask(
                    "GET /v1/me",
                    headers: [.authorization: "Bearer \(unknown)"],
                    from: address
                )
            }
            for number in 0..<APILimits.failureBurst {
                try await guess(number, from: "192.0.2.7").expectProblem(401, "notSignedIn")
            }
            let refused = try await guess(0, from: "192.0.2.7")
            try refused.expectProblem(429, "tooManyAttempts")
            #expect(refused.headers[.retryAfter] == "1")
            try await guess(0, from: "192.0.2.8").expectProblem(401, "notSignedIn")
            // A right token is never held up by that.
            let right = try await api.ask("GET /v1/me", as: Fixture.gita, from: "192.0.2.7")
            #expect(right.status == 200)
            api.world.clock.advance(by: .seconds(1))
            try await guess(0, from: "192.0.2.7").expectProblem(401, "notSignedIn")
        }
    }

    @Test func requestsOfOnePersonAreBounded() async throws {
        try await APIWorld.with { api async throws in
            for _ in 0..<APILimits.personBurst {
                #expect(try await api.ask("GET /v1/me", as: Fixture.gita).status == 200)
            }
            let refused = try await api.ask("GET /v1/me", as: Fixture.gita)
            try refused.expectProblem(429, "tooManyAttempts")
            #expect(refused.headers[.retryAfter] == "1")
            #expect(try await api.ask("GET /v1/me", as: Fixture.adam).status == 200)
        }
    }

    @Test func failureBehindAProxyCountsForTheClient() async throws {
        try await APIWorld.with(proxies: TrustedProxies(["192.0.2.7"])) { api async throws in
            func guess(for client: String) async throws -> Answer {
                try await api.ask(
                    "GET /v1/me",
                    headers: [
                        .authorization: "Bearer lbx_" + String(repeating: "0", count: 64),
                        .forwardedFor: client,
                    ],
                    from: "192.0.2.7"
                )
            }
            for _ in 0..<APILimits.failureBurst {
                _ = try await guess(for: "198.51.100.1")
            }
            #expect(try await guess(for: "198.51.100.1").status == 429)
            #expect(try await guess(for: "198.51.100.2").status == 401)
        }
    }

    @Test func everySideIsTheCallersOwn() async throws {
        try await APIWorld.with { api async throws in
            let max = try await api.ask("GET /v1/me", as: Fixture.max).json(200)
            #expect(max["side"] == "provider")
            #expect(max["tenant"] == .null)
            #expect(max["roles"] == ["engineer", "manager"])
            let finn = try await api.ask("GET /v1/me", as: Fixture.finn).json(200)
            #expect(finn["tenant"] == "fabrikam")
        }
    }

    @Test func tokensAreListedAndRevokedByTheirOwnerAlone() async throws {
        try await APIWorld.with { api async throws in
            let token = try await api.signIn.issueToken(
                for: Fixture.gita,
                TokenTerms(label: "laptop")
            ).token
            let list = try await api.ask("GET /v1/tokens", as: Fixture.gita).json(200)
            #expect(list["next"] == .null)
            #expect(
                list["items"].items.contains([
                    "id": .string(token.id.text), "person": ref(Fixture.gita),
                    "label": "laptop", "scopes": ["read", "ask"], "addresses": [],
                    "createdAt": instant(), "expiresAt": instant(.days(90)),
                    "lastUsedAt": .null, "lastUsedFrom": .null, "login": false,
                ])
            )
            func revoke(_ id: String, as person: Person) async throws -> Answer {
                try await api.ask("DELETE /v1/tokens/{id}", ["id": id], as: person)
            }
            try await revoke(token.id.text, as: Fixture.adam).expectProblem(404, "notFound")
            try await revoke("TOK-0000000000", as: Fixture.gita).expectProblem(404, "notFound")
            try await revoke("nonsense", as: Fixture.gita).expectProblem(404, "notFound")
            let answer = try await revoke(token.id.text, as: Fixture.gita)
            #expect(answer.status == 204)
            #expect(answer.bytes == [])
            try await revoke(token.id.text, as: Fixture.gita).expectProblem(404, "notFound")
        }
    }

    @Test func tokenThatIsOverOrOfADisabledPersonIsNone() async throws {
        try await APIWorld.with { api async throws in
            #expect(try await api.ask("GET /v1/me", as: Fixture.gita).status == 200)
            var gone = Fixture.adam
            #expect(try await api.ask("GET /v1/me", as: gone).status == 200)
            gone.isDisabled = true
            try await api.world.store.write { [gone] tx in try tx.save(gone) }
            try await api.ask("GET /v1/me", as: gone).expectProblem(401, "notSignedIn")
            gone.isDisabled = false
            try await api.world.store.write { [gone] tx in try tx.save(gone) }
            api.world.clock.advance(by: .days(90))
            let late = try await api.ask("GET /v1/me", as: Fixture.gita)
            try late.expectProblem(401, "notSignedIn")
        }
    }

    @Test func lettersAreSwitchedOffByTheCallerForHerself() async throws {
        try await APIWorld.with { api async throws in
            func muted(_ person: Person) async throws -> JSONValue {
                try await api.ask("GET /v1/me/letters", as: person).json(200)
            }
            #expect(try await muted(Fixture.gita) == ["muted": []])
            let answer = try await api.ask(
                "PUT /v1/me/letters",
                as: Fixture.gita,
                .json(["muted": ["accessReports", "reminders"]])
            )
            #expect(try answer.json(200) == ["muted": ["reminders", "accessReports"]])
            #expect(try await muted(Fixture.gita) == ["muted": ["reminders", "accessReports"]])
            #expect(try await muted(Fixture.adam) == ["muted": []])
            let unknown = try await api.ask(
                "PUT /v1/me/letters",
                as: Fixture.gita,
                .json(["muted": ["reminders", "decisions"]])
            )
            try unknown.expectProblem(422, "invalidField", field: "muted[1]")
            let back = try await api.ask(
                "PUT /v1/me/letters",
                as: Fixture.gita,
                .json(["muted": []])
            )
            #expect(try back.json(200) == ["muted": []])
        }
    }
}
