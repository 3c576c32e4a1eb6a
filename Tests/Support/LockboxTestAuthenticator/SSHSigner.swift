import Crypto
import MerkleLog

/// An SSH key that signs as `ssh-keygen -Y sign` does, and says whatever a test wants it to say.
package struct SSHSigner: Sendable {
    private let key = Curve25519.Signing.PrivateKey()
    package var namespace = "lockbox-approval"
    package var hash = "sha512"
    package var version: [UInt8] = [0, 0, 0, 1]
    package var reserved: [UInt8] = []
    /// What comes after the end.
    package var rest: [UInt8] = []

    package init() {}

    /// As in a `.pub` file.
    package var publicKey: String { "ssh-ed25519 \(Base64.encode(blob)) test" }

    private var blob: [UInt8] {
        Self.string(Array("ssh-ed25519".utf8)) + Self.string(Array(key.publicKey.rawRepresentation))
    }

    package func sign(_ message: String) throws -> [UInt8] {
        let digest = Array(SHA512.hash(data: Array(message.utf8)))
        let said =
            Self.string(Array(namespace.utf8)) + Self.string(reserved)
            + Self.string(Array(hash.utf8))
        let signature = try key.signature(
            for: Array("SSHSIG".utf8) + said + Self.string(digest)
        )
        return Array("SSHSIG".utf8) + version + Self.string(blob) + said
            + Self.string(
                Self.string(Array("ssh-ed25519".utf8)) + Self.string(Array(signature))
            ) + rest
    }

    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: bytes.count >> $0)
        } + bytes
    }
}
