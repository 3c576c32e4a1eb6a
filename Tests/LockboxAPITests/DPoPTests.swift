import Crypto
import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import MerkleLog
import Testing

@testable import LockboxAPI

private let tooEarly = JSONValue.integer(Fixture.now.secondsSinceEpoch - 61)
private let tooLate = JSONValue.integer(Fixture.now.secondsSinceEpoch + 61)
private let tooLong = JSONValue.string(String(repeating: "j", count: 257))

/// A token can be bound to a key whose holder proves that she has it (RFC 9449).
struct DPoPTests {
    private static let target = APIWorld.publicURL + "/oauth2/token"
    private static let now = Fixture.now

    /// A proof, with whatever is wrong with it.
    private struct Draft {
        var key: any ProofKey = P256Key()
        var header: [String: JSONValue] = ["typ": "dpop+jwt"]
        var claims: [String: JSONValue] = [
            "htm": "POST", "htu": .string(DPoPTests.target), "jti": "one",
            "iat": .integer(DPoPTests.now.secondsSinceEpoch),
        ]

        func text() throws -> String {
            var header = header
            header["alg"] = header["alg"] ?? .string(key.algorithm)
            header["jwk"] = header["jwk"] ?? .object(key.members)
            let encoder = JSONEncoder()
            let signed =
                try encoder.encode(header).base64URL + "." + encoder.encode(claims).base64URL
            return try signed + "." + key.signature(Data(signed.utf8)).base64URL
        }
    }

    private static func proof(_ text: String) throws -> DPoPProof {
        try DPoPProof(text, to: target, now: now)
    }

    @Test func proofIsTakenAndNamesItsKey() throws {
        let keys: [any ProofKey] = [P256Key(), Ed25519Key(), Ed25519Key(algorithm: "EdDSA")]
        for key in keys {
            let proof = try Self.proof(try Draft(key: key).text())
            #expect(proof.id == "one")
            #expect(proof.thumbprint == key.thumbprint)
        }
    }

    /// Of RFC 8037, appendix A.3.
    @Test func thumbprintOfAnEdwardsKeyIsThatOfTheStandard() {
        #expect(
            Thumbprint.ofEd25519(x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
                == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        )
    }

    @Test(arguments: [
        "https://lockbox.example-cloud.test/oauth2/token?a=b#c",
        "HTTPS://LOCKBOX.example-cloud.test/oauth2/token",
        "https://lockbox.example-cloud.test:443/oauth2/token",
    ])
    func addressIsComparedAsAddressesAre(_ place: String) throws {
        var draft = Draft()
        draft.claims["htu"] = .string(place)
        _ = try Self.proof(try draft.text())
    }

