import LockboxApprovals
package import LockboxWire

/// Something that whoever watches over a log wants to hear of.
package struct LogAlert: Hashable, Sendable {
    /// What it is; other programs read these, and they never change once published.
    package enum Kind: String, CaseIterable, Sendable {
        case approverProposed = "approver.proposed"
        case approverAppeared = "approver.appeared"
        case approverChanged = "approver.changed"
        case approverLeft = "approver.left"
        case rolesMapped = "approver.mapped"
        case signInChanged = "signIn.changed"
        case keyAdded = "key.added"
        case keyConfirmed = "key.confirmed"
        case keyRemoved = "key.removed"
        case policyAsked = "policy.looserAsked"
        case policyLoosened = "policy.loosened"
        case accessUnapproved = "access.unapproved"
        case accessUnsigned = "access.unsigned"
        case accessUnknown = "access.unknown"
        case textsErased = "texts.erased"
        case logRecovered = "log.recovered"
        case logKeyChanged = "log.keyChanged"
    }

    package let kind: Kind
    package let record: UInt64
    /// The record's time.
    package let time: String
    /// A sentence. It holds names that others chose, which are not cleaned.
    package let text: String
}

/// Tells what a log says that its readers must hear of: who may decide, with which keys, by which
/// rules, and what was opened without them. Read over a whole log from its first record on.
package struct AlertRule: Sendable {
    /// Somebody whose word opens access, or makes others' do so.
    private struct Decider: Hashable, Sendable {
        var roles: [String]
        var isDisabled: Bool
        /// Nil once it was erased.
        var address: String?
        var from: String?
        var confirmations: Int

        var decides: Bool { !roles.isEmpty && !isDisabled }
    }

    /// What was said of a request's approval.
    private struct Approval: Sendable {
        var needed: Int64?
        var people: Set<String> = []
        var signers: Set<String> = []
    }

    private static let deciding: Set = ["approver", "admin", "manager", "operator"]

    private var deciders: [String: Decider] = [:]
    private var policy: [String: JSONValue] = [:]
    private var isLicensed = true
    private var approvals: [String: Approval] = [:]

    package init() {}

    /// Takes the next record, whose leaf and texts fit each other.
    package mutating func read(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        switch record.leaf.activity {
        case "person.added", "person.changed": return readPerson(record)
        case "person.proposed": return proposal(record)
        case "provisioning.rolesMapped": return mapping(record)
        case "signIn.settingsChanged":
            return [alert(.signInChanged, record, "how people sign in was changed")]
        case "signIn.changeAsked":
            let from = Self.said(data["takesEffectAt"])
            return [
                alert(.signInChanged, record, "how people sign in is to change from \(from) on")
            ]
        case "passkey.registered", "signingKey.added", "passkey.confirmed", "signingKey.confirmed",
            "passkey.removed", "signingKey.removed":
            return key(record)
        case "tenant.policyChangeAsked": return askedPolicy(record)
        case "tenant.added", "tenant.policyChanged", "tenant.licenceChanged":
            return readPolicy(record)
        case "request.customerAsked":
            approvals[record.leaf.request ?? "", default: .init()].needed =
                data["approvalsNeeded"]?.integer
            return []
        case "request.approved":
            note(record)
            return []
        case "access.granted": return granted(record)
        case "access.ended":
            approvals[record.leaf.request ?? ""] = nil
            return []
        case "access.unknown":
            return [alert(.accessUnknown, record, "there is access that nobody granted")]
        case "texts.erased": return [erased(record)]
        case "log.recovered": return [recovered(record)]
        case "key.changed":
            let key = Self.said(data["key"])
            return [alert(.logKeyChanged, record, "another key signs the log from here on: \(key)")]
        case _: return []
        }
    }

    /// Takes the next record as it was shown; one whose leaf is none says nothing.
    package mutating func read(_ record: AuditRecord) -> [LogAlert] {
        switch Result(catching: { () throws(Leaf.Problem) in try Leaf(bytes: record.leaf.utf8) }) {
        case .success(let leaf): read(OrderedRecord(leaf: leaf, texts: record.texts))
        case .failure: []
        }
    }

    /// What holds now, in a sentence.
    package var standing: String {
        let people = deciders.values.count(where: \.decides)
        let rules = policy.sorted { $0.key < $1.key }.compactMap { name, value in
            value.plain.map { "\(name) \($0)" }
        }
        return "\(people) \(people == 1 ? "person" : "people") may decide or administer; rules: "
            + (rules.isEmpty ? "none" : rules.joined(separator: ", "))
            + (isLicensed ? "" : "; not licensed: nobody of the tenant is asked")
    }

    private func alert(_ kind: LogAlert.Kind, _ record: OrderedRecord, _ text: String) -> LogAlert {
        LogAlert(
            kind: kind,
            record: record.index,
            time: record.leaf.time,
            text: "\(text), by \(Self.name(record, "actorName", record.leaf.actor))"
        )
    }

    /// The identifier, and the name that the record has for it.
    private static func name(_ record: OrderedRecord, _ field: String, _ id: String) -> String {
        record.texts?[field]?.text.map { "“\($0)” (\(id))" } ?? id
    }

    /// What a record says there, for a sentence.
    private static func said(_ value: JSONValue?) -> String { value?.string ?? "?" }
}

