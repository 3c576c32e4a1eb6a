import LockboxDomain
import LockboxFixtures
import LockboxOIDC
import LockboxTestProvider
import LockboxWire
import Testing

/// What a provider sends by itself when somebody signs out there.
@Suite struct LogoutTokenTests {
    private static let event = "http://schemas.openid.net/event/backchannel-logout"
    private static let now = Fixture.now.secondsSinceEpoch

    private static func claims(_ changes: [String: JSONValue] = [:]) -> [String: JSONValue] {
        let claims: [String: JSONValue] = [
            "iss": .string(TestProvider.issuer), "aud": "lock box", "iat": .integer(now),
            "exp": .integer(now + 120), "jti": "1", "sub": "adam-1", "sid": "session-1",
            "events": .object([event: .object([:])]),
        ]
        return claims.merging(changes) { $1 }
    }

    private func verified(_ claims: [String: JSONValue], header: [String: JSONValue] = [:])
        async throws -> LogoutToken
    {
        let stage = Stage()
        stage.provider.say(claims, header: header)
        let sent = try SentLogoutToken(try stage.provider.signed())
        return try await stage.client.verify(sent, from: stage.settings)
    }

    @Test func goodTokenSaysWhatIsOver() async throws {
        let token = try await verified(Self.claims())
        #expect(token.issuer == TestProvider.issuer)
        #expect(token.subject == "adam-1")
        #expect(token.session == "session-1")
        #expect(token.before == Fixture.now + .seconds(60))
        #expect(try await verified(Self.claims(["sid": .null])).session == nil)
        #expect(try await verified(Self.claims(["sub": .null])).subject == nil)
        #expect(try await verified(Self.claims(["exp": .null])).subject == "adam-1")
        #expect(try await verified(Self.claims(), header: ["typ": "logout+jwt"]).session != nil)
    }

    static let wrong: [[String: JSONValue]] = [
        ["iss": "https://login.other.test"], ["aud": "other"], ["aud": .array(["lock box", "b"])],
        ["aud": .null], ["iat": .null], ["iat": "now"], ["iat": .integer(now + 61)],
        ["iat": .integer(now - 600)], ["exp": .integer(now - 60)], ["exp": "soon"],
        ["sub": .null, "sid": .null], ["sub": ""], ["sid": ""], ["sub": .integer(1)],
        ["sub": .string(String(repeating: "a", count: 256))],
        // An ID token is none.
        ["nonce": "n"], ["events": .null], ["events": .object([:])], ["events": .array([])],
        ["events": .object(["http://schemas.openid.net/event/other": .object([:])])],
        ["events": .object([event: "yes"])],
    ]

    @Test(arguments: wrong.indices) func tokenWithAWrongClaimIsRefused(_ index: Int) async {
        await #expect(throws: ProviderFault.self) {
            _ = try await verified(Self.claims(Self.wrong[index]))
        }
    }

    @Test(
        arguments: [["alg": "none"], ["alg": "HS256"], ["crit": ["b64"]]] as [[String: JSONValue]]
    )
    func algorithmThatDoesNotCountIsRefused(_ header: [String: JSONValue]) async {
        await #expect(throws: ProviderFault.self) {
            _ = try await verified(Self.claims(), header: header)
        }
    }

    @Test func tokenOfAnotherKeyIsRefused() async throws {
        let (stage, other) = (Stage(), TestProvider())
        other.say(Self.claims())
        let sent = try SentLogoutToken(try other.signed())
        await #expect(throws: ProviderFault.self) {
            _ = try await stage.client.verify(sent, from: stage.settings)
        }
        for text in ["", "a.b.c", "e30.e30.e30", String(repeating: "a", count: 70_000)] {
            #expect(throws: ProviderFault.self) { _ = try SentLogoutToken(text) }
        }
    }
}