    @Test(
        arguments: [
            ("htm", "GET"), ("htm", "post"), ("htm", nil), ("htm", 1),
            ("htu", nil), ("htu", ""), ("htu", "/oauth2/token"), ("htu", ["a"]),
            ("htu", "https://lockbox.example-cloud.test/oauth2/token/"),
            ("htu", "https://lockbox.example-cloud.test/oauth2/introspect"),
            ("htu", "http://lockbox.example-cloud.test/oauth2/token"),
            ("htu", "https://lockbox.example-cloud.test:8443/oauth2/token"),
            ("htu", "https://a@lockbox.example-cloud.test/oauth2/token"),
            ("htu", "https://other.test/oauth2/token"),
            ("htu", "https://lockbox.example-cloud.test/OAuth2/token"),
            ("jti", nil), ("jti", ""), ("jti", 1),
            ("jti", tooLong),
            ("iat", nil), ("iat", "now"), ("iat", 0), ("iat", -1), ("iat", .integer(.max)),
            ("iat", .integer(.min)), ("iat", tooEarly), ("iat", tooLate),
            ("ath", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"),
        ] as [(String, JSONValue?)]
    )
    func claimThatIsWrongOrMissingIsRefused(_ name: String, _ value: JSONValue?) throws {
        var draft = Draft()
        draft.claims[name] = value
        let text = try draft.text()
        #expect(throws: DPoPProof.Fault.self) { try Self.proof(text) }
    }

    @Test(arguments: [-60, 60] as [Int64])
    func clocksMayDifferByAMinute(_ seconds: Int64) throws {
        var draft = Draft()
        draft.claims["iat"] = .integer(Self.now.secondsSinceEpoch + seconds)
        _ = try Self.proof(try draft.text())
    }

    @Test(
        arguments: [
            ("typ", nil), ("typ", "JWT"), ("typ", "at+jwt"), ("alg", "none"), ("alg", "HS256"),
            ("alg", "RS256"), ("alg", "ES384"), ("alg", "EdDSA"), ("alg", "Ed25519"),
            ("alg", "es256"), ("alg", 1),
            ("crit", ["exp"]), ("crit", [] as JSONValue), ("alg", JSONValue.null),
            ("jwk", JSONValue.null), ("jwk", "x"), ("jwk", [:] as JSONValue),
            ("jwk", ["kty": "oct", "k": "AAAA"]),
        ] as [(String, JSONValue?)]
    )
    func headerThatIsWrongIsRefused(_ name: String, _ value: JSONValue?) throws {
        var draft = Draft()
        draft.header[name] = value
        let text = try draft.text()
        #expect(throws: DPoPProof.Fault.self) { try Self.proof(text) }
    }

    @Test func proofWithoutASignatureOrWithAnotherKeysIsRefused() throws {
        var draft = Draft()
        let whole = try draft.text()
        let parts = whole.split(separator: ".").map(String.init)
        draft.header["jwk"] = .object(P256Key().members)
        let others = try draft.text()
        draft.header["jwk"] = nil
        draft.claims["jti"] = "two"
        let moved = try draft.text().split(separator: ".").map(String.init)
        for text in [
            "", ".", "..", "a.b.c", parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".",
            whole + ".", whole + "=", whole + "A", " " + whole, whole + ", " + whole, others,
            parts[0] + "." + moved[1] + "." + parts[2],
            whole.replacing("-", with: "+") + String(repeating: "A", count: 4096),
        ] {
            #expect(throws: DPoPProof.Fault.self, "\(text)") { try Self.proof(text) }
        }
    }

    @Test func privateKeyOrOneThatIsNoneIsRefused() throws {
        for key in [P256Key(), Ed25519Key()] as [any ProofKey] {
            for (name, value) in [
                ("d", "AAAA"), ("k", "AAAA"), ("p", "AAAA"), ("kty", nil), ("kty", "RSA"),
                ("crv", nil),
                ("crv", "P-384"), ("crv", "X25519"), ("x", nil), ("x", "AAAA"),
                ("x", .string(String(repeating: "_", count: 43))),
            ] as [(String, JSONValue?)] {
                var draft = Draft(key: key)
                var members = key.members
                members[name] = value
                if key is Ed25519Key, name == "x", value?.text?.count == 43 { continue }
                draft.header["jwk"] = .object(members)
                let text = try draft.text()
                #expect(throws: DPoPProof.Fault.self, "\(name)") { try Self.proof(text) }
            }
        }
    }

    @Test func memberThatComesTwiceIsRefused() throws {
        let key = P256Key()
        let jwk = try JSONEncoder().encode(key.members)
        let header = Data(#"{"typ":"dpop+jwt","alg":"ES256","jwk":"#.utf8) + jwk + Data("}".utf8)
        let iat = Self.now.secondsSinceEpoch
        let claims = Data(
            #"{"htm":"GET","htm":"POST","htu":"\#(Self.target)","jti":"one","iat":\#(iat)}"#.utf8
        )
        let signed = header.base64URL + "." + claims.base64URL
        let text = try signed + "." + key.signature(Data(signed.utf8)).base64URL
        #expect(throws: DPoPProof.Fault.self) { try Self.proof(text) }
    }

    // MARK: - Once

    @Test func proofIsTakenOnceForAsLongAsItCouldBeShownAgain() throws {
        let (used, key) = (UsedProofs(), P256Key())
        let first = try Self.proof(try Draft(key: key).text())
        let others = try Self.proof(try Draft().text())
        var now = Self.now
        #expect(used.use(first, now: now) == .first)
        #expect(used.use(others, now: now) == .first)
        for _ in 1...120 {
            #expect(used.use(first, now: now) == .again)
            now = now + .seconds(1)
        }
        for _ in 1...2 { now = now + UsedProofs.span }
        #expect(used.use(first, now: now) == .first)
    }

    @Test func memoryIsBoundedAndForgetsNothingThatCouldBeShownAgain() throws {
        let used = UsedProofs(most: 2)
        let proofs = try (1...3).map { _ in try Self.proof(try Draft().text()) }
        #expect(proofs.map { used.use($0, now: Self.now) } == [.first, .first, .unknown])
        #expect(proofs.map { used.use($0, now: Self.now) } == [.again, .again, .unknown])
        #expect(used.use(proofs[2], now: Self.now + UsedProofs.span) == .first)
        #expect(used.use(proofs[0], now: Self.now + UsedProofs.span) == .again)
    }

    // MARK: - At the endpoint

    private static func form(_ secret: String) -> [(String, String)] {
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", secret),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ]
    }

    private static func ask(_ api: APIWorld, _ secret: String, _ proof: String) async throws
        -> Answer
    {
        try await api.ask(
            "POST /oauth2/token",
            [:],
            .form(form(secret)),
            headers: [try #require(.init("DPoP")): proof]
        )
    }

    @Test func tokenIsBoundToTheKeyOfTheProofWhichIsGoodOnce() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            let key = P256Key()
            let proof = try Draft(key: key).text()
            // What gives no token uses no proof up.
            let wrong = try await Self.ask(api, "lbc_wrong", proof)
            try wrong.expectOAuthError(400, "invalid_request")
            let body = try await Self.ask(api, secret, proof).json(200)
            #expect(body["token_type"] == "DPoP")
            let token = try #require(body["access_token"].text).split(separator: ".")
            let claims = try JSONDecoder().decode(
                JSONValue.self,
                from: try #require(Data(base64URL: token[1]))
            )
            #expect(claims["cnf"] == ["jkt": .string(key.thumbprint)])
            let again = try await Self.ask(api, secret, proof)
            try again.expectOAuthError(400, "invalid_dpop_proof")
            var fields: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
            for _ in 1...2 {
                fields.append(
                    HTTPField(name: try #require(.init("DPoP")), value: try Draft().text())
                )
            }
            let twice = try await api.send(
                .post,
                "/oauth2/token",
                fields,
                Array(InProcess.form(Self.form(secret)).utf8),
                from: "192.0.2.1"
            )
            try twice.expectOAuthError(400, "invalid_dpop_proof")
            for bad in ["", "eyJ", try Draft(claims: [:]).text()] {
                let answer = try await Self.ask(api, secret, bad)
                try answer.expectOAuthError(400, "invalid_dpop_proof")
            }
        }
    }

    @Test func metadataSaysWhichProofsAreVerified() async throws {
        try await APIWorld.with { api in
            let metadata = try await api.ask("GET /.well-known/oauth-authorization-server").json(
                200
            )
            #expect(metadata["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519", "EdDSA"])
        }
    }
}

private protocol ProofKey {
    var algorithm: String { get }
    var members: [String: JSONValue] { get }
    var thumbprint: String { get }
    func signature(_ signed: Data) throws -> Data
}

private struct P256Key: ProofKey {
    private let key = P256.Signing.PrivateKey()
    let algorithm = "ES256"

    private var x: String { key.publicKey.rawRepresentation.prefix(32).base64URL }
    private var y: String { key.publicKey.rawRepresentation.suffix(32).base64URL }
    var members: [String: JSONValue] {
        ["kty": "EC", "crv": "P-256", "x": .string(x), "y": .string(y)]
    }
    var thumbprint: String { Thumbprint.ofP256(x: x, y: y) }

    func signature(_ signed: Data) throws -> Data {
        try key.signature(for: signed).rawRepresentation
    }
}

private struct Ed25519Key: ProofKey {
    private let key = Curve25519.Signing.PrivateKey()
    let algorithm: String

    init(algorithm: String = "Ed25519") { self.algorithm = algorithm }

    private var x: String { key.publicKey.rawRepresentation.base64URL }
    var members: [String: JSONValue] { ["kty": "OKP", "crv": "Ed25519", "x": .string(x)] }
    var thumbprint: String { Thumbprint.ofEd25519(x: x) }

    func signature(_ signed: Data) throws -> Data { try key.signature(for: signed) }
}
