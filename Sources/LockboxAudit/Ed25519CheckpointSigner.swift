import LockboxPorts
import MerkleLog

/// Signs checkpoints with one Ed25519 seed; the key's name is each log's origin (C2SP signed-note).
package struct Ed25519CheckpointSigner: CheckpointSigner {
    private let seed: [UInt8]

    /// `seed` is 32 bytes from outside the database.
    package init(seed: [UInt8]) throws {
        _ = try NoteSigner(name: "probe", seed: seed)
        self.seed = seed
    }

    package func verifierKey(origin: String) -> String { signer(origin).verifierKey.text }

    package func sign(_ text: String, origin: String) throws -> String {
        try SignedNote(text: text, signers: [signer(origin)]).encoded
    }

    private func signer(_ origin: String) -> NoteSigner {
        do {
            return try NoteSigner(name: origin, seed: seed)
        } catch {
            preconditionFailure("the seed was checked, and origins have no blanks: \(error)")
        }
    }
}
