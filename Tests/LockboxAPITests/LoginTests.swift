import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxTestWorld
import LockboxWire
import Testing

/// What a command line asks for its tokens, over HTTP. What each refusal rests on is in
/// `LockboxIdentityTests`.
struct LoginTests {
    private static let verifier = String(repeating: "v", count: 43)
    private static let callback = LoginCallback(
        address: "http://127.0.0.1:49152/callback",
        // SHA-256 of the verifier.
        challenge: "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
    )!
    private static let deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
    private static let client = ("client_id", "lockbox-cli")

    private static func ask(
        _ api: APIWorld,
        _ form: [(String, String)],
        at endpoint: String = "POST /oauth2/token",
        headers: [HTTPField.Name: String] = [:]
    ) async throws -> Answer {
        try await api.ask(endpoint, [:], .form(form), headers: headers)
    }

    private static func code(_ api: APIWorld, _ scope: String? = nil) async throws
        -> [(String, String)]
    {
        let code = try await Logins(api.signIn).allow(
            LoginWish(device: "lockbox on laptop", scope: scope),
            callback,
            by: Fixture.gita,
            from: ClientKey(address: "192.0.2.1")
        )
        return [
            client, ("grant_type", "authorization_code"), ("code", code),
            ("code_verifier", verifier), ("redirect_uri", callback.address),
        ]
    }

    private static func refresh(_ token: String) -> [(String, String)] {
        [client, ("grant_type", "refresh_token"), ("refresh_token", token)]
    }

    private static func text(_ body: JSONValue, _ name: String) throws -> String {
        guard case .string(let text) = body[name] else { throw Missing(name: name) }
        return text
    }

    private struct Missing: Error { let name: String }

    /// Whoever shares an address with a guesser goes on.
    @Test func wrongGrantsHoldUpNoRightOne() async throws {
        try await APIWorld.with { api async throws in
            let right = try await Self.code(api)
            for _ in 0..<APILimits.failureBurst {
                #expect(try await Self.ask(api, Self.refresh("lbxr_none")).status == 400)
            }
            #expect(try await Self.ask(api, Self.refresh("lbxr_none")).status == 429)
            _ = try await Self.ask(api, right).json(200)
        }
    }

