import LockboxApprovals
import LockboxWire
package import MerkleLog

/// A receipt as a file, read line by line (docs/spec/receipt.md). Nothing of it is believed before it
/// is verified.
package struct ReceiptFile: Sendable {
    /// The access request that it says it is of.
    package let request: String
    /// The key that it says signs the log.
    package let key: VerifierKey
    private let checkpoint: [UInt8]
    private let lines: [ArraySlice<UInt8>]

    /// Throws `AuditFinding.receiptForm` for anything but a receipt's layout.
    package init(_ bytes: [UInt8]) throws(AuditFinding) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let (opening, closing) = (Array(Receipt.opening.utf8), Array(Receipt.closing.utf8))
        guard lines.count > 3, lines[lines.count - 1].isEmpty,
            lines[0].suffix(opening.count).elementsEqual(opening),
            lines[lines.count - 2].starts(with: closing)
        else { throw .receiptForm(problem: "its lines are not those of one, or it was cut short") }
        let head =
            lines[0].dropLast(opening.count) + lines[lines.count - 2].dropFirst(closing.count)
        let members: [(name: String, value: JSONValue)]
        do { members = try CanonicalJSONReader.members(Array(head)) } catch {
            throw .receiptForm(problem: "its first and last line are not canonical JSON")
        }
        let texts = members.compactMap { member in
            if case .string(let text) = member.value { text } else { nil }
        }
        guard members.map(\.name) == ["checkpoint", "key", "request", "type"], texts.count == 4
        else { throw .receiptForm(problem: "it has other members than a receipt") }
        guard texts[3].utf8.elementsEqual(Receipt.form.utf8) else {
            throw .receiptForm(problem: "it is not of the type \(Receipt.form)")
        }
        do throws(NoteError) { key = try VerifierKey(parsing: texts[1]) } catch {
            throw .receiptForm(problem: "its key is malformed: \(error)")
        }
        (checkpoint, request) = (Array(texts[0].utf8), texts[2])
        let records = lines[1..<lines.count - 2]
        guard records.dropLast().allSatisfy({ $0.last == UInt8(ascii: ",") }) else {
            throw .receiptForm(problem: "two records are not separated as they should be")
        }
        self.lines = records.dropLast().map { $0.dropLast() } + records.suffix(1)
    }

    /// What is found in it. `keys` are trusted, oldest first, at least one; `memory` is what is
    /// remembered of the log; nothing was signed later than `now`, in milliseconds since 1970;
    /// `witnessing` is who has to have cosigned, nil where the reader asks for none.
    package func verify(
        with keys: [VerifierKey],
        memory: LogVerifier.Memory = LogVerifier.Memory(),
        now: Int64? = nil,
        witnessing: Witnessing? = nil
    ) -> AuditReport {
        var verifier = LogVerifier(
            notes: [.init(name: "the receipt's checkpoint", bytes: checkpoint)],
            keys: keys,
            source: .records,
            memory: .init(notes: memory.notes),
            isComplete: false,
            now: now,
            witnessing: witnessing
        )
        let origin = keys.last?.name ?? ""
        var rules = ReceiptRules(request: request, origin: origin)
        var findings: [AuditFinding] = []
        // The provider's log has no requests: nothing of them would be looked at.
        if Leaf.logName(ofOrigin: origin) == "provider" {
            findings.append(.wrongLog(name: origin, asked: "a tenant's"))
        }
        for line in lines {
            let hash = verifier.read(line: line)
            guard let record = RecordLine(line)?.record else { continue }
            if record.index < memory.leaves.count, memory.leaves[Int(record.index)] != hash {
                findings.append(.changed(record: record.index, [.remembered]))
            }
            rules.read(record)
        }
        findings += rules.finish()
        var report = verifier.finish()
        report.uncheckedAccess = rules.uncheckedAccess
        findings += LogVerifier.replay(memory.leaves, report.heads)
        if !report.keys.contains(key) {
            findings.append(.keyChanged(from: keys.last?.text ?? "", to: key.text))
        }
        report.findings += findings
        return report
    }

    /// A line for each step that it shows of the request: when, what and who.
    package var steps: [String] {
        lines.compactMap { RecordLine($0)?.record }.filter { $0.request == request }.map {
            "\($0.time) \($0.activity) \($0.actor.name ?? $0.actor.id)"
                + ($0.data["unsigned"] == true ? ", unsigned" : "")
        }
    }
}

