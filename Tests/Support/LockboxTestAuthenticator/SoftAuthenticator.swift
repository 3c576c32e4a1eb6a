import Crypto
import CryptoExtras
import Foundation
import MerkleLog
package import WebAuthn

/// An authenticator and a browser in one: makes a passkey and answers with it, and says whatever a
/// test wants it to say.
package struct SoftAuthenticator: Sendable {
    /// Flags of WebAuthn §6.1.
    package enum Flag {
        package static let userPresent: UInt8 = 1
        package static let userVerified: UInt8 = 1 << 2
        package static let backupEligible: UInt8 = 1 << 3
        package static let backedUp: UInt8 = 1 << 4
        static let attested: UInt8 = 1 << 6
        package static let extensions: UInt8 = 1 << 7
    }

    private enum Key: Sendable {
        case es256(P256.Signing.PrivateKey)
        case edDSA(Curve25519.Signing.PrivateKey)
        case rs256(_RSA.Signing.PrivateKey)
    }

    // What it says, which tests change.
    package var origin: String
    package var party: String
    package var flags = Flag.userPresent | Flag.userVerified
    package var counter: UInt32 = 0
    package var credential: [UInt8]
    package var userHandle: [UInt8]?
    /// In place of the ceremony's own.
    package var type: String?
    /// More members of the client data, each with a comma before it.
    package var members = #","crossOrigin":false"#
    package var format = "none"
    package var statement: [UInt8] = [0xA0]
    /// Extensions in CBOR, with their flag.
    package var extensions: [UInt8] = []
    /// In place of the key's own.
    package var publicKey: [UInt8]
    private let key: Key

    package init(_ algorithm: PublicKey.Algorithm = .es256, at origin: String, party: String) throws
    {
        self.origin = origin
        self.party = party
        credential = (0..<32).map { _ in UInt8.random(in: 0...255) }
        switch algorithm {
        case .es256:
            let key = P256.Signing.PrivateKey()
            self.key = .es256(key)
            let point = Array(key.publicKey.x963Representation.dropFirst())
            publicKey =
                [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21] + Self.bytes(point[..<32])
                + [0x22] + Self.bytes(point[32...])
        case .edDSA:
            let key = Curve25519.Signing.PrivateKey()
            self.key = .edDSA(key)
            publicKey =
                [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21]
                + Self.bytes(key.publicKey.rawRepresentation)
        case .rs256:
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            self.key = .rs256(key)
            let numbers = try key.publicKey.getKeyPrimitives()
            publicKey =
                [0xA4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20] + Self.bytes(numbers.modulus)
                + [0x21] + Self.bytes(numbers.publicExponent)
        }
    }

    // MARK: - Answers

    /// The answer to options in JSON, as a browser sends it.
    package func register(_ options: String) throws -> String {
        let asked = try Options(options)
        return try registration(answering: asked.challenge).json
    }

    /// The answer to options in JSON. What it is called comes from the options of its making.
    package func use(_ options: String) throws -> String {
        try assertion(answering: try Options(options).challenge).json
    }

    /// What the options of its making want it to call its owner.
    package static func userHandle(in options: String) throws -> [UInt8] {
        try Options(options).userHandle
    }

    package func registration(answering challenge: [UInt8]) throws -> RegistrationResponse {
        let clientData = clientData("webauthn.create", challenge)
        let data = authenticatorData(withCredential: true)
        return RegistrationResponse(
            id: credential,
            clientData: clientData,
            attestation: attestation(data)
        )
    }

    /// The credential signs for itself.
    package func selfAttested(answering challenge: [UInt8]) throws -> RegistrationResponse {
        var signing = self
        signing.format = "packed"
        let clientData = clientData("webauthn.create", challenge)
        let data = authenticatorData(withCredential: true)
        let signature = try sign(data + SHA256.hash(data: clientData))
        signing.statement =
            [0xA2] + Self.text("alg") + algorithmNumber + Self.text("sig") + Self.bytes(signature)
        return RegistrationResponse(
            id: credential,
            clientData: clientData,
            attestation: signing.attestation(data)
        )
    }

    package func assertion(answering challenge: [UInt8]) throws -> AssertionResponse {
        let clientData = clientData("webauthn.get", challenge)
        return try assertion(clientData: clientData, authenticatorData(withCredential: false))
    }

    /// Signs these very bytes.
    package func assertion(clientData: [UInt8], _ data: [UInt8]? = nil) throws -> AssertionResponse
    {
        let data = data ?? authenticatorData(withCredential: false)
        return AssertionResponse(
            id: credential,
            clientData: clientData,
            authenticatorData: data,
            signature: try sign(data + SHA256.hash(data: clientData)),
            userHandle: userHandle
        )
    }

    package func clientData(_ purpose: String, _ challenge: [UInt8]) -> [UInt8] {
        let kind = type ?? purpose
        return Array(
            #"{"type":"\#(kind)","challenge":"\#(challenge.base64URL)","origin":"\#(origin)"\#(members)}"#
                .utf8
        )
    }

    package func authenticatorData(withCredential: Bool) -> [UInt8] {
        var said = Array(SHA256.hash(data: Array(party.utf8)))
        said.append(
            flags | (withCredential ? Flag.attested : 0)
                | (extensions.isEmpty ? 0 : Flag.extensions)
        )
        said += stride(from: 24, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: counter >> UInt32($0))
        }
        if withCredential {
            said += Array(repeating: 0, count: 16)
            said += [
                UInt8(truncatingIfNeeded: credential.count >> 8),
                UInt8(truncatingIfNeeded: credential.count),
            ]
            said += credential + publicKey
        }
        return said + extensions
    }

    private func attestation(_ data: [UInt8]) -> [UInt8] {
        [0xA3] + Self.text("fmt") + Self.text(format) + Self.text("attStmt") + statement
            + Self.text("authData") + Self.bytes(data)
    }

    private func sign(_ message: [UInt8]) throws -> [UInt8] {
        switch key {
        case .es256(let key): Array(try key.signature(for: message).derRepresentation)
        case .edDSA(let key): Array(try key.signature(for: message))
        case .rs256(let key):
            Array(
                try key.signature(
                    for: SHA256.hash(data: message),
                    padding: .insecurePKCS1v1_5
                ).rawRepresentation
            )
        }
    }

    private var algorithmNumber: [UInt8] {
        switch key {
        case .es256: [0x26]
        case .edDSA: [0x27]
        case .rs256: [0x39, 0x01, 0x00]
        }
    }

    // MARK: - CBOR

    package static func bytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
        head(0x40, bytes.count) + Array(bytes)
    }

    package static func text(_ text: String) -> [UInt8] {
        head(0x60, text.utf8.count) + Array(text.utf8)
    }

    private static func head(_ major: UInt8, _ count: Int) -> [UInt8] {
        switch count {
        case ..<24: [major | UInt8(count)]
        case ..<256: [major | 24, UInt8(count)]
        case _: [major | 25, UInt8(count >> 8), UInt8(count & 255)]
        }
    }
}

