import Crypto
import Foundation
import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import MerkleLog
import Synchronization
import Testing

/// A credential becomes a token that its service verifies alone (RFC 8693, RFC 9068).
struct TokenExchangeTests {
    private static let exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let accessToken = "urn:ietf:params:oauth:token-type:access_token"

    private static func form(_ secret: String) -> [(String, String)] {
        [
            ("grant_type", exchange), ("subject_token", secret),
            ("subject_token_type", accessToken),
        ]
    }

    private static func ask(
        _ api: APIWorld,
        _ form: [(String, String)],
        headers: [HTTPField.Name: String] = [:],
        from address: String = "192.0.2.1"
    ) async throws -> Answer {
        try await api.ask(
            "POST /oauth2/token",
            [:],
            .form(form),
            headers: headers,
            from: address
        )
    }

    private static func bytes(_ base64URL: Substring) throws -> Data {
        let padding = String(repeating: "=", count: (4 - base64URL.count % 4) % 4)
        let text = String(base64URL.replacing("-", with: "+").replacing("_", with: "/")) + padding
        return try #require(Data(base64Encoded: text))
    }

    private static func published(_ api: APIWorld) async throws -> [JSONValue] {
        let answer = try await api.ask("GET /.well-known/jwks.json")
        #expect(answer.headers[.cacheControl] == "public, max-age=3600")
        return try answer.json(200)["keys"].items
    }