    @Test func codeGivesTokensThatFollowEachOther() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.ask(api, try await Self.code(api, "read decide"))
            let body = try answer.json(200)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(body["token_type"] == "Bearer" && body["expires_in"] == 900)
            #expect(body["scope"] == "read decide")
            let access = try Self.text(body, "access_token")
            let me = try await api.ask(
                "GET /v1/me",
                headers: [.authorization: "Bearer \(access)"]
            )
            #expect(try me.json(200)["email"] == "gita@contoso.test")
            let listed = try await api.ask("GET /v1/tokens", as: Fixture.gita).json(200)
            #expect(
                listed["items"].items.contains {
                    $0["login"] == true && $0["label"] == "lockbox on laptop"
                }
            )

            let first = try Self.text(body, "refresh_token")
            let next = try await Self.ask(api, Self.refresh(first)).json(200)
            #expect(try Self.text(next, "refresh_token") != first)
            let again = try await Self.ask(api, Self.refresh(first))
            #expect(again.status == 400 && again.text.contains("invalid_grant"))
            let last = try await Self.ask(
                api,
                Self.refresh(try Self.text(next, "refresh_token"))
            )
            #expect(last.status == 400 && last.text.contains("invalid_grant"))
        }
    }

    @Test func deviceWaitsUntilSomebodyHasAllowedIt() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.ask(
                api,
                [Self.client, ("device_name", "lockbox on server"), ("scope", "ask")],
                at: "POST /oauth2/device_authorization"
            )
            let body = try answer.json(200)
            #expect(answer.headers[.cacheControl] == "no-store")
            #expect(body["verification_uri"] == .string(APIWorld.publicURL + "/device"))
            #expect(body["expires_in"] == 600 && body["interval"] == 5)
            let poll = [
                Self.client, ("grant_type", Self.deviceGrant),
                ("device_code", try Self.text(body, "device_code")),
            ]
            for error in ["authorization_pending", "slow_down"] {
                let answer = try await Self.ask(api, poll)
                #expect(answer.status == 400)
                #expect(try answer.json(400)["error"] == .string(error))
            }
            try await Logins(api.signIn).answer(
                userCode: try Self.text(body, "user_code"),
                isAllowed: true,
                by: Fixture.gita,
                from: ClientKey(address: "192.0.2.1")
            )
            #expect(try await Self.ask(api, poll).json(200)["scope"] == "read ask")
            #expect(try await Self.ask(api, poll).json(400)["error"] == "invalid_grant")
        }
    }

    @Test func whatIsNoCommandLineOfOursOrAsksWronglyIsRefused() async throws {
        try await APIWorld.with { api async throws in
            let good = try await Self.code(api)
            func without(_ name: String) -> [(String, String)] { good.filter { $0.0 != name } }
            let device = "POST /oauth2/device_authorization"
            let basic = APIWorld.client()
            for (form, endpoint, headers, status, error) in [
                (without("client_id"), "POST /oauth2/token", [:], 401, "invalid_client"),
                (
                    without("client_id") + [("client_id", "dovecot")], "POST /oauth2/token", [:],
                    401, "invalid_client"
                ),
                (good + [("client_secret", "x")], "POST /oauth2/token", [:], 401, "invalid_client"),
                (good, "POST /oauth2/token", basic, 401, "invalid_client"),
                (without("code"), "POST /oauth2/token", [:], 400, "invalid_request"),
                (without("code_verifier"), "POST /oauth2/token", [:], 400, "invalid_request"),
                (without("redirect_uri"), "POST /oauth2/token", [:], 400, "invalid_request"),
                (without("grant_type"), "POST /oauth2/token", [:], 400, "invalid_request"),
                (good + [("code", "x")], "POST /oauth2/token", [:], 400, "invalid_request"),
                (
                    without("grant_type") + [("grant_type", "password")], "POST /oauth2/token",
                    [:], 400, "unsupported_grant_type"
                ),
                ([], device, [:], 401, "invalid_client"),
                ([Self.client, ("scope", "all")], device, [:], 400, "invalid_scope"),
                ([Self.client, ("device_name", "a\nb")], device, [:], 400, "invalid_request"),
            ] as [([(String, String)], String, [HTTPField.Name: String], Int, String)] {
                let answer = try await Self.ask(api, form, at: endpoint, headers: headers)
                #expect(answer.status == status, "\(error)")
                #expect(try answer.json(status)["error"] == .string(error))
            }
            // Nothing of it has used up the code.
            #expect(try await Self.ask(api, good).status == 200)
        }
    }

    @Test func commandLineEndsItsOwnSignIn() async throws {
        try await APIWorld.with { api async throws in
            let body = try await Self.ask(api, try await Self.code(api)).json(200)
            let refresh = try Self.text(body, "refresh_token")
            let revoke = "POST /oauth2/revoke"
            let foreign = try await Self.ask(api, [("token", refresh)], at: revoke)
            #expect(foreign.status == 401)
            let access = [
                HTTPField.Name.authorization: "Bearer \(try Self.text(body, "access_token"))"
            ]
            #expect(try await api.ask("GET /v1/me", headers: access).status == 200)
            for _ in 0..<2 {
                let ended = try await Self.ask(api, [Self.client, ("token", refresh)], at: revoke)
                #expect(ended.status == 200 && ended.bytes == [])
            }
            #expect(try await api.ask("GET /v1/me", headers: access).status == 401)
        }
    }

    @Test func tenantThatKeepsDecidingToThePortalGivesNoTokenForIt() async throws {
        try await APIWorld.with { api async throws in
            let form = try await Self.code(api, "decide")
            let policy = try await api.ask(
                "PUT /v1/tenants/{tenant}/policy",
                ["tenant": "contoso"],
                as: Fixture.gita,
                .json(Sample.policy),
                headers: [.ifMatch: "*"]
            )
            #expect(policy.status == 200)
            #expect(try await Self.ask(api, form).json(400)["error"] == "invalid_scope")
        }
    }

    /// Of listeners with one audience each, the people's has no exchange of credentials and the
    /// services' no tokens for command lines.
    @Test func eachListenerHasItsOwnGrants() async throws {
        try await APIWorld.with { api async throws in
            let grants = [
                "refresh_token": API.Audience.people,
                "urn:ietf:params:oauth:grant-type:token-exchange": .services,
            ]
            for (grant, audience) in grants {
                for listener in [API.Audience.people, .services] {
                    let head = HTTPRequest(
                        method: .post,
                        scheme: "https",
                        authority: "lockbox.example-cloud.test",
                        path: "/oauth2/token",
                        headerFields: [.contentType: "application/x-www-form-urlencoded"]
                    )
                    let answer = try await InProcess.ask(
                        api.api.responder(for: [listener]),
                        head,
                        Array(InProcess.form([Self.client, ("grant_type", grant)]).utf8),
                        from: "192.0.2.1"
                    ) { APIContext(source: $0) }
                    let isTaken =
                        try answer.json(answer.status)["error"] != "unsupported_grant_type"
                    #expect(isTaken == (listener == audience), "\(grant) at \(listener)")
                }
            }
        }
    }
}