// MARK: - Who decides

extension AlertRule {
    private mutating func readPerson(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        guard let id = data["person"]?.string else { return [] }
        let before = deciders[id]
        var after = Decider(
            roles: (data["roles"]?.strings ?? []).filter(Self.deciding.contains),
            isDisabled: data["disabled"]?.bool ?? false,
            address: record.texts?["personAddress"]?.text,
            from: data["decidesFrom"]?.string,
            confirmations: data["confirmedBy"]?.strings?.count ?? 0
        )
        deciders[id] = after
        // An erased address tells nothing of what it was.
        if before?.address == nil || after.address == nil { after.address = before?.address }
        let person = Self.name(record, "personName", id)
        let roles = after.roles.joined(separator: ", ")
        let from = after.from.map { ", to decide from \($0) on" } ?? ""
        switch (before?.decides ?? false, after.decides) {
        case (false, true):
            return [alert(.approverAppeared, record, "\(person) is now \(roles)\(from)")]
        case (true, false):
            return [alert(.approverLeft, record, "\(person) decides and administers no more")]
        case (true, true) where before != after:
            let address = before?.address != after.address ? ", with another address" : ""
            let confirmed =
                after.confirmations > before?.confirmations ?? 0 ? ", confirmed" : ""
            let text = "\(person) was changed: \(roles)\(from)\(address)\(confirmed)"
            return [alert(.approverChanged, record, text)]
        case (true, true), (false, false): return []
        }
    }

    private func proposal(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        let id = Self.said(data["person"])
        let roles = data["proposedRoles"]?.strings?.filter(Self.deciding.contains) ?? []
        let isOfDecider = deciders[id]?.roles.isEmpty == false
        guard !roles.isEmpty || isOfDecider else { return [] }
        let what = roles.isEmpty ? "a change" : roles.joined(separator: ", ")
        return [alert(.approverProposed, record, "\(what) was proposed for \(id)")]
    }

    private func mapping(_ record: OrderedRecord) -> [LogAlert] {
        let given = record.leaf.data["given"]?.strings?.filter(Self.deciding.contains) ?? []
        guard !given.isEmpty else { return [] }
        let group = Self.name(record, "group", "a group")
        return [
            alert(
                .rolesMapped,
                record,
                "members of \(group) become \(given.joined(separator: ", "))"
            )
        ]
    }

    private func key(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        let key = Self.said(data["passkey"] ?? data["key"])
        let person = Self.said(data["person"])
        // Those of others open nothing.
        guard
            deciders[person]?.roles.isEmpty != true || record.leaf.activity.hasPrefix("signingKey")
        else { return [] }
        let (kind, what): (LogAlert.Kind, String) =
            switch record.leaf.activity {
            case "passkey.registered", "signingKey.added": (.keyAdded, "was added")
            case "passkey.confirmed", "signingKey.confirmed": (.keyConfirmed, "was confirmed")
            case _: (.keyRemoved, "was removed")
            }
        return [alert(kind, record, "the key \(key) of \(person) \(what)")]
    }
}

// MARK: - Rules

