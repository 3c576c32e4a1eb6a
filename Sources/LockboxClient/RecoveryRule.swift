import LockboxWire
import MerkleLog

/// A record that the server's database was put back to an older copy.
package struct Recovery: Encodable, Hashable, Sendable {
    package let record: UInt64
    /// How many records had been signed.
    package let expectedSize: UInt64
    /// How many of them the copy had.
    package let size: UInt64
}

/// Taking on an older copy of the database says what was lost, and leaves no access open: that copy
/// does not know what was ended since.
struct RecoveryRule: RecordRule {
    /// Requests whose access was granted and has not ended.
    private var open: Set<String> = []
    private(set) var recoveries: [Recovery] = []
    private var leftOpen: [AuditFinding] = []

    mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        switch record.leaf.activity {
        case "access.granted": open.insert(record.leaf.request ?? "")
        case "access.ended": open.remove(record.leaf.request ?? "")
        case "log.recovered":
            guard let recovery = Self.recovery(record.leaf) else {
                return [.recovery(record: record.index, "it does not say what was lost")]
            }
            recoveries.append(recovery)
            leftOpen += open.sorted().map {
                .recovery(record: record.index, "access of \($0) was left open")
            }
        case _: break
        }
        return []
    }

    private static func recovery(_ leaf: Leaf) -> Recovery? {
        guard case .integer(let expected)? = leaf.data["expectedSize"],
            case .integer(let number)? = leaf.data["size"],
            let expectedSize = UInt64(exactly: expected), let size = UInt64(exactly: number),
            size <= leaf.index, case .string(let root)? = leaf.data["expectedRoot"],
            Hash(base64: root) != nil
        else { return nil }
        return Recovery(record: leaf.index, expectedSize: expectedSize, size: size)
    }

    /// In a part of a log the records that ended access may be missing.
    func finish(isComplete: Bool) -> [AuditFinding] { isComplete ? leftOpen : [] }
}
