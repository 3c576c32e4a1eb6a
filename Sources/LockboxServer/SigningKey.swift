import Foundation
package import LockboxPorts
import MerkleLog

/// The Ed25519 seed that signs checkpoints: 32 bytes in hexadecimal, in a file that only the server
/// may read.
package enum SigningKey {
    /// Reads the seed; makes one if there is no file, which only a database may need that has signed
    /// nothing yet.
    package static func load(_ path: String, entropy: any Entropy) throws -> [UInt8] {
        if !FileManager.default.fileExists(atPath: path) {
            try FileManager.default.createDirectory(
                atPath: URL(filePath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let seed = entropy.bytes(32)
            try SecretFile.make(
                path,
                text: Hex.encode(seed) + "\n",
                draft: path + "." + Hex.encode(entropy.bytes(8)),
                for: "signing.keyFile"
            )
        }
        let text = try SecretFile.read(path, for: "signing.keyFile")
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, text.utf8.count == 64 else {
            throw ConfigurationError("signing.keyFile: \(path) must hold 64 hexadecimal digits")
        }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