extension AlertRule {
    private mutating func readPolicy(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        guard let after = data["policy"]?.object else { return [] }
        let isFirst = record.leaf.activity == "tenant.added"
        let before = isFirst ? after : data["before"]?.object ?? policy
        let wasLicensed = isFirst || isLicensed
        policy = after
        isLicensed = data["licensed"]?.bool ?? isLicensed
        var looser = Self.looser(than: before, after)
        if wasLicensed, !isLicensed, !isFirst { looser.append("licensed: no") }
        guard !looser.isEmpty else { return [] }
        let text = "the rules protect less: \(looser.joined(separator: "; "))"
        return [alert(.policyLoosened, record, text)]
    }

    private func askedPolicy(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        let looser = Self.looser(than: policy, data["wanted"]?.object ?? [:])
        let from = Self.said(data["takesEffectAt"])
        let text = "rules that protect less are to hold from \(from) on: "
        return [alert(.policyAsked, record, text + looser.joined(separator: "; "))]
    }

    /// The rules by which `after` protects less than `before`. A rule that is not known here counts as
    /// one whenever it changes.
    private static func looser(
        than before: [String: JSONValue],
        _ after: [String: JSONValue]
    ) -> [String] {
        Set(before.keys).union(after.keys).sorted().filter { name in
            func only(_ rules: [String: JSONValue]) -> [String: JSONValue] {
                rules.filter { $0.key == name }
            }
            return ApprovalCheck.isLooser(only(after), than: only(before))
        }.map { name in
            let values = [before[name], after[name]].map { $0?.plain ?? "not said" }
            return "\(name): \(values[0]) → \(values[1])"
        }
    }
}

// MARK: - Access

extension AlertRule {
    private mutating func note(_ record: OrderedRecord) {
        let request = record.leaf.request ?? ""
        approvals[request, default: .init()].people.insert(record.leaf.actor)
        if record.leaf.data["signature"]?.object != nil {
            approvals[request, default: .init()].signers.insert(record.leaf.actor)
        }
    }

    private func granted(_ record: OrderedRecord) -> [LogAlert] {
        let data = record.leaf.data
        let request = record.leaf.request ?? "?"
        let given = approvals[request] ?? .init()
        let until = Self.said(data["end"])
        guard data["basis"]?.string == "approval" else {
            let text = "\(request): access until \(until) without anybody's approval"
            return [alert(.accessUnapproved, record, text)]
        }
        let needed = max(1, given.needed ?? 1, policy["approvalsNeeded"]?.integer ?? 1)
        if given.people.count < needed {
            let text =
                "\(request): access until \(until) with \(given.people.count) of \(needed) approvals"
            return [alert(.accessUnapproved, record, text)]
        }
        guard policy["signedApprovals"]?.string == "required", given.signers.count < needed else {
            return []
        }
        let text =
            "\(request): access until \(until) with \(given.signers.count) of \(needed) signatures"
        return [alert(.accessUnsigned, record, text)]
    }

    private func erased(_ record: OrderedRecord) -> LogAlert {
        let items: [JSONValue]? =
            if case .array(let items)? = record.leaf.data["erased"] { items } else { nil }
        let why = record.texts?["reason"]?.text.map { ", because “\($0)”" } ?? ""
        return alert(
            .textsErased,
            record,
            "texts of \(items?.count ?? 0) records were erased\(why)"
        )
    }

    private func recovered(_ record: OrderedRecord) -> LogAlert {
        let data = record.leaf.data
        let (was, now) = (data["expectedSize"]?.integer ?? 0, data["size"]?.integer ?? 0)
        return alert(
            .logRecovered,
            record,
            "the database was put back: \(was) records had been signed, \(now) were left"
        )
    }
}

extension JSONValue {
    fileprivate var string: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    fileprivate var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    fileprivate var object: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }
    fileprivate var strings: [String]? {
        if case .array(let items) = self { items.compactMap(\.string) } else { nil }
    }

    /// For a sentence; nil for what is too long for one.
    fileprivate var plain: String? {
        switch self {
        case .null: "none"
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): "\(number)"
        case .string(let text): text
        case .array: strings.map { $0.isEmpty ? "none" : $0.joined(separator: " ") }
        case .object: nil
        }
    }
}
