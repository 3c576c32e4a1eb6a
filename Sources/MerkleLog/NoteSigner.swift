import Crypto

/// The private half of a signing key with the name it signs under (C2SP signed-note, "Ed25519
/// signatures").
///
/// Signing is deterministic: the same text gets the same signature. Whoever signs checkpoints must
/// have the size and root on stable storage first.
public struct NoteSigner: Sendable {
    /// What verifiers need; its text is public.
    public let verifierKey: VerifierKey

    private let key: Curve25519.Signing.PrivateKey

    /// The signer whose private key is the 32-byte `seed` of RFC 8032 §5.1.5.
    public init(name: String, seed: [UInt8]) throws(NoteError) {
        let key: Curve25519.Signing.PrivateKey
        do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch {
            throw .malformedKey
        }
        self.key = key
        verifierKey = try VerifierKey(name: name, publicKey: Array(key.publicKey.rawRepresentation))
    }

    /// The signature over a note's text, which ends with a newline.
    public func sign(_ text: String) throws(NoteError) -> NoteSignature {
        guard SignedNote.isText(text) else { throw .malformedText }
        do {
            let signature = try key.signature(for: Array(text.utf8))
            return NoteSignature(
                name: verifierKey.name,
                keyID: verifierKey.id,
                signature: Array(signature)
            )
        } catch {
            throw .signingFailed
        }
    }
}

extension NoteSigner: CustomStringConvertible, CustomReflectable {
    /// Never the seed, in no log and no dump.
    public var description: String { "signer \(verifierKey.name)" }

    public var customMirror: Mirror { Mirror(self, children: ["verifierKey": verifierKey]) }
}
