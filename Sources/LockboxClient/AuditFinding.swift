package import LockboxApprovals
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
    /// The key's name is of another log than was asked for, or of none of Lockbox's.
    case wrongLog(name: String, asked: String?)
    /// Another key signs than the one that is trusted, and no record leads from that to it.
    case keyChanged(from: String, to: String)
    /// A record that claims that the log's key changed does not show it.
    case keyChange(record: UInt64, problem: String)
    /// A key that the log had replaced signed a head after that.
    case retiredKey(size: UInt64)
    /// Nothing says that the log is newer than the bound; `newest` is the time of its last sign of
    /// life.
    case stale(newest: String?)
    /// Something says that it was signed at a time that is yet to come.
    case future(what: String, time: String)
    /// Fewer witnesses have cosigned the newest head, or any before it, than the reader needs.
    case witnessesMissing(have: Int, needed: Int, missing: [String])
    /// Enough witnesses have cosigned a head, and that is too far behind the newest.
    case witnessesBehind(at: UInt64, size: UInt64)

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
    /// A file of the tree does not hold what the entries make it hold.
    case tile(path: String)

    // What records say of each other
    /// A text is gone and no record says that it was erased.
    case erasedSilently(record: UInt64, field: String)
    /// A text is gone and the salt that makes it guessable is not.
    case saltLeft(record: UInt64, field: String)
    /// A text is there that the log says was erased.
    case notErased(record: UInt64, field: String)
    case erasure(record: UInt64)
    /// A text that was there at the last look is gone, or one is back, and no record since then says
    /// why.
    case vanished(record: UInt64)
    case operations(record: UInt64)
    case time(record: UInt64)
    case timeBack(record: UInt64, time: String, before: String)
    /// An approval that is not signed as it says, or access without the signatures that it needs.
    case approval(record: UInt64, ApprovalFault)
    /// Rules whose changes are signed, and this one is not, or is otherwise not as they ask for.
    case policy(record: UInt64, ApprovalFault)
    /// The record of a database that was put back to an older copy.
    case recovery(record: UInt64, String)

    // Receipts
    /// The file is not laid out as a receipt is.
    case receiptForm(problem: String)
    /// A record that has no place in the receipt.
    case foreign(record: UInt64)
    /// A step of the request that must be there is not.
    case incomplete(problem: String)
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
        case .wrongLog, .keyChanged, .keyChange, .retiredKey, .stale, .future,
            .witnessesMissing, .witnessesBehind, .tile, .erasedSilently, .saltLeft, .notErased,
            .erasure, .vanished, .operations, .time, .timeBack, .approval, .policy, .recovery:
            ofTheWhole
        case .receiptForm(let problem): "this is no receipt: \(problem)"
        case .foreign(let record): "record \(record) does not belong in this receipt"
        case .incomplete(let problem): "the receipt lacks something: \(problem)"
        }
    }

    private var ofTheWhole: String {
        switch self {
        case .wrongLog(let name, let asked):
            asked.map { "“\(name)” is not the log that was asked for, \($0)" }
                ?? "“\(name)” is the name of no log of Lockbox's"
        case .keyChanged(let from, let to):
            "the log's key has changed and no record in it leads from one to the other: it was “\(from)”, "
                + "now is “\(to)”; do not trust the log before you know why"
        case .keyChange(let record, let problem):
            "record \(record) does not show that the log's key changed: \(problem)"
        case .retiredKey(let size):
            "the head at \(size) is signed by a key that the log had replaced before"
        case .stale(let newest):
            newest.map { "the log is older than it may be: its last sign of life is of \($0)" }
                ?? "nothing tells how old the log is"
        case .future(let what, let time): "\(what) at \(time), which is yet to come"
        case .witnessesMissing(let have, let needed, let missing):
            "\(have) of the \(needed) witnesses that are needed have cosigned the checkpoint; not by: "
                + missing.map { "“\($0)”" }.joined(separator: ", ")
        case .witnessesBehind(let at, let size):
            "witnesses have cosigned the first \(at) records and not the \(size - at) after them"
        case .tile(let path): "“\(path)” does not hold what the log's entries make it hold"
        case .erasedSilently(let record, let field):
            "the text \(field) of record \(record) was erased and no record says so"
        case .saltLeft(let record, let field):
            "the text \(field) of record \(record) was erased but its salt is still there: it can be guessed"
        case .notErased(let record, let field):
            "the text \(field) of record \(record) is there though the log says that it was erased"
        case .erasure(let record): "record \(record) does not say what was erased"
        case .vanished(let record):
            "the texts of record \(record) are not all those of the last look, and no record since says why"
        case .operations(let record):
            "record \(record) counts other operations than its text holds"
        case .time(let record): "record \(record) has a time in another form"
        case .timeBack(let record, let time, let before):
            "record \(record) is of \(time), before the one before it (\(before))"
        case .approval(let record, let fault), .policy(let record, let fault):
            "record \(record) \(fault.words)"
        case .recovery(let record, let problem):
            "record \(record) does not show that an older database was taken on: \(problem)"
        case .checkpoint, .splitView, .noCheckpoint, .unreadable, .changed, .wrongProof, .unproven,
            .missing, .inserted, .uncovered, .repeated, .outOfOrder, .truncated, .rewritten,
            .shrunk, .receiptForm, .foreign, .incomplete:
            description
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
