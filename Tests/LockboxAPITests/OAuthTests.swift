import Foundation
import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What a service asks about a credential (RFC 7662), and gives back (RFC 7009).
struct OAuthTests {
    private static let introspect = "POST /oauth2/introspect"
    private static let revoke = "POST /oauth2/revoke"

    private static func basic(_ id: String, _ secret: String) -> [HTTPField.Name: String] {
        let pair = InProcess.percentEncoded(id) + ":" + InProcess.percentEncoded(secret)
        return [.authorization: "Basic " + Data(pair.utf8).base64EncodedString()]
    }

    private static func ask(
        _ api: APIWorld,
        _ operation: String,
        _ form: [(String, String)],
        headers: [HTTPField.Name: String] = basic("dovecot", APIWorld.clientSecret),
        from address: String = "192.0.2.1"
    ) async throws -> Answer {
        try await api.ask(operation, [:], .form(form), headers: headers, from: address)
    }

    @Test func activeCredentialIsDescribed() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let issued = try await api.world.credential(for: request)
            let grant = try #require(request.state.grant)
            let answer = try await Self.ask(api, Self.introspect, [("token", issued.secret)])
            let body = try answer.json(200)
            let seconds = Fixture.now.secondsSinceEpoch
            #expect(
                body == [
                    "active": true, "iss": .string(APIWorld.publicURL),
                    "sub": .string(Fixture.eve.id.text), "aud": "mail",
                    "username": .string(issued.credential.username), "scope": "imap read",
                    "client_id": "dovecot", "token_type": "Bearer",
                    "exp": .integer(seconds + 7200), "iat": .integer(seconds),
                    "nbf": .integer(seconds), "jti": .string(issued.credential.id.text),
                    "tenant": "contoso", "request": .string(request.id.text),
                    "grant": .string(grant.id.text), "resource": "mailbox:sue@contoso.test",
                    "name": "sue@contoso.test", "mailbox": "sue@contoso.test", "access": "read",
                    "authorization_details": [
                        [
                            "type": .string(APIWorld.publicURL + "/rar/lockbox-grant"),
                            "identifier": .string(grant.id.text), "tenant": "contoso",
                            "actions": ["read"], "not_after": instant(.hours(2)),
                        ]
                    ],
                ]
            )
            #expect(answer.headers[.cacheControl] == "no-store")
            let activities = try await api.world.activities(about: request.id)
            #expect(activities.last == "access.used")
        }
    }

    @Test func everythingElseIsNotActiveAndSaysNothingMore() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let secret = try await api.world.credential(for: request).secret
            let inactive = Array(#"{"active":false}"#.utf8)
            for token in [
                "x", "lbc_" + String(repeating: "0", count: 64), secret + "0",
                secret.uppercased(), String(secret.dropLast()),
            ] {
                let answer = try await Self.ask(api, Self.introspect, [("token", token)])
                #expect(answer.status == 200)
                #expect(answer.bytes == inactive, "\(token)")
            }
            // Another service's.
            let other = try await Self.ask(
                api,
                Self.introspect,
                [("token", secret)],
                headers: Self.basic("wiki", APIWorld.clientSecret)
            )
            #expect(other.bytes == inactive)
            // At its end, to the millisecond.
            api.world.clock.advance(by: .hours(2))
            let late = try await Self.ask(api, Self.introspect, [("token", secret)])
            #expect(late.bytes == inactive)
            api.world.clock.move(to: Fixture.now + TimeSpan(milliseconds: 7_199_999))
            let justBefore = try await Self.ask(api, Self.introspect, [("token", secret)])
            #expect(try justBefore.json(200)["active"] == true)
        }
    }

    @Test func clientShowsItsSecretInTheHeaderOrInTheForm() async throws {
        try await APIWorld.with { api async throws in
            let secret = APIWorld.clientSecret
            for (form, headers) in [
                ([("client_id", "dovecot"), ("client_secret", secret)], [:]),
                // As Dovecot 2.3 sends it.
                (
                    [("client_id", "dovecot"), ("client_secret", "")],
                    Self.basic("dovecot", secret)
                ),
                ([], Self.basic("dovecot", secret)),
            ] as [([(String, String)], [HTTPField.Name: String])] {
                let answer = try await Self.ask(
                    api,
                    Self.introspect,
                    form + [("token", "x")],
                    headers: headers
                )
                #expect(answer.status == 200, "\(answer.text)")
            }
        }
    }

    @Test(arguments: [introspect, revoke])
    func clientThatIsNotKnownIsRefused(_ operation: String) async throws {
        try await APIWorld.with { api async throws in
            for headers in [
                [:], Self.basic("dovecot", "wrong"), Self.basic("nobody", APIWorld.clientSecret),
                [.authorization: "Basic !"], [.authorization: "Bearer x"],
                [.authorization: "Basic " + Data("dovecot".utf8).base64EncodedString()],
            ] as [[HTTPField.Name: String]] {
                let answer = try await Self.ask(api, operation, [("token", "x")], headers: headers)
                try answer.expectOAuthError(401, "invalid_client")
            }
            // The header speaks for another client than the form.
            let two = try await Self.ask(
                api,
                operation,
                [("token", "x"), ("client_id", "wiki")]
            )
            try two.expectOAuthError(401, "invalid_client")
        }
    }

    @Test(arguments: [introspect, revoke])
    func formThatIsNoneIsRefused(_ operation: String) async throws {
        try await APIWorld.with { api async throws in
            let headers = Self.basic("dovecot", APIWorld.clientSecret)
            for form in [[], [("token", "")], [("token", "x"), ("token", "x")]] {
                let answer = try await Self.ask(api, operation, form, headers: headers)
                try answer.expectOAuthError(400, "invalid_request")
            }
            let both = try await Self.ask(
                api,
                operation,
                [("token", "x"), ("client_secret", APIWorld.clientSecret)],
                headers: headers
            )
            try both.expectOAuthError(400, "invalid_request")
            for (body, type) in [
                ("token=%", "application/x-www-form-urlencoded"),
                ("{\"token\": \"x\"}", "application/json"), ("token=x", ""),
            ] {
                let answer = try await api.ask(
                    operation,
                    [:],
                    .raw(body),
                    headers: headers.merging([.contentType: type]) { $1 }
                )
                try answer.expectOAuthError(400, "invalid_request")
            }
        }
    }

    @Test(arguments: [introspect, revoke])
    func wrongSecretsOfOneAddressAreBounded(_ operation: String) async throws {
        try await APIWorld.with { api async throws in
            for _ in 0..<APILimits.failureBurst {
                _ = try await Self.ask(api, operation, [("token", "x")], headers: [:])
            }
            let refused = try await Self.ask(api, operation, [("token", "x")], headers: [:])
            try refused.expectOAuthError(429, "temporarily_unavailable")
            #expect(refused.headers[.retryAfter] == "1")
            // The right secret is never held up by that.
            let right = try await Self.ask(api, operation, [("token", "x")])
            #expect(right.status == 200)
        }
    }

    @Test func credentialThatIsGivenBackEndsItsAccess() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let secret = try await api.world.credential(for: request).secret
            // Another service's token is as good as an unknown one.
            for (client, token) in [("wiki", secret), ("dovecot", "x")] {
                let answer = try await Self.ask(
                    api,
                    Self.revoke,
                    [("token", token)],
                    headers: Self.basic(client, APIWorld.clientSecret)
                )
                #expect(answer.status == 200)
                #expect(answer.bytes == [])
            }
            #expect(try await api.world.stored(request.id).state.name == .active)
            let answer = try await Self.ask(
                api,
                Self.revoke,
                [("token", secret), ("token_type_hint", "access_token")]
            )
            #expect(answer.status == 200)
            #expect(answer.bytes == [])
            let ended = try await api.world.stored(request.id)
            #expect(ended.state.ending?.reason == .finished)
            let after = try await Self.ask(api, Self.introspect, [("token", secret)])
            #expect(after.text == #"{"active":false}"#)
            let again = try await Self.ask(api, Self.revoke, [("token", secret)])
            #expect(again.status == 200)
        }
    }

    @Test func metadataSaysWhereTheEndpointsAre() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask("GET /.well-known/oauth-authorization-server")
            let here = APIWorld.publicURL
            let methods: JSONValue = ["client_secret_basic", "client_secret_post"]
            #expect(
                try answer.json(200) == [
                    "issuer": .string(here),
                    "authorization_endpoint": .string(here + "/oauth2/authorize"),
                    "device_authorization_endpoint": .string(here + "/oauth2/device_authorization"),
                    "authorization_response_iss_parameter_supported": true,
                    "code_challenge_methods_supported": ["S256"],
                    "response_modes_supported": ["query"],
                    "scopes_supported": ["read", "ask", "decide", "administer"],
                    "token_endpoint": .string(here + "/oauth2/token"),
                    "token_endpoint_auth_methods_supported": [
                        "none", "client_secret_basic", "client_secret_post",
                    ],
                    "jwks_uri": .string(here + "/.well-known/jwks.json"),
                    "introspection_endpoint": .string(here + "/oauth2/introspect"),
                    "introspection_endpoint_auth_methods_supported": methods,
                    "revocation_endpoint": .string(here + "/oauth2/revoke"),
                    "revocation_endpoint_auth_methods_supported": [
                        "none", "client_secret_basic", "client_secret_post",
                    ],
                    "response_types_supported": ["code"],
                    "grant_types_supported": [
                        "authorization_code", "refresh_token",
                        "urn:ietf:params:oauth:grant-type:device_code",
                        "urn:lockbox:grant-type:access-request",
                        "urn:ietf:params:oauth:grant-type:token-exchange",
                    ],
                    "authorization_details_types_supported": [
                        .string(here + "/rar/lockbox-grant")
                    ],
                    "dpop_signing_alg_values_supported": ["ES256", "Ed25519", "EdDSA"],
                    "service_documentation": .string(here + "/openapi.json"),
                ]
            )
            #expect(answer.headers[.cacheControl] == "public, max-age=3600")
        }
    }
}
