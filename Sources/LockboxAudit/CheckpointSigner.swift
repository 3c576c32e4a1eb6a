package import LockboxPorts
package import MerkleLog

extension CheckpointSigner {
    /// The key that signs the log whose name is `origin` (C2SP signed-note).
    package func verifierKey(origin: String) throws -> VerifierKey {
        try VerifierKey(name: origin, publicKey: publicKey)
    }

    /// A signature over `text`, which is a note's, under the key name `origin`. It is verified before
    /// it is returned: who signs may be another program.
    package func sign(_ text: String, origin: String) async throws -> NoteSignature {
        let key = try verifierKey(origin: origin)
        let signature = try await signature(of: text)
        guard key.isValid(signature, for: text.utf8) else {
            throw NoteError.badSignature(name: origin)
        }
        return NoteSignature(name: key.name, keyID: key.id, signature: signature)
    }
}
