/// What a log sends to a witness: a checkpoint, and that it continues one that the witness has
/// cosigned (C2SP tlog-witness, "add-checkpoint").
public struct CheckpointSubmission: Hashable, Sendable {
    /// The most lines of proof there can be.
    public static let proofLines = 63

    /// The most bytes that are read of one: the lines before the checkpoint, and a note with as many
    /// signatures as one may have, those after quantum computers included.
    public static let bytes = 1 << 18

    /// The size that the witness has cosigned last, as the sender knows; 0 for none.
    public let oldSize: UInt64

    /// The proof of RFC 6962 §2.1.2 from `oldSize` to the checkpoint's size.
    public let proof: [Hash]

    /// The checkpoint, unverified.
    public let note: SignedNote

    /// A submission of a checkpoint whose proof was made elsewhere.
    public init(oldSize: UInt64, proof: [Hash], note: SignedNote) {
        self.oldSize = oldSize
        self.proof = proof
        self.note = note
    }

    /// The body of the request.
    public var encoded: String {
        "old \(oldSize)\n" + proof.map { $0.base64 + "\n" }.joined() + "\n" + note.encoded
    }

    /// Reads the body of a request. Throws `malformedNote` for what is none, and what the note's own
    /// parser throws.
    public init(parsing body: some Collection<UInt8>) throws(NoteError) {
        guard body.count <= Self.bytes else { throw .tooLarge }
        var rest = Array(body)[...]
        guard let first = Self.line(&rest), first.starts(with: "old ".utf8),
            let size = Decimal.parse(first.dropFirst(4), atMost: LogLimits.treeSize)
        else { throw .malformedNote }
        var proof: [Hash] = []
        while let line = Self.line(&rest) {
            guard !line.isEmpty else {
                self.init(oldSize: size, proof: proof, note: try SignedNote(parsing: rest))
                return
            }
            guard proof.count < Self.proofLines, let bytes = Base64.decode(line),
                let hash = Hash(bytes: bytes)
            else { throw .malformedNote }
            proof.append(hash)
        }
        throw .malformedNote
    }

    /// Takes the next line, without its newline; nil where no newline follows.
    private static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }
}

/// A size as a witness tells it (`text/x.tlog.size`): decimal digits and a newline.
public enum TreeSizeText {
    /// The size that the body of a refusal (409) says; nil for anything else.
    public static func parse(_ body: some Collection<UInt8>) -> UInt64? {
        guard body.count <= 20, Array(body).last == UInt8(ascii: "\n") else { return nil }
        return Decimal.parse(body.dropLast(), atMost: LogLimits.treeSize)
    }
}
