package import LockboxWire

/// Whether rules of a tenant were changed as the rules before ask for (docs/spec/approval-statement.md
/// §7).
extension ApprovalCheck {
    /// Rules that were asked for and do not hold yet.
    struct Waiting: Sendable {
        let change: String
        let rules: [String: JSONValue]
        /// Of the rules in force when they were asked for.
        let version: Int64
        /// Milliseconds since 1970.
        let holdsFrom: Int64
        /// Whether whoever asked signed that.
        let isSigned: Bool
        /// Who signed that they agree.
        var agreed: Set<String>
    }

    mutating func take(ruleChange record: Record) throws(ApprovalFault) {
        switch record.activity {
        case "tenant.policyChangeAsked": try ask(record)
        case "tenant.policyChangeAgreed": try agree(record)
        case "tenant.policyChangeStopped", "tenant.policyChangeWithdrawn": waiting = nil
        case _: try put(record)
        }
    }

    private mutating func ask(_ record: Record) throws(ApprovalFault) {
        guard let wanted = record.data["wanted"]?.object,
            let change = record.data["change"]?.string,
            let time = LogTime.instant(record.time)
        else {
            guard rules.needsSignedChanges else { return }
            throw .record
        }
        let isSigned = try self.isSigned(record, saying: wanted)
        guard isSigned || !rules.needsSignedChanges else { throw .rulesUnsigned }
        let agrees = record.data["agreed"]?.strings?.contains { $0.isSame(as: record.actor) }
        waiting = Waiting(
            change: change,
            rules: wanted,
            version: rules.version,
            holdsFrom: time + rules.coolingOff,
            isSigned: isSigned,
            agreed: isSigned && agrees == true ? [record.actor] : []
        )
    }

    private mutating func agree(_ record: Record) throws(ApprovalFault) {
        let isSigned = try self.isSigned(record, saying: waiting?.rules)
        guard isSigned, let waiting, record.data["change"]?.is(waiting.change) == true else {
            guard rules.needsSignedChanges else { return }
            throw .rulesUnsigned
        }
        self.waiting?.agreed.insert(record.actor)
    }

    /// Rules that are said to hold from now on. Where they are not signed as they must be, those of
    /// before go on to hold.
    private mutating func put(_ record: Record) throws(ApprovalFault) {
        guard let told = record.data["policy"]?.object else { return }
        let next = try Self.rules(told, of: record)
        guard rules.needsSignedChanges else {
            defer { (rules, waiting) = (next, nil) }
            _ = try isSigned(record, saying: told)
            return
        }
        guard next.version == rules.version + 1 else { throw .rulesUnsigned }
        switch record.activity {
        case "tenant.policyChanged":
            let isOwn =
                try isSigned(record, saying: told)
                && (rules.needed <= 1 || !Self.isLooser(told, than: rules.told))
            guard isOwn || comesAbout(told, in: record) else { throw .rulesUnsigned }
            rules = next
        case "tenant.licenceChanged":
            // A later release may say more rules than this one did.
            guard rules.told.allSatisfy({ told[$0.key]?.isSame(as: $0.value) == true }) else {
                throw .rulesUnsigned
            }
            (rules.version, rules.needsApproval) = (next.version, next.needsApproval)
        // A tenant that has rules was added before.
        case _: throw .rulesUnsigned
        }
        waiting = nil
    }

    /// Whether these are the rules that somebody asked for with her signature, and enough people have
    /// agreed with theirs, or the cooling-off is over.
    private func comesAbout(_ told: [String: JSONValue], in record: Record) -> Bool {
        guard let waiting, waiting.isSigned, waiting.version == rules.version,
            JSONValue.object(told).isSame(as: .object(waiting.rules)),
            let time = LogTime.instant(record.time)
        else { return false }
        return Int64(waiting.agreed.count) >= max(1, rules.needed)
            // The clock of a log never goes back, and its server's may be behind it.
            || time + ApprovalLimits.issuedAhead >= waiting.holdsFrom
    }

    /// Whether a rule protects less in `after` than in `before`. One that is not known here does where
    /// it changes.
    package static func isLooser(_ after: [String: JSONValue], than before: [String: JSONValue])
        -> Bool
    {
        Set(before.keys).union(after.keys).contains { name in
            let (old, new) = (before[name] ?? absent[name], after[name] ?? absent[name])
            if let old, let new, old.isSame(as: new) { return false }
            switch name {
            case "requireApproval", "closeUnknownAccess": return new?.flag != true
            case "allowPrograms": return new?.flag != false
            case "signedApprovals", "signedChanges": return new.map { $0.is("off") } ?? true
            case "approvalsNeeded":
                guard let old = old?.count, let new = new?.count else { return true }
                return new < old
            case "decisionWindow", "maxAccess":
                guard let old = span(old), let new = span(new) else { return true }
                return new > old
            case "coolingOff":
                guard let old = span(old), let new = span(new) else { return true }
                return new < old
            // Without it texts are kept for ever.
            case "retention":
                guard let new else { return false }
                guard let old = span(old), let new = span(new) else { return true }
                return new < old
            case "withheldFromTokens":
                guard let old = old?.strings, let new = new?.strings else { return true }
                return !Set(new).isSuperset(of: old)
            case _: return true
            }
        }
    }

    /// What rules mean that do not say one.
    private static let absent: [String: JSONValue] = [
        "allowPrograms": true, "closeUnknownAccess": false, "coolingOff": "P1D",
        "signedApprovals": "off", "signedChanges": "off", "withheldFromTokens": [],
    ]

    private static func span(_ value: JSONValue?) -> Int64? {
        value?.string.flatMap(LogTime.span)
    }
}
