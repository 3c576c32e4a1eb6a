import Foundation
import LockboxPorts

/// The Ed25519 seed that signs checkpoints: 32 bytes in hexadecimal, in a file that only the server may read.
enum SigningKey {
    /// Reads the seed; makes one if there is no file.
    static func load(_ path: String, entropy: any Entropy) throws -> [UInt8] {
        if !FileManager.default.fileExists(atPath: path) {
            let text = entropy.bytes(32).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
            try FileManager.default.createDirectory(
                atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            guard
                FileManager.default.createFile(
                    atPath: path, contents: Data((text + "\n").utf8), attributes: [.posixPermissions: 0o600])
            else { throw ConfigurationError("signing.keyFile: \(path) cannot be written") }
        }
        let text = try SecretFile.read(path, for: "signing.keyFile")
        let digits = Array(text.utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw ConfigurationError("signing.keyFile: \(path) must hold 64 hexadecimal digits")
        }
        return bytes
    }
}