/// What of a browser's options an authenticator needs.
private struct Options: Decodable {
    private struct User: Decodable { let id: String }

    private let challengeText: String
    private let user: User?

    private enum CodingKeys: String, CodingKey {
        case challengeText = "challenge"
        case user
    }

    struct NotOptions: Error {}

    init(_ json: String) throws {
        self = try JSONDecoder().decode(Options.self, from: Data(json.utf8))
    }

    var challenge: [UInt8] { get throws { try Self.bytes(challengeText) } }
    var userHandle: [UInt8] { get throws { try Self.bytes(user?.id) } }

    private static func bytes(_ text: String?) throws -> [UInt8] {
        guard let text, let bytes = [UInt8](base64URL: text) else { throw NotOptions() }
        return bytes
    }
}

extension RegistrationResponse {
    /// As browsers write it.
    package var json: String {
        """
        {"id":"\(id.base64URL)","rawId":"\(id.base64URL)","type":"public-key","response":\
        {"clientDataJSON":"\(clientData.base64URL)","attestationObject":"\(attestation.base64URL)"}}
        """
    }
}

extension AssertionResponse {
    /// As browsers write it.
    package var json: String {
        let handle = userHandle.map { #","userHandle":"\#($0.base64URL)""# } ?? ""
        return """
            {"id":"\(id.base64URL)","rawId":"\(id.base64URL)","type":"public-key","response":\
            {"clientDataJSON":"\(clientData.base64URL)",\
            "authenticatorData":"\(authenticatorData.base64URL)",\
            "signature":"\(signature.base64URL)"\(handle)}}
            """
    }
}
