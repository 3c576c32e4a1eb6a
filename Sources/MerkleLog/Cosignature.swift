/// When a checkpoint was signed, said by who signed it: a log's own cosignature is a checkpoint's time,
/// which its text has not (C2SP tlog-cosignature, "Ed25519").
public enum Cosignature {
    /// The signature type byte of a timestamped Ed25519 cosignature in key ids.
    static let type: UInt8 = 0x04

    private static let timeBytes = 8

    /// The text that is signed at `time`, in seconds since 1970.
    package static func message(_ text: String, time: UInt64) -> String {
        "cosignature/v1\ntime \(time)\n\(text)"
    }

    /// The signature line of `signature`, which `key` has made over the `message` of `time`.
    package static func line(_ signature: [UInt8], time: UInt64, key: VerifierKey) -> NoteSignature
    {
        NoteSignature(
            name: key.name,
            keyID: VerifierKey.id(name: key.name, type: type, publicKey: key.publicKey),
            signature: (0..<timeBytes).map {
                UInt8(truncatingIfNeeded: time >> UInt64(8 * (timeBytes - 1 - $0)))
            } + signature
        )
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
