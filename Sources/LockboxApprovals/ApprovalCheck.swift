package import LockboxWire
import MerkleLog

/// Decides, from the records of one tenant's log in their order, which approvals are signed and which
/// access, ends of access and rules have the approvals, and the signatures, that they need
/// (docs/spec/approval-statement.md §3 to §7).
///
/// Pure: the caller has checked that records are whole and in the tree, and texts open their
/// commitments. Records that say nothing of keys, rules, requests, approvals or grants may be left out.
package struct ApprovalCheck: Sendable {
    /// What one record says.
    package struct Record: Sendable {
        package let index: UInt64
        /// As the log spells it.
        package let time: String
        package let activity: String
        package let actor: String
        package let request: String?
        package let data: [String: JSONValue]
        /// By field, those that are there.
        package let texts: [String: String]
        /// The fields whose texts were there once.
        package let erased: Set<String>

        package init(
            index: UInt64,
            time: String,
            activity: String,
            actor: String,
            request: String?,
            data: [String: JSONValue],
            texts: [String: String],
            erased: Set<String> = []
        ) {
            (self.index, self.time, self.activity) = (index, time, activity)
            (self.actor, self.request, self.data) = (actor, request, data)
            (self.texts, self.erased) = (texts, erased)
        }

        /// Of records whose statement is no text, since it names nobody that the record does not.
        var isSaidToBeSigned: Bool { data["signature"] != nil || data["statement"] != nil }
    }

    /// Something that is not as it must be.
    package struct Finding: Hashable, Sendable {
        package let index: UInt64
        package let request: String?
        package let fault: ApprovalFault
        /// Whether rules were to be changed by it whose changes are signed, and were not.
        package let isOfRules: Bool

        /// A sentence without its end.
        package var words: String { "record \(index) \(fault.words)" }
    }

    /// A key as the log has it.
    package struct Key: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable {
            case passkey, ssh
        }

        package let id: String
        package let kind: Kind
        package let person: String
        /// COSE in base64url, or a line of OpenSSH's.
        package let publicKey: String
        /// What its person calls it, if that is still there.
        package let label: String?
        /// Milliseconds since 1970.
        package let addedAt: Int64
        /// From then on it counts, confirmed or not.
        package let countsFrom: Int64
        /// Who confirmed it.
        package fileprivate(set) var confirmedBy: String?

        /// Whether a signature with it counts at `instant`, in milliseconds since 1970.
        package func counts(at instant: Int64) -> Bool {
            confirmedBy != nil || countsFrom <= instant
        }
    }

    struct Rules {
        var needsSignatures = false
        var needsSignedChanges = false
        /// Where the plan includes Lockbox and the rules ask for approval.
        var needsApproval = true
        var needed: Int64 = 1
        var coolingOff = ApprovalLimits.defaultCoolingOff
        var version: Int64 = 0
        /// As their record spells them.
        var told: [String: JSONValue] = [:]
    }

    private struct Request {
        var engineer: String?
        var asked: Int64 = 0
        /// Who said yes for the customer, signed or not; but for those whose signature is not good.
        var approved: Set<String> = []
        /// When the newest of these was recorded, in milliseconds since 1970.
        var approvedAt: Int64 = 0
        /// It gave access, which is all that it can.
        var isGranted = false
        /// By approver.
        var signed: [String: ApprovalStatement] = [:]
        /// The approvers whose statements were erased.
        var erased: Set<String> = []

        /// Access was given: what it rested on is not asked for again.
        mutating func close() { self = Request(engineer: engineer, isGranted: true) }
    }

    /// Keys that are registered and not removed, by their identifiers.
    package private(set) var keys: [String: Key] = [:]
    private let tenant: String
    private var known: Set<String> = []
    private var nonces: Set<String> = []
    var rules = Rules()
    /// Rules that were asked for and do not hold yet.
    var waiting: Waiting?
    /// How often somebody ended access without the signature that was asked for.
    package private(set) var unsignedRevokes = 0
    /// Those that were submitted and are not over.
    private var requests: [String: Request] = [:]
    private var over: Set<String> = []

    /// `tenant` is the identifier of the tenant whose log it is.
    package init(tenant: String) { self.tenant = tenant }

    /// The activities of the records that say something here.
    package static let keyActivities = [
        "passkey.registered", "passkey.removed", "signingKey.added", "signingKey.confirmed",
        "signingKey.removed",
    ]
    package static let ruleActivities = [
        "tenant.added", "tenant.policyChanged", "tenant.licenceChanged",
        "tenant.policyChangeAsked", "tenant.policyChangeAgreed", "tenant.policyChangeStopped",
        "tenant.policyChangeWithdrawn",
    ]
    package static let requestActivities =
        [
            "request.submitted", "request.customerAsked", "request.approved", "access.granted",
        ] + endActivities
    /// After these nothing can be granted on a request.
    private static let endActivities = [
        "request.rejected", "request.denied", "request.withdrawn", "request.expired",
        "access.ended",
    ]

    /// Whether records of `activity` say something here.
    package static func concerns(_ activity: String) -> Bool { concerned.contains(activity) }

    /// Whether a record of `activity` is the last of its request as far as access goes.
    package static func ends(_ activity: String) -> Bool { endActivities.contains(activity) }

    private static let concerned = Set(keyActivities + ruleActivities + requestActivities)

    /// Whether the rules in force ask for signed approvals.
    package var needsSignatures: Bool { rules.needsSignatures }

    /// Whether the rules in force ask for signatures where rules are changed.
    package var needsSignedChanges: Bool { rules.needsSignedChanges }

    /// Who gets access by `request`, while that is not over.
    package func engineer(of request: String) -> String? { requests[request]?.engineer }

    /// Whether nothing can be granted on `request` any more.
    package func isOver(_ request: String) -> Bool { over.contains(request) }

    /// Reads the next record, and says what is wrong with it.
    package mutating func read(_ record: Record) -> [Finding] {
        let isOfRules =
            rules.needsSignedChanges && Self.ruleActivities.contains(record.activity)
        do throws(ApprovalFault) {
            try take(record)
            return []
        } catch {
            return [
                Finding(
                    index: record.index,
                    request: record.request,
                    fault: error,
                    isOfRules: isOfRules
                )
            ]
        }
    }

    private mutating func take(_ record: Record) throws(ApprovalFault) {
        switch record.activity {
        // A record of another kind that has rules beside it makes none.
        case let activity where Self.ruleActivities.contains(activity):
            try take(ruleChange: record)
        case "passkey.registered": try register(record, .passkey, id: "passkey")
        case "signingKey.added": try register(record, .ssh, id: "key")
        case "signingKey.confirmed": try confirm(record)
        case "passkey.removed": keys[record.data["passkey"]?.string ?? ""] = nil
        case "signingKey.removed": keys[record.data["key"]?.string ?? ""] = nil
        case "request.submitted":
            let request = try Self.request(of: record)
            guard requests[request] == nil, !over.contains(request) else { throw .requestOver }
            guard let engineer = record.data["engineer"]?.string else { throw .record }
            requests[request] = Request(engineer: engineer)
        case "request.customerAsked":
            let request = try Self.request(of: record)
            guard let asked = (record.data["approvalsNeeded"] ?? .integer(0)).count else {
                throw .record
            }
            requests[request]?.asked = asked
        case "request.approved": try take(approval: record)
        case "access.granted":
            let request = try Self.request(of: record)
            defer { requests[request]?.close() }
            try check(grant: record, on: requests[request])
        case let activity where Self.endActivities.contains(activity):
            guard let request = record.request else { break }
            // Whatever is said of a signature.
            defer {
                requests[request] = nil
                over.insert(request)
            }
            if activity == "access.ended" { try take(end: record) }
        case _: break
        }
    }

    private mutating func take(end record: Record) throws(ApprovalFault) {
        if record.data["unsigned"]?.flag == true { unsignedRevokes += 1 }
        guard record.isSaidToBeSigned else { return }
        nonces.insert(try revokeStatement(signedBy: record).nonce)
    }

    private mutating func take(approval record: Record) throws(ApprovalFault) {
        let request = try Self.request(of: record)
        if record.erased.contains("statement") {
            // What was signed is gone. That it was, with a key that counted, is not.
            guard let signature = record.data["signature"] else { throw .incomplete }
            let made = try ApprovalSignature(signature)
            try made.check(
                over: nil,
                by: try publicKey(of: made, for: record),
                in: ApprovalStatement.namespace
            )
            requests[request]?.erased.insert(record.actor)
        } else if record.data["signature"] != nil || record.texts["statement"] != nil {
            let statement = try statement(signedBy: record)
            nonces.insert(statement.nonce)
            requests[request]?.signed[record.actor] = statement
        }
        // By a person, for the customer, and by nobody for herself.
        guard record.data["stage"]?.is("customer") == true, record.actor.hasPrefix("PER-"),
            record.actor != requests[request]?.engineer
        else { return }
        requests[request]?.approved.insert(record.actor)
        requests[request]?.approvedAt = LogTime.instant(record.time) ?? 0
    }

    private static func request(of record: Record) throws(ApprovalFault) -> String {
        guard let request = record.request else { throw .record }
        return request
    }

    /// The rules that a record says.
    static func rules(_ told: [String: JSONValue], of record: Record) throws(ApprovalFault)
        -> Rules
    {
        guard let requireApproval = told["requireApproval"]?.flag,
            let needed = told["approvalsNeeded"]?.count,
            let version = record.data["version"]?.count
        else { throw .record }
        var coolingOff = ApprovalLimits.defaultCoolingOff
        if let text = told["coolingOff"] {
            guard let span = text.string.flatMap(LogTime.span) else { throw .record }
            coolingOff = span
        }
        // What is not known to be off asks for signatures.
        func isOn(_ name: String) -> Bool { told[name].map { !$0.is("off") } ?? false }
        return Rules(
            needsSignatures: isOn("signedApprovals"),
            needsSignedChanges: isOn("signedChanges"),
            needsApproval: requireApproval && record.data["licensed"]?.flag != false,
            needed: needed,
            coolingOff: coolingOff,
            version: version,
            told: told
        )
    }

    // MARK: - Keys

    private mutating func register(_ record: Record, _ kind: Key.Kind, id: String)
        throws(ApprovalFault)
    {
        guard let id = record.data[id]?.string, let person = record.data["person"]?.string,
            let time = LogTime.instant(record.time)
        else { throw .record }
        // From before passkeys said their bytes: it can sign in, and sign nothing.
        guard let publicKey = record.data["publicKey"]?.string else { return }
        guard known.insert(id).inserted else { throw .record }
        keys[id] = Key(
            id: id,
            kind: kind,
            person: person,
            publicKey: publicKey,
            label: record.texts["label"],
            addedAt: time,
            countsFrom: time + rules.coolingOff
        )
    }

    private mutating func confirm(_ record: Record) throws(ApprovalFault) {
        guard let id = record.data["key"]?.string, let key = keys[id] else {
            throw .keyUnknown
        }
        guard record.data["person"]?.is(key.person) == true, record.actor.hasPrefix("PER-"),
            record.actor != key.person,
            record.data["publicKey"]?.is(key.publicKey) == true
        else { throw .confirmation }
        keys[id]?.confirmedBy = key.confirmedBy ?? record.actor
    }

    // MARK: - Approvals

    /// The statement of an approval, if all of §5 holds of it. `record` may be one that is not in the
    /// log yet, and would come next.
    package func statement(signedBy record: Record) throws(ApprovalFault) -> ApprovalStatement {
        guard let text = record.texts["statement"], let signature = record.data["signature"] else {
            throw .incomplete
        }
        let statement = try ApprovalStatement(text)
        let version = record.data["version"]?.count ?? 0
        guard statement.request.isSame(as: record.request ?? ""),
            statement.policy == rules.version, statement.requestVersion == version - 1,
            requests[statement.request]?.engineer?.isSame(as: statement.engineer) == true
        else { throw .statementElsewhere }
        try check(statement, spelt: text, signature, of: record)
        return statement
    }

    /// The statement of who ended access for the customer, if all of §6 holds of it.
    package func revokeStatement(signedBy record: Record) throws(ApprovalFault) -> RevokeStatement {
        guard let text = record.data["statement"]?.string,
            let signature = record.data["signature"]
        else { throw .incomplete }
        let statement = try RevokeStatement(text)
        guard record.data["endedReason"]?.is("revoked") == true,
            statement.request.isSame(as: record.request ?? ""),
            statement.requestVersion == (record.data["version"]?.count ?? 0) - 1,
            requests[statement.request]?.engineer?.isSame(as: statement.engineer) == true
        else { throw .statementElsewhere }
        try check(statement, spelt: text, signature, of: record)
        return statement
    }

    /// Whether `record` says that it is signed, and by a statement of these rules that holds (§7).
    mutating func isSigned(_ record: Record, saying rules: [String: JSONValue]?)
        throws(ApprovalFault) -> Bool
    {
        guard record.isSaidToBeSigned else { return false }
        guard let text = record.data["statement"]?.string,
            let signature = record.data["signature"]
        else { throw .incomplete }
        let statement = try PolicyStatement(text)
        guard statement.policy == self.rules.version, let rules,
            JSONValue.object(statement.rules).isSame(as: .object(rules))
        else { throw .statementElsewhere }
        try check(statement, spelt: text, signature, of: record)
        nonces.insert(statement.nonce)
        return true
    }

    /// What holds of statements of every kind.
    private func check<Statement: SignedStatement>(
        _ statement: Statement,
        spelt text: String,
        _ signature: JSONValue,
        of record: Record
    ) throws(ApprovalFault) {
        guard statement.person.isSame(as: record.actor), statement.tenant.isSame(as: tenant),
            statement.logOrigin.hasSuffix("/v1/tenants/\(tenant)/log")
        else { throw .statementElsewhere }
        guard let issued = LogTime.instant(statement.issued),
            let time = LogTime.instant(record.time), issued <= time + ApprovalLimits.issuedAhead,
            statement.logSize <= record.index
        else { throw .statementTime }
        guard !nonces.contains(statement.nonce) else { throw .statementAgain }
        let made = try ApprovalSignature(signature)
        try made.check(
            over: Array(text.utf8),
            by: try publicKey(of: made, for: record),
            in: Statement.namespace
        )
    }

    /// Of a key that counts for the actor of `record`, when that was written.
    private func publicKey(of made: ApprovalSignature, for record: Record) throws(ApprovalFault)
        -> String
    {
        guard let key = keys[made.key], key.person.isSame(as: record.actor), key.kind == made.kind
        else { throw .keyUnknown }
        guard let time = LogTime.instant(record.time), key.counts(at: time) else {
            throw .keyTooNew
        }
        return key.publicKey
    }

    // MARK: - Grants

    private func check(grant record: Record, on request: Request?) throws(ApprovalFault) {
        guard let request, !request.isGranted else { throw .requestOver }
        switch record.data["basis"]?.string {
        case "policy": if rules.needsApproval { throw .basis }
        case "approval":
            let needed = max(1, rules.needed, request.asked)
            guard Int64(request.approved.count) >= needed else { throw .approvals }
            guard rules.needsSignatures else { return }
            var covering: Int64 = 0
            for statement in request.signed.values
            where try Self.covers(statement, record, approvedAt: request.approvedAt) {
                covering += 1
            }
            let unread = request.erased.subtracting(request.signed.keys)
            guard covering + Int64(unread.count) >= needed else { throw .quorum }
            guard covering >= needed, !record.erased.contains(where: { $0.hasPrefix("resource") })
            else { throw .erased }
        case _: throw .record
        }
    }

    /// Whether `statement` allows all that the grant of `record` gives, as far as that is still said.
    private static func covers(
        _ statement: ApprovalStatement,
        _ record: Record,
        approvedAt: Int64
    ) throws(ApprovalFault) -> Bool {
        guard let start = record.data["start"]?.string.flatMap(LogTime.instant),
            let end = record.data["end"]?.string.flatMap(LogTime.instant),
            case .array(let items) = record.data["resources"], !items.isEmpty
        else { throw .record }
        guard let duration = LogTime.span(statement.duration), end - start <= duration else {
            return false
        }
        let notBefore = statement.notBefore.flatMap(LogTime.instant)
        if let notBefore, start < notBefore { return false }
        // It begins with the approvals: not before them, and not once nobody expects it any more.
        guard start >= approvedAt - ApprovalLimits.issuedAhead,
            start <= max(approvedAt, notBefore ?? approvedAt) + ApprovalLimits.startsWithin
        else { return false }
        for (place, item) in items.enumerated() {
            guard let service = item.object?["service"]?.string,
                let actions = item.object?["actions"]?.strings
            else { throw .record }
            let (field, name) = ("resource\(place)", record.texts["resource\(place)"])
            guard name != nil || record.erased.contains(field) else { throw .record }
            let isCovered = statement.resources.contains { allowed in
                allowed.service.isSame(as: service)
                    && (name.map { allowed.name.isSame(as: $0) } ?? true)
                    && Set(actions).isSubset(of: allowed.actions)
            }
            guard isCovered else { return false }
        }
        return true
    }
}
