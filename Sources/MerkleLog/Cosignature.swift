import Crypto

/// That somebody saw a checkpoint as the newest of its log, and when: a witness, or the log itself,
/// whose checkpoints' texts have no time (C2SP tlog-cosignature, `cosignature/v1`).
public struct Cosignature: Hashable, Sendable {
    private static let timeBytes = 8

    /// When it was made, in seconds since 1970, by the clock of whoever made it.
    public let time: UInt64

    /// The line as it stands below the checkpoint.
    public let line: NoteSignature

    /// The Ed25519 signature, without the time before it.
    var signed: [UInt8] { Array(line.signature.dropFirst(Self.timeBytes)) }

    /// Nil where the line is not as long as one is, or its time above 2^63 - 1.
    init?(_ line: NoteSignature) {
        guard line.signature.count == Self.timeBytes + 64 else { return nil }
        time = line.signature.prefix(Self.timeBytes).reduce(0) { $0 << 8 | UInt64($1) }
        guard time <= UInt64(Int64.max) else { return nil }
        self.line = line
    }

    /// The text that is signed at `time`, in seconds since 1970 ("Ed25519 signed message").
    package static func message(_ text: String, time: UInt64) -> String {
        "cosignature/v1\ntime \(time)\n\(text)"
    }

    /// The signature line of `signature`, which `key` has made over the `message` of `time`.
    package static func line(_ signature: [UInt8], time: UInt64, key: WitnessKey) -> NoteSignature {
        let stamp = (0..<timeBytes).map {
            UInt8(truncatingIfNeeded: time >> UInt64(8 * (timeBytes - 1 - $0)))
        }
        return NoteSignature(name: key.name, keyID: key.id, signature: stamp + signature)
    }
}
