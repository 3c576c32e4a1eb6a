package import Crypto
import Foundation
package import LockboxDomain
package import LockboxPorts

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
        let header = try encoder.encode(["alg": Self.algorithm, "kid": id, "typ": type])
        let signed = "\(header.base64URL).\(try encoder.encode(claims).base64URL)"
        let signature = try key.signature(for: Data(signed.utf8))
        return "\(signed).\(signature.rawRepresentation.base64URL)"
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
        let name = Data(entropy.bytes(10)).base64URL
        let claims = claims.token(name, from: now.secondsSinceEpoch, until: last)
        return (try sign(claims, as: "at+jwt", now: now), left.milliseconds / 1000)
    }

    /// A token with `claims` under the key that signs now.
    func sign(_ claims: some Encodable, as type: String, now: Timestamp) throws -> String {
        guard let key = keys.keys.last(where: { $0.signsFrom <= now }) else { throw NoKey() }
        return try key.token(of: claims, type: type)
    }
}
