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
            try make(path, seed: seed, draft: path + "." + Hex.encode(entropy.bytes(8)))
        }
        let text = try SecretFile.read(path, for: "signing.keyFile")
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, text.utf8.count == 64 else {
            throw ConfigurationError("signing.keyFile: \(path) must hold 64 hexadecimal digits")
        }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The file appears whole, on the disk and closed to others, or not at all. Should another
    /// process have made one meanwhile, that one stays: both must sign with the same key.
    private static func make(_ path: String, seed: [UInt8], draft: String)
        throws(ConfigurationError)
    {
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else {
            throw ConfigurationError("signing.keyFile: \(path) cannot be written")
        }
        defer { unlink(draft) }
        let text = Hex.encode(seed) + "\n"
        let isWritten = write(file, text, text.utf8.count) == text.utf8.count && fsync(file) == 0
        guard close(file) == 0, isWritten, link(draft, path) == 0 || errno == EEXIST else {
            throw ConfigurationError("signing.keyFile: \(path) cannot be written")
        }
    }
}