    /// Header and claims of the token in `answer`, which one of the published keys must have signed.
    private static func verified(_ answer: Answer, _ api: APIWorld) async throws -> (
        header: JSONValue, claims: JSONValue
    ) {
        let body = try answer.json(200)
        #expect(answer.headers[.cacheControl] == "no-store")
        let parts = try #require(body["access_token"].text).split(separator: ".")
        try #require(parts.count == 3)
        let header = try JSONDecoder().decode(JSONValue.self, from: bytes(parts[0]))
        let claims = try JSONDecoder().decode(JSONValue.self, from: bytes(parts[1]))
        let key = try #require(try await published(api).first { $0["kid"] == header["kid"] })
        let point =
            try bytes(Substring(try #require(key["x"].text)))
            + bytes(Substring(try #require(key["y"].text)))
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: bytes(parts[2]))
        let isRight = try P256.Signing.PublicKey(rawRepresentation: point).isValidSignature(
            signature,
            for: Data("\(parts[0]).\(parts[1])".utf8)
        )
        #expect(isRight)
        return (header, claims)
    }

    @Test func tokenSaysWhatIntrospectionSaysAndIsGoodForAMinute() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            api.world.clock.advance(by: TimeSpan(milliseconds: 1999))
            let answer = try await Self.ask(api, Self.form(secret))
            let body = try answer.json(200)
            #expect(
                body.without("access_token") == [
                    "issued_token_type": .string(Self.accessToken), "token_type": "Bearer",
                    "expires_in": 59, "scope": "folder read",
                ]
            )
            let (header, claims) = try await Self.verified(answer, api)
            let key = try #require(api.keys.keys.first)
            #expect(
                header == ["alg": "ES256", "kid": .string(key.id), "typ": "at+jwt"]
            )
            let introspection = try await api.ask(
                "POST /oauth2/introspect",
                [:],
                .form([("token", secret)]),
                headers: APIWorld.client()
            ).json(200)
            let seconds = Fixture.now.secondsSinceEpoch
            var own = ["exp", "iat", "nbf", "jti", "client_id"]
            #expect(claims["exp"] == .integer(seconds + 61))
            #expect(claims["iat"] == .integer(seconds + 1))
            #expect(claims["nbf"] == .integer(seconds + 1))
            #expect(claims["client_id"] == "urn:lockbox:client:holder")
            #expect(claims["aud"] == "wiki")
            let name = try #require(claims["jti"].text)
            #expect(name.hasPrefix(try #require(introspection["jti"].text) + "."))
            own += ["active", "token_type"]
            #expect(
                own.reduce(claims) { $0.without($1) }
                    == own.reduce(introspection) { $0.without($1) }
            )
            #expect(try await api.world.activities(about: request.id).last == "access.used")
            let again = try await Self.verified(try await Self.ask(api, Self.form(secret)), api)
            #expect(again.claims["jti"].text != name)
        }
    }

    @Test func noTokenOutlivesTheAccess() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            let end = Fixture.now + .hours(2)
            for (before, seconds) in [(59_999, 59), (30_500, 30), (1000, 1)] as [(Int64, Int64)] {
                api.world.clock.move(to: end - TimeSpan(milliseconds: before))
                let answer = try await Self.ask(api, Self.form(secret))
                #expect(try answer.json(200)["expires_in"] == .integer(seconds))
                let (_, claims) = try await Self.verified(answer, api)
                #expect(claims["exp"] == .integer(end.secondsSinceEpoch))
            }
            for before in [999, 1, 0, -1] as [Int64] {
                api.world.clock.move(to: end - TimeSpan(milliseconds: before))
                let answer = try await Self.ask(api, Self.form(secret))
                try answer.expectOAuthError(400, "invalid_request")
            }
        }
    }

    @Test func noTokenIsGivenWhileTheTimeOfDayMayBeWrong() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            api.world.clock.step(by: .hours(1))
            let answer = try await Self.ask(api, Self.form(secret))
            try answer.expectOAuthError(503, "temporarily_unavailable")
        }
    }

    @Test func accessThatEndedGivesNoToken() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            let gone = try await api.ask(
                "POST /v1/requests/{id}/revoke",
                ["id": request.id.text],
                as: Fixture.adam,
                .json(["comment": "Enough."])
            )
            #expect(gone.status == 200, "\(gone.text)")
            let answer = try await Self.ask(api, Self.form(secret))
            try answer.expectOAuthError(400, "invalid_request")
        }
    }

    @Test func whatOneCannotVerifyAloneOrIsNotTheCredentialsIsNoTarget() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            for more in [
                [("audience", "mail")], [("audience", "Wiki")], [("audience", "nothing")],
                [("audience", "wiki"), ("audience", "mail")],
                [("audience", "wiki"), ("audience", "wiki")],
                [("resource", "https://wiki.example")],
            ] {
                let answer = try await Self.ask(api, Self.form(secret) + more)
                try answer.expectOAuthError(400, "invalid_target")
            }
            let right = try await Self.ask(api, Self.form(secret) + [("audience", "wiki")])
            #expect(right.status == 200)
            // Connections to mailboxes are cut at the end, and that is confirmed.
            let mail = try await api.world.credential(for: try await api.world.approved()).secret
            let answer = try await Self.ask(api, Self.form(mail) + [("audience", "mail")])
            try answer.expectOAuthError(400, "invalid_target")
        }
    }

    @Test func onlyWhatIsAskedForIsAllowed() async throws {
        try await APIWorld.withWiki("folder:plans", ["write"]) { api, _, secret async throws in
            for (asked, given) in [
                ("read", "folder read"), ("folder read", "folder read"),
                ("write", "folder read write"), ("folder read write", "folder read write"),
            ] {
                let answer = try await Self.ask(api, Self.form(secret) + [("scope", asked)])
                let (_, claims) = try await Self.verified(answer, api)
                #expect(claims["scope"] == .string(given))
                #expect(try answer.json(200)["scope"] == .string(given))
                let actions = given.split(separator: " ").dropFirst().map {
                    JSONValue.string("\($0)")
                }
                #expect(claims["authorization_details"][0]["actions"] == .array(actions))
                #expect(claims["access"] == actions.last)
            }
            for scope in ["folder", "admin", "read admin", "read read", "Read"] {
                let answer = try await Self.ask(api, Self.form(secret) + [("scope", scope)])
                try answer.expectOAuthError(400, "invalid_scope")
            }
        }
        try await APIWorld.withWiki { api, _, secret async throws in
            let answer = try await Self.ask(api, Self.form(secret) + [("scope", "write")])
            try answer.expectOAuthError(400, "invalid_scope")
        }
    }

    @Test func serviceMayExchangeItsOwnCredentialsAlone() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            let own = try await Self.ask(api, Self.form(secret), headers: APIWorld.client())
            let (_, claims) = try await Self.verified(own, api)
            #expect(claims["client_id"] == "wiki")
            let holder = [("client_id", "urn:lockbox:client:holder")]
            let named = try await Self.ask(api, Self.form(secret) + holder)
            #expect(named.status == 200)
            let other = try await Self.ask(
                api,
                Self.form(secret),
                headers: APIWorld.client("dovecot")
            )
            try other.expectOAuthError(400, "invalid_request")
            for (form, headers) in [
                ([], APIWorld.client("wiki", "wrong")), ([("client_id", "wiki")], [:]),
                (holder, APIWorld.client()), (holder + [("client_secret", "x")], [:]),
                ([], [.authorization: "Bearer \(secret)"]),
            ] as [([(String, String)], [HTTPField.Name: String])] {
                let answer = try await Self.ask(api, Self.form(secret) + form, headers: headers)
                try answer.expectOAuthError(401, "invalid_client")
            }
        }
    }

    @Test func requestThatIsNoExchangeOfACredentialIsRefused() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            func with(_ name: String, _ value: String?) -> [(String, String)] {
                Self.form(secret).filter { $0.0 != name } + (value.map { [(name, $0)] } ?? [])
            }
            for (form, error) in [
                ([], "invalid_request"), (with("grant_type", nil), "invalid_request"),
                (with("grant_type", "client_credentials"), "unsupported_grant_type"),
                (with("grant_type", "password"), "unsupported_grant_type"),
                (with("subject_token", nil), "invalid_request"),
                (with("subject_token", ""), "invalid_request"),
                (with("subject_token", secret + "0"), "invalid_request"),
                (with("subject_token_type", nil), "invalid_request"),
                (
                    with("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                    "invalid_request"
                ),
                (
                    with("requested_token_type", "urn:ietf:params:oauth:token-type:saml2"),
                    "invalid_request"
                ),
                (with("actor_token", "x"), "invalid_request"),
                (with("authorization_details", "[]"), "invalid_authorization_details"),
                (Self.form(secret) + [("subject_token", secret)], "invalid_request"),
                (Self.form(secret) + [("scope", "read"), ("scope", "read")], "invalid_request"),
            ] {
                let answer = try await Self.ask(api, form)
                try answer.expectOAuthError(400, .string(error))
                #expect(!answer.text.contains(secret))
            }
            let json = try await api.ask("POST /oauth2/token", [:], .json([:]))
            try json.expectOAuthError(400, "invalid_request")
        }
    }

    @Test func guessesOfOneAddressAreBounded() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            for _ in 0..<APILimits.failureBurst {
                _ = try await Self.ask(api, Self.form("x"))
            }
            let refused = try await Self.ask(api, Self.form("x"))
            try refused.expectOAuthError(429, "temporarily_unavailable")
            #expect(try await Self.ask(api, Self.form(secret)).status == 200)
        }
    }

    @Test func keyIsPublishedBeforeItSignsAndTheOneBeforeItStillIs() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            let next = TokenKey(P256.Signing.PrivateKey(), signsFrom: Fixture.now + .hours(1))
            api.keys.said.withLock { $0.append(next) }
            let ids = api.keys.keys.map { JSONValue.string($0.id) }
            #expect(try await Self.published(api).map { $0["kid"] } == ids)
            for member in try await Self.published(api) {
                #expect(member.members == ["alg", "crv", "kid", "kty", "use", "x", "y"])
            }
            api.world.clock.move(to: Fixture.now + TimeSpan(milliseconds: 3_599_999))
            var token = try await Self.verified(try await Self.ask(api, Self.form(secret)), api)
            #expect(token.header["kid"] == ids[0])
            api.world.clock.move(to: Fixture.now + .hours(1))
            token = try await Self.verified(try await Self.ask(api, Self.form(secret)), api)
            #expect(token.header["kid"] == ids[1])
            api.keys.said.withLock { $0 = [] }
            let none = try await Self.ask(api, Self.form(secret))
            try none.expectOAuthError(500, "server_error")
        }
    }

    /// Of the generator of the curve; worked out with another implementation.
    @Test func nameOfAKeyIsItsThumbprint() throws {
        let secret = [UInt8](repeating: 0, count: 31) + [1]
        let key = TokenKey(try .init(rawRepresentation: secret), signsFrom: Fixture.now)
        #expect(key.id == "xx0BcA-wMohw8atYDJOe6peGModklG2wRHBlXHMvl0M")
    }
}
