package import Crypto
import Foundation
package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// The keys of tokens that services verify alone.
package protocol TokenKeys: Sendable {
    /// All whose tokens may be good, or will be, in the order in which they sign.
    var keys: [TokenKey] { get }
}

/// A key that signs access tokens: ECDSA on P-256 with SHA-256 (ES256, RFC 7518 §3.4).
package struct TokenKey: Sendable {
    /// It is published before.
    package let signsFrom: Timestamp
    /// Its thumbprint (RFC 7638).
    package let id: String
    private let key: P256.Signing.PrivateKey

    package init(_ key: P256.Signing.PrivateKey, signsFrom: Timestamp) {
        self.key = key
        self.signsFrom = signsFrom
        let (x, y) = Self.coordinates(of: key)
        id = Thumbprint.ofP256(x: x, y: y)
    }

    /// A JSON Web Token with these claims. `type` says what it is for, so that none is taken for
    /// another (RFC 8725 §3.11).
    fileprivate func token(of claims: some Encodable, type: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let signed = "\(try header(type)).\(try encoder.encode(claims).base64URL)"
        let signature = try key.signature(for: Data(signed.utf8))
        return "\(signed).\(signature.rawRepresentation.base64URL)"
    }

    /// The claims of a token that this key signed as `type`; nil of any other text. Nothing of it is
    /// read before its signature is found right.
    fileprivate func claims(of token: [UInt8], type: String) throws -> Data? {
        let dot = UInt8(ascii: ".")
        let head = Array(try header(type).utf8) + [dot]
        guard token.starts(with: head), let end = token.lastIndex(of: dot), end > head.count,
            let claims = Data(base64URL: String(decoding: token[head.count..<end], as: UTF8.self)),
            let raw = Data(base64URL: String(decoding: token[(end + 1)...], as: UTF8.self)),
            raw.count == Self.signatureBytes
        else { return nil }
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw)
        let isGood = key.publicKey.isValidSignature(signature, for: Data(token[..<end]))
        return isGood ? claims : nil
    }

    private func header(_ type: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(["alg": Self.algorithm, "kid": id, "typ": type]).base64URL
    }

    /// What verifiers need of it (RFC 7517 §4, RFC 7518 §6.2).
    fileprivate var published: [String: String] {
        let (x, y) = Self.coordinates(of: key)
        return [
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": id, "use": "sig",
            "alg": Self.algorithm,
        ]
    }

    private static let algorithm = "ES256"
    /// Of the two numbers, one after the other (RFC 7518 §3.4).
    private static let signatureBytes = 64

    /// Of the public key, which is the two one after the other.
    private static func coordinates(of key: P256.Signing.PrivateKey) -> (x: String, y: String) {
        let point = key.publicKey.rawRepresentation
        return (point.prefix(32).base64URL, point.suffix(32).base64URL)
    }
}

/// Makes tokens that services verify alone, and says with what.
package struct AccessTokens: Sendable {
    /// How long a token is good at most: what services that ask nobody may lag behind.
    package static let lifetime = TimeSpan.seconds(60)

    /// No key may sign now.
    struct NoKey: Error {}

    private let keys: any TokenKeys
    private let entropy: any Entropy

    package init(_ keys: any TokenKeys, entropy: any Entropy) {
        self.keys = keys
        self.entropy = entropy
    }

    /// The JSON Web Key Set (RFC 7517 §5).
    var published: [String: [[String: String]]] { ["keys": keys.keys.map(\.published)] }

    /// A token with `claims`, and for how many seconds it is good: until `end`, and not longer than
    /// `lifetime`. Nil where that is no whole second any more. Whole seconds are rounded so that
    /// none is longer.
    func token(of claims: CredentialClaims, until end: Timestamp, now: Timestamp) throws -> (
        text: String, seconds: Int64
    )? {
        let last = min(now + Self.lifetime, end).secondsSinceEpoch
        let left = Timestamp(milliseconds: last * 1000) - now
        guard left >= .seconds(1) else { return nil }
        let claims = claims.token(newName(), from: now.secondsSinceEpoch, until: last)
        return (try sign(claims, as: "at+jwt", now: now), left.milliseconds / 1000)
    }

    /// A name for something signed that no other has.
    func newName() -> String { Data(entropy.bytes(10)).base64URL }

    /// A token with `claims` under the key that signs now.
    package func sign(_ claims: some Encodable, as type: String, now: Timestamp) throws -> String {
        guard let key = keys.keys.last(where: { $0.signsFrom <= now }) else { throw NoKey() }
        return try key.token(of: claims, type: type)
    }

    /// The claims of a token that was signed here as `type`; nil of any other text.
    func read<Claims: Decodable>(_: Claims.Type, of token: String, as type: String) throws
        -> Claims?
    {
        guard token.utf8.count <= APILimits.signedTokenBytes else { return nil }
        let bytes = Array(token.utf8)
        for key in keys.keys {
            guard let claims = try key.claims(of: bytes, type: type) else { continue }
            return try JSONDecoder().decode(Claims.self, from: claims)
        }
        return nil
    }
}
