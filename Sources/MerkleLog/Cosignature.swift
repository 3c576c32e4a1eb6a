/// When a checkpoint was signed, said by who signed it: a log's own cosignature is a checkpoint's time,
/// which its text has not (C2SP tlog-cosignature, "Ed25519").
public enum Cosignature {
    /// The signature type byte of a timestamped Ed25519 cosignature in key ids.
    static let type: UInt8 = 0x04

    private static let timeBytes = 8

    /// The text that is signed at `time`, in seconds since 1970.
    static func message(_ text: String, time: UInt64) -> String {
        "cosignature/v1\ntime \(time)\n\(text)"
    }

    /// The latest time at which `key` has cosigned `note`, in seconds since 1970; nil where it has not.
    ///
    /// A line that names the key and does not verify spoils the note, as with plain signatures.
    public static func time(of note: SignedNote, by key: VerifierKey) throws(NoteError) -> UInt64? {
        let id = VerifierKey.id(name: key.name, type: type, publicKey: key.publicKey)
        var latest: UInt64?
        for one in note.signatures where one.claims(key.name, keyID: id) {
            let time = one.signature.prefix(timeBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard one.signature.count > timeBytes,
                key.isValid(
                    one.signature.dropFirst(timeBytes),
                    for: message(note.text, time: time).utf8
                )
            else { throw .badSignature(name: key.name) }
            latest = max(latest ?? 0, time)
        }
        return latest
    }
}

extension NoteSigner {
    /// This key's cosignature of a checkpoint's text at `time`, in seconds since 1970.
    public func cosign(_ text: String, time: UInt64) throws(NoteError) -> NoteSignature {
        let signature = try sign(Cosignature.message(text, time: time)).signature
        return NoteSignature(
            name: verifierKey.name,
            keyID: VerifierKey.id(
                name: verifierKey.name,
                type: Cosignature.type,
                publicKey: verifierKey.publicKey
            ),
            signature: (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * $0)) } + signature
        )
    }
}
