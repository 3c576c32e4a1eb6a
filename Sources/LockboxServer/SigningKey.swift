import Foundation
import LockboxAudit
package import LockboxPorts
import MerkleLog

/// 32 bytes in hexadecimal, in a file that only its owner may read: the Ed25519 seed that signs
/// checkpoints, or the secret that other keys of the server are derived from.
package enum SigningKey {
    /// Reads what is in the file, which `place` named. There is never another one made in its place:
    /// it would sign another history.
    package static func load(
        _ path: String,
        for place: String = "signing.keyFile"
    ) throws(ConfigurationError) -> [UInt8] {
        let text = try SecretFile.read(path, for: place, mustBeOwners: true)
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, text.utf8.count == 64 else {
            throw ConfigurationError("\(place): \(path) must hold 64 hexadecimal digits")
        }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Makes the file with `bytes`, durably and whole, and its folder. One that is there stays.
    package static func make(
        _ path: String,
        _ bytes: [UInt8],
        for place: String = "signing.keyFile"
    ) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: URL(filePath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw ConfigurationError("\(place): the folder of \(path) cannot be made")
        }
        try SecretFile.make(
            path,
            text: Hex.encode(bytes) + "\n",
            draft: "\(path).\(getpid())",
            for: place
        )
        try DurableFile.sync(folderOf: path)
    }
}

extension Configuration {
    /// The newest head of each log, beside the key that signs them.
    package var signedHeadsFile: String { signingKeyFile + ".heads" }

    /// What all keys but the logs' are derived from, beside the logs' key. Installations from before
    /// it have none, and derive them from that key.
    package var serverSecretFile: String {
        URL(filePath: signingKeyFile).deletingLastPathComponent().appending(path: "server.secret")
            .path
    }

    /// What signs the logs.
    package func signer() throws -> any CheckpointSigner {
        if let signingCommand {
            return SigningCommand(signingCommand, publicKey: signingPublicKey)
        }
        return try Ed25519CheckpointSigner(seed: SigningKey.load(signingKeyFile))
    }

    /// The 32 bytes that all keys but the logs' are derived from.
    func serverSecret() throws -> [UInt8] {
        FileManager.default.fileExists(atPath: serverSecretFile)
            ? try SigningKey.load(serverSecretFile, for: "beside signing.keyFile")
            : try SigningKey.load(signingKeyFile)
    }

    /// Throws where there is no signing key: one that was not mounted is not to be replaced.
    package func requireSigningKey() throws(ConfigurationError) {
        let files = FileManager.default
        if signingCommand != nil {
            guard
                files.fileExists(atPath: serverSecretFile)
                    || files.fileExists(atPath: signingKeyFile)
            else {
                throw ConfigurationError(
                    "\(serverSecretFile) is not there, from which the keys of letters and passkeys are "
                        + "derived: put it back from its copy. For a new installation: lockboxd init "
                        + "--config FILE makes one"
                )
            }
            return
        }
        guard files.fileExists(atPath: signingKeyFile) else {
            throw ConfigurationError(
                "signing.keyFile: \(signingKeyFile) is not there. Where logs are signed already, put "
                    + "the key back from its copy: another one would sign another history. For a "
                    + "new installation: lockboxd init --config FILE makes one"
            )
        }
    }

    /// The key that is to sign next, while a change of keys is under way.
    package var nextSigningKeyFile: String { signingKeyFile + ".next" }

    /// Throws while a change of keys is under way.
    package func requireNoNextSigningKey() throws(ConfigurationError) {
        guard !FileManager.default.fileExists(atPath: nextSigningKeyFile) else {
            throw ConfigurationError(
                "a change of the signing key was begun and has not come to its end: run `lockboxd "
                    + "rotate-key` again"
            )
        }
    }

    /// Keeps what other keys are derived from, where that is the signing key, for it goes.
    package func keepServerSecret() throws {
        try SigningKey.make(serverSecretFile, try serverSecret())
    }

    /// The next key signs from now on, and the one before is gone. A crash leaves the one or the other.
    package func beginNextSigningKey() throws(ConfigurationError) {
        guard rename(nextSigningKeyFile, signingKeyFile) == 0 else {
            throw DurableFile.failure(signingKeyFile)
        }
        try DurableFile.sync(folderOf: signingKeyFile)
    }
}
