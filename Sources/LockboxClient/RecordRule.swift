import LockboxApprovals
package import LockboxWire

/// A record in its place in the log.
package struct OrderedRecord: Sendable {
    package let leaf: Leaf
    /// Nil where the texts are not at hand at all.
    package let texts: [String: AuditRecord.Text]?

    package var index: UInt64 { leaf.index }
}

/// What must hold of records together, read in the order of the log. Each record is genuine as far as
/// it goes: its leaf and texts fit each other.
package protocol RecordRule: Sendable {
    /// Takes the next record and says what is wrong with it.
    mutating func read(_ record: OrderedRecord) -> [AuditFinding]

    /// Says what can be known only now that all were read. `isComplete` says that none is missing.
    mutating func finish(isComplete: Bool) -> [AuditFinding]
}

/// Time does not run back in a log.
struct TimeRule: RecordRule {
    private(set) var newest: String?

    mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        let time = record.leaf.time
        guard LogTime.milliseconds(time) != nil else { return [.time(record: record.index)] }
        let before = newest
        newest = time
        // All times have one form and one zone, so that their order is that of their bytes.
        guard let before, time.utf8.lexicographicallyPrecedes(before.utf8) else { return [] }
        return [.timeBack(record: record.index, time: time, before: before)]
    }

    func finish(isComplete: Bool) -> [AuditFinding] { [] }
}

/// A record of operations counts as many as its text holds.
struct OperationsRule: RecordRule {
    func read(_ record: OrderedRecord) -> [AuditFinding] {
        guard record.leaf.activity == "access.operations" else { return [] }
        let data = record.leaf.data
        guard case .integer(let count)? = data["count"], case .integer(let reads)? = data["reads"],
            case .integer(let writes)? = data["writes"], reads >= 0, writes >= 0,
            count > 0, reads.addingReportingOverflow(writes) == (count, false)
        else { return [.operations(record: record.index)] }
        guard let text = record.texts?["operations"]?.text else { return [] }
        let newline = UInt8(ascii: "\n")
        let lines = text.utf8.split(separator: newline, omittingEmptySubsequences: false)
        let isWhole = lines.last?.isEmpty == true && lines.dropLast().allSatisfy(Self.isObject)
        return isWhole && lines.count - 1 == count ? [] : [.operations(record: record.index)]
    }

    private static func isObject(_ line: Substring.UTF8View) -> Bool {
        if case .success(.object) = Result(catching: {
            () throws(CanonicalJSONReader.Problem) in
            try CanonicalJSONReader.read(line, takesNull: true)
        }) {
            return true
        }
        return false
    }

    func finish(isComplete: Bool) -> [AuditFinding] { [] }
}

/// Each text that is gone was erased by somebody, with a reason, in a record of the same log.
struct ErasureRule: RecordRule {
    private var gone: [UInt64: Set<String>] = [:]
    private var erased: [UInt64: Set<String>] = [:]
    /// By record, the newest that says that something of it was erased.
    private(set) var latest: [UInt64: UInt64] = [:]
    /// Without texts at hand nothing is known of which are gone.
    private var hasTexts = true

    mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        if record.texts == nil { hasTexts = false }
        for (field, text) in (record.texts ?? [:]).sorted(by: { $0.key < $1.key })
        where text.text == nil && record.leaf.commitments[field] != nil {
            gone[record.index, default: []].insert(field)
            if text.salt != nil { findings.append(.saltLeft(record: record.index, field: field)) }
        }
        guard record.leaf.activity == "texts.erased" else { return findings }
        guard let named = Self.named(record.leaf) else {
            return findings + [.erasure(record: record.index)]
        }
        for (index, fields) in named {
            erased[index, default: []].formUnion(fields)
            latest[index] = record.index
        }
        return findings
    }

    /// What an erasure's record names: records before it, in order, each with its fields in order.
    private static func named(_ leaf: Leaf) -> [(UInt64, [String])]? {
        guard case .array(let items)? = leaf.data["erased"], !items.isEmpty else { return nil }
        var named: [(UInt64, [String])] = []
        for item in items {
            guard case .object(let one) = item, one.count == 2,
                case .integer(let number)? = one["index"],
                let index = UInt64(exactly: number), index < leaf.index,
                named.last.map({ $0.0 < index }) ?? true,
                case .array(let values)? = one["fields"], !values.isEmpty
            else { return nil }
            var fields: [String] = []
            for value in values {
                guard case .string(let field) = value, fields.last.map({ $0 < field }) ?? true
                else { return nil }
                fields.append(field)
            }
            named.append((index, fields))
        }
        return named
    }

    /// A part of a log may lack the record that says so.
    func finish(isComplete: Bool) -> [AuditFinding] {
        guard hasTexts, isComplete else { return [] }
        var findings: [AuditFinding] = []
        for (record, fields) in gone.sorted(by: { $0.key < $1.key }) {
            findings += fields.subtracting(erased[record] ?? []).sorted().map {
                .erasedSilently(record: record, field: $0)
            }
        }
        for (record, fields) in erased.sorted(by: { $0.key < $1.key }) {
            findings += fields.subtracting(gone[record] ?? []).sorted().map {
                .notErased(record: record, field: $0)
            }
        }
        return findings
    }
}

/// Times as logs write them: `2026-11-23T20:15:00.000Z`, in UTC, to the millisecond.
package enum LogTime {
    /// Milliseconds since 1970; nil where the text is of another form or no such time exists.
    package static func milliseconds(_ text: String) -> Int64? {
        LockboxApprovals.LogTime.instant(text)
    }

    /// The form that `milliseconds` reads.
    package static func text(_ milliseconds: Int64) -> String {
        func pad(_ number: Int64, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let day = 86_400_000 as Int64
        let days = milliseconds >= 0 ? milliseconds / day : (milliseconds - day + 1) / day
        let rest = milliseconds - days * day
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return
            "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2))"
            + "T\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1000 % 60, 2))"
            + ".\(pad(rest % 1000, 3))Z"
    }
}
