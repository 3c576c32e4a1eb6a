import LockboxApprovals
import LockboxWire

/// Approvals are signed as they say, and access of a tenant has the signatures that the rules in force
/// ask for; so have changes of rules (docs/spec/approval-statement.md §3 to §7).
///
/// Only of a whole log can that be told, and only with its texts: what a part lacks may be the key, the
/// rules or the approval.
struct ApprovalRule: RecordRule {
    private var check: ApprovalCheck?
    private var findings: [AuditFinding] = []
    /// How many accesses rest on approvals whose texts were erased.
    private(set) var erased = 0
    /// How often access was ended without the signature that was asked for.
    var unsignedRevokes: Int { check?.unsignedRevokes ?? 0 }

    /// `log` is the log's name; the provider's has no approvals.
    init(log: String?) {
        let prefix = "tenant:"
        guard let log, log.hasPrefix(prefix) else { return }
        check = ApprovalCheck(tenant: String(log.dropFirst(prefix.count)))
    }

    mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        guard ApprovalCheck.concerns(record.leaf.activity), check != nil else { return [] }
        guard let texts = record.texts else {
            check = nil
            return []
        }
        let found = check?.read(
            .init(
                index: record.index,
                time: record.leaf.time,
                activity: record.leaf.activity,
                actor: record.leaf.actor,
                request: record.leaf.request,
                data: record.leaf.data,
                texts: texts.compactMapValues(\.text),
                erased: Set(texts.filter { $0.value.text == nil }.keys)
            )
        )
        for finding in found ?? [] {
            if finding.fault == .erased {
                erased += 1
            } else {
                findings.append(
                    finding.isOfRules
                        ? .policy(record: finding.index, finding.fault)
                        : .approval(record: finding.index, finding.fault)
                )
            }
        }
        return []
    }

    mutating func finish(isComplete: Bool) -> [AuditFinding] {
        guard isComplete, check != nil else {
            erased = 0
            return []
        }
        return findings
    }
}
