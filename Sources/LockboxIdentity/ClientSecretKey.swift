import Crypto
package import LockboxPorts

/// Seals the secrets of OpenID clients that a tenant's administrators type in, with a key that is
/// derived from the installation's secret (RFC 5869): a copy of the database opens none.
package struct ClientSecretKey: Sendable {
    private let key: SymmetricKey

    package init(seed: [UInt8]) {
        key = SymmetricKey(from: seed, for: "client secret")
    }

    /// AES-GCM (NIST SP 800-38D): nonce, what is sealed, tag.
    package func seal(_ secret: String, _ entropy: any Entropy) throws -> [UInt8] {
        let nonce = try AES.GCM.Nonce(data: entropy.bytes(12))
        let box = try AES.GCM.seal(Array(secret.utf8), using: key, nonce: nonce)
        return Array(nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Throws where it was sealed with another key, or is not what it was.
    package func open(_ sealed: [UInt8]) throws -> String {
        let box = try AES.GCM.SealedBox(combined: sealed)
        return String(decoding: try AES.GCM.open(box, using: key), as: UTF8.self)
    }
}
