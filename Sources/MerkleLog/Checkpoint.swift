/// Why a checkpoint was refused.
public enum CheckpointError: Error, Hashable, Sendable {
    /// The text is not origin, size and root, each on its line.
    case malformed
    /// A size of zero with another root than that of nothing.
    case wrongEmptyRoot
    /// The checkpoint is of another log.
    case wrongOrigin
    /// The note around it was refused.
    case note(NoteError)
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed: "the checkpoint is malformed"
        case .wrongEmptyRoot: "the checkpoint is of an empty log but has not the root of one"
        case .wrongOrigin: "the checkpoint is of another log"
        case .note(let error): error.description
        }
    }
}

/// The head of a log as it is signed: which log, how many entries, which root (C2SP
/// tlog-checkpoint).
public struct Checkpoint: Hashable, Sendable {
    /// Which log: its URL without scheme. Clients compare it and look no further.
    public let origin: String

    /// The size of the log and its root.
    public let head: TreeHead

    /// The checkpoint of the log `origin`, which must fit on one line.
    public init(origin: String, head: TreeHead) throws(CheckpointError) {
        guard !origin.isEmpty, origin.utf8.allSatisfy({ $0 >= 0x20 }),
            head.size <= LogLimits.treeSize
        else {
            throw .malformed
        }
        guard head.size > 0 || head.root == .emptyRoot else { throw .wrongEmptyRoot }
        self.origin = origin
        self.head = head
    }

    /// The text that is signed: three lines, no extension lines.
    public var text: String { "\(origin)\n\(head.size)\n\(head.root.base64)\n" }

    /// Reads a note's text. Extension lines are passed over, as no log monitor can check them.
    public init(parsing text: String) throws(CheckpointError) {
        let lines = Array(text.utf8).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        // What follows the last newline is nothing; every line before it is something.
        guard lines.count >= 4, lines.last?.isEmpty == true,
            lines.dropLast().allSatisfy({ !$0.isEmpty }),
            let origin = String(validating: lines[0], as: UTF8.self),
            let size = Decimal.parse(lines[1], atMost: LogLimits.treeSize),
            let bytes = Base64.decode(lines[2]), let root = Hash(bytes: bytes)
        else { throw .malformed }
        try self.init(origin: origin, head: TreeHead(size: size, root: root))
    }

    /// Reads a note and believes it: `logKey` has signed it, its text is a checkpoint, and of the
    /// log `origin`.
    ///
    /// Signatures of others do not count here; ask `SignedNote.verify` which witnesses have signed.
    public init(opening note: SignedNote, origin: String, logKey: VerifierKey)
        throws(CheckpointError)
    {
        do { try note.verify(with: [logKey]) } catch { throw .note(error) }
        try self.init(parsing: note.text)
        guard self.origin.utf8.elementsEqual(origin.utf8) else { throw .wrongOrigin }
    }
}
