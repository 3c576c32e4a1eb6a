package import MerkleLog

/// One thing that is wrong with a log or with an export of it, named so that a person knows where
/// to look.
package enum AuditFinding: Error, Hashable, Sendable {
    // Checkpoints
    /// The note is not a checkpoint that the log's key has signed; `name` is where it came from.
    case checkpoint(name: String, CheckpointError)
    /// Two different roots were signed for one size.
    case splitView(size: UInt64)
    case noCheckpoint

    // Records
    /// The line is not a record at all.
    case unreadable(line: Int)
    case changed(record: UInt64, [RecordFlaw])
    /// The record itself is what was signed; only its proof is not right.
    case wrongProof(record: UInt64)
    /// Nothing ties the record to a signed checkpoint.
    case unproven(record: UInt64)
    case missing(ClosedRange<UInt64>)
    /// The line claims to be a record that the signed log does not have there.
    case inserted(record: UInt64, line: Int)
    /// The records are newer than every checkpoint at hand.
    case uncovered(records: [UInt64], newest: UInt64)
    case repeated(record: UInt64, lines: [Int])
    /// The records that stand in these places are in another order than in the log.
    case outOfOrder(records: [UInt64])
    /// `end` is the number of records before the cut.
    case truncated(end: UInt64, covered: UInt64)

    // The log as a whole
    /// The records do not lead to the signed root, and those up to `after` do.
    case rewritten(after: UInt64, signed: TreeHead)
    /// The log now has fewer records than it was signed to have before.
    case shrunk(now: UInt64, before: TreeHead)
}

extension AuditFinding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .checkpoint(let name, let error): "\(name): \(error)"
        case .splitView(let size):
            "two different logs of \(size) records were signed: the log was not shown to everybody alike"
        case .noCheckpoint: "there is no checkpoint to hold the records against"
        case .unreadable(let line): "line \(line) is not an audit record"
        case .changed(let record, let flaws):
            "record \(record) was changed: " + flaws.map(\.description).joined(separator: "; ")
        case .wrongProof(let record):
            "the proof of record \(record) was changed; the record itself was not"
        case .unproven(let record):
            "record \(record) carries no proof that leads to a checkpoint at hand"
        case .missing(let records) where records.count == 1:
            "record \(records.lowerBound) is missing"
        case .missing(let records): "records \(Self.words(records)) are missing"
        case .inserted(let record, let line):
            "record \(record) was inserted: line \(line) is not in the signed log"
        case .uncovered(let records, let newest):
            "record\(records.count == 1 ? "" : "s") \(Self.words(records)): newer than the newest checkpoint at hand, "
                + "which covers \(newest); give the one that was exported with them"
        case .repeated(let record, let lines):
            "record \(record) appears \(lines.count == 2 ? "twice" : "\(lines.count) times"): "
                + "lines \(Self.words(lines))"
        case .outOfOrder(let records): "records \(Self.words(records)) are out of order"
        case .truncated(let end, let covered):
            "the export ends at \(end) but the checkpoint covers \(covered): "
                + (covered - end == 1
                    ? "record \(end) is missing (truncated)"
                    : "records \(Self.words(end...covered - 1)) are missing (truncated)")
        case .rewritten(let after, let signed):
            "the log was rewritten: its records are not those that were signed at \(signed.size); "
                + (after == 0
                    ? "the change is before record \(signed.size)"
                    : "those before record \(after) are, so the change is in \(Self.words(after...signed.size - 1))")
        case .shrunk(let now, let before):
            "the log was truncated: it has \(now) records, and \(before.size) were signed before"
        }
    }

    private static func words(_ range: ClosedRange<UInt64>) -> String {
        switch range.count {
        case 1: "\(range.lowerBound)"
        case 2: "\(range.lowerBound) and \(range.upperBound)"
        case _: "\(range.lowerBound)…\(range.upperBound)"
        }
    }

    /// `3, 7 and 8`; a long run of neighbours is cut short.
    private static func words(_ numbers: [some FixedWidthInteger]) -> String {
        guard let first = numbers.first, let last = numbers.last else { return "" }
        if numbers.count == 1 { return "\(first)" }
        if numbers.count > 4, Int(exactly: last - first) == numbers.count - 1 {
            return "\(first)…\(last)"
        }
        return numbers.dropLast().map { "\($0)" }.joined(separator: ", ") + " and \(last)"
    }
}

/// What a verification came to.
package struct AuditReport: Sendable {
    /// Empty if all is well.
    package let findings: [AuditFinding]
    /// How many records were read.
    package let records: Int
    /// How many texts were erased from them.
    package let erasedTexts: Int
    /// The signed heads that were held against the records, smallest first.
    package let heads: [TreeHead]
}
