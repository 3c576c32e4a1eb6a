import Crypto
import LockboxPorts
import MerkleLog

/// Signs with one Ed25519 seed.
package struct Ed25519CheckpointSigner: CheckpointSigner {
    private let key: Curve25519.Signing.PrivateKey

    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// `seed` is 32 bytes (RFC 8032 §5.1.5) from outside the database.
    package init(seed: [UInt8]) throws {
        guard seed.count == 32 else { throw NoteError.malformedKey }
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    }

    package func signature(of text: String) throws -> [UInt8] {
        Array(try key.signature(for: Array(text.utf8)))
    }
}
