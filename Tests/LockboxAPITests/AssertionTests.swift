import Foundation
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxWire
import Testing

/// What a gateway says of who asks.
struct AssertionTests {
    private let tokens = AccessTokens(ScriptedKeys(), entropy: SeededEntropy())

    private func credential() throws -> Credential {
        Fixture.credential(of: try #require(try Fixture.history(to: .active).last))
    }

    private func parts(_ token: String) throws -> [JSONValue] {
        try token.split(separator: ".").prefix(2).map { part in
            let text = part.replacing("-", with: "+").replacing("_", with: "/")
            let padding = String(repeating: "=", count: (4 - text.count % 4) % 4)
            let bytes = try #require(Data(base64Encoded: text + padding))
            return try JSONDecoder().decode(JSONValue.self, from: bytes)
        }
    }

    @Test func assertionNamesTheServiceAndIsNoAccessToken() throws {
        let credential = try credential()
        let made = try #require(
            try tokens.assertion(of: credential, issuer: "https://i", now: Fixture.now)
        )
        let read = try parts(made.text)
        #expect(read[0]["typ"] == .string("lockbox-assertion+jwt"))
        #expect(read[1]["aud"] == .string(credential.resource.service.text))
        #expect(read[1]["iss"] == .string("https://i"))
        #expect(read[1]["client_id"].text == nil && read[1]["jti"].text == nil)
    }

    @Test func assertionIsGoodForAMinuteAndNeverAfterTheAccess() throws {
        let credential = try credential()
        for (before, seconds) in [(3_600_000, 60), (60_000, 60), (1500, 1), (1000, 1)]
            as [(Int64, Int64)]
        {
            let now = credential.expiresAt - TimeSpan(milliseconds: before)
            let made = try #require(
                try tokens.assertion(of: credential, issuer: "https://i", now: now)
            )
            #expect(made.end <= credential.expiresAt && made.end - now <= .seconds(60))
            let claims = try parts(made.text)[1]
            #expect(claims["exp"] == .integer(made.end.secondsSinceEpoch))
            #expect((made.end - now).milliseconds / 1000 == seconds)
        }
        for before in [999, 1, 0, -1] as [Int64] {
            let now = credential.expiresAt - TimeSpan(milliseconds: before)
            #expect(try tokens.assertion(of: credential, issuer: "https://i", now: now) == nil)
        }
    }
}
