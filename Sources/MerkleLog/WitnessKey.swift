import Crypto

/// The public key with which a witness cosigns: of type 0x04, so that it is never taken for that of a
/// log (C2SP tlog-cosignature, "Format"). A log that cosigns its own heads has one too.
public struct WitnessKey: KeyWithText {
    /// That of timestamped Ed25519 cosignatures.
    public static let type: UInt8 = 0x04

    /// The name: a URL without scheme. Not empty, no white space, no `+`.
    public let name: String

    /// SHA-256(name ‖ 0x0A ‖ 0x04 ‖ public key), the first four bytes. Not a fingerprint.
    public let id: UInt32

    /// The 32 bytes of RFC 8032 §5.1.5.
    public let publicKey: [UInt8]

    /// Throws `NoteError.malformedKey`.
    public init(name: String, publicKey: [UInt8]) throws(NoteError) {
        guard isKeyName(name.utf8), publicKey.count == 32 else { throw .malformedKey }
        self.name = name
        self.publicKey = publicKey
        id = KeyText.id(name: name, type: Self.type, publicKey: publicKey)
    }

    /// The key of a log for its own cosignatures: the same bytes under the same name.
    init(of key: VerifierKey) {
        name = key.name
        publicKey = key.publicKey
        id = KeyText.id(name: name, type: Self.type, publicKey: publicKey)
    }

    /// The newest cosignature of this witness under `note`; nil where it has not signed.
    ///
    /// One line that names this key and does not verify spoils the whole note (C2SP signed-note,
    /// "Signatures").
    public func cosignature(under note: SignedNote) throws(NoteError) -> Cosignature? {
        var newest: Cosignature?
        for line in note.signatures where line.claims(self) {
            guard let cosignature = Cosignature(line),
                Ed25519.isValid(
                    cosignature.signed,
                    of: publicKey,
                    for: Array(Cosignature.message(note.text, time: cosignature.time).utf8)
                )
            else { throw .badSignature(name: name) }
            if cosignature.time >= newest?.time ?? 0 { newest = cosignature }
        }
        return newest
    }
}

extension VerifierKey {
    /// The key with which the same holder says when a head of its log was the newest.
    public var cosigning: WitnessKey { WitnessKey(of: self) }
}

/// The private key of a witness.
///
/// Whoever cosigns must have the checkpoint on stable storage first, as the newest that it has seen
/// of that log.
public struct WitnessSigner: Sendable {
    /// What verifiers need; its text is public.
    public let key: WitnessKey

    private let privateKey: Curve25519.Signing.PrivateKey

    /// The signer whose private key is the 32-byte `seed` of RFC 8032 §5.1.5.
    public init(name: String, seed: [UInt8]) throws(NoteError) {
        do { privateKey = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch {
            throw .malformedKey
        }
        key = try WitnessKey(name: name, publicKey: Array(privateKey.publicKey.rawRepresentation))
    }

    /// The cosignature over a checkpoint's text, made `time` seconds after 1970.
    public func cosign(_ text: String, at time: UInt64) throws(NoteError) -> NoteSignature {
        guard SignedNote.isText(text), time <= UInt64(Int64.max) else { throw .malformedText }
        do {
            let message = Array(Cosignature.message(text, time: time).utf8)
            return Cosignature.line(
                Array(try privateKey.signature(for: message)),
                time: time,
                key: key
            )
        } catch {
            throw .signingFailed
        }
    }
}

extension WitnessSigner: CustomStringConvertible, CustomReflectable {
    /// Never the seed, in no log and no dump.
    public var description: String { "witness \(key.name)" }

    public var customMirror: Mirror { Mirror(self, children: ["key": key]) }
}