/// What must hold of a receipt besides what holds of each of its records.
private struct ReceiptRules {
    /// Records of these may be there that are not about the request.
    private static let grounds = Set(
        ApprovalCheck.ruleActivities + ApprovalCheck.keyActivities + [
            "key.changed", "texts.erased",
        ]
    )
    private static let endings: Set = [
        "access.ended", "request.rejected", "request.denied", "request.withdrawn",
        "request.expired",
    ]

    let request: String
    private var approvals: ApprovalRule
    private var erasure = ErasureRule()
    private var indices: [UInt64] = []
    private var activities: [String] = []
    private var version: Int64 = 0
    private var findings: [AuditFinding] = []
    /// Of how many accesses the statements were erased that would tell whether all was signed.
    var uncheckedAccess: Int { approvals.erased }

    init(request: String, origin: String) {
        self.request = request
        approvals = ApprovalRule(log: Leaf.logName(ofOrigin: origin))
    }

    mutating func read(_ record: AuditRecord) {
        indices.append(record.index)
        guard let leaf = RecordCheck(record, log: nil).leaf else { return }
        let ordered = OrderedRecord(leaf: leaf, texts: record.texts)
        _ = erasure.read(ordered)
        _ = approvals.read(ordered)
        if leaf.request.map({ $0.utf8.elementsEqual(request.utf8) }) == true {
            step(leaf)
        } else if leaf.request != nil || !Self.grounds.contains(leaf.activity) {
            findings.append(.foreign(record: leaf.index))
        }
    }

    /// Each decision, and each step of time, makes one version of a request: a step that was left out
    /// is a gap.
    private mutating func step(_ leaf: Leaf) {
        activities.append(leaf.activity)
        guard let said = leaf.data["version"] else { return }
        let next: Int64? = if case .integer(let number) = said { number } else { nil }
        if next != version, next != version + 1 {
            let what = next.map { "\($0)" } ?? "none that is a number"
            findings.append(
                .incomplete(problem: "between version \(version) of the request and \(what)")
            )
        }
        version = next ?? version
    }

    /// Records that share the version of another, which would not miss them: what comes first is not
    /// left out where the second is.
    private static let pairs = [
        ("request.approvedByManager", "request.customerAsked"),
        ("request.approvedByManager", "access.granted"),
        ("request.customerAsked", "request.approved"), ("access.granted", "access.ended"),
    ]

    mutating func finish() -> [AuditFinding] {
        for (first, second) in Self.pairs {
            guard let place = activities.firstIndex(of: second),
                !activities[..<place].contains(first)
            else { continue }
            findings.append(.incomplete(problem: "there is no \(first) before \(second)"))
        }
        if activities.first != "request.submitted" {
            findings.append(.incomplete(problem: "it does not begin with the request"))
        }
        let isOver =
            activities.contains("access.granted")
            ? activities.contains("access.ended")
            : activities.contains(where: Self.endings.contains)
        if !isOver { findings.append(.incomplete(problem: "the end of the request")) }
        findings += approvals.finish(isComplete: true)
        let shown = Set(indices)
        // An erasure may name records that are not of this receipt.
        findings += erasure.finish(isComplete: true).filter { finding in
            if case .notErased(let record, _) = finding { shown.contains(record) } else { true }
        }
        return findings + LogVerifier.disorder(indices)
    }
}

extension AuditReport {
    /// That of a file in which nothing could be looked at.
    package init(refused finding: AuditFinding) {
        self.init(
            findings: [finding],
            records: 0,
            texts: 0,
            erasedTexts: 0,
            uncheckedTexts: 0,
            uncheckedAccess: 0,
            unsignedRevokes: 0,
            recoveries: [],
            heads: [],
            keys: [],
            newestRecord: nil,
            signedTime: nil,
            witnessed: nil,
            leaves: [],
            texted: [],
            evidence: []
        )
    }
}
