import LockboxWire
import MerkleLog

/// What an approver signs (docs/spec/approval-statement.md §1), read from its bytes.
package struct ApprovalStatement: Hashable, Sendable {
    /// One resource and what may be done to it.
    package struct Resource: Hashable, Sendable {
        package let service: String
        /// What the service calls such a thing.
        package let kind: String
        package let name: String
        package let actions: [String]
    }

    package let approver: String
    /// How long access lasts, as ISO 8601 says it.
    package let duration: String
    package let engineer: String
    /// When it was made, as the log spells instants.
    package let issued: String
    /// Line 1 of the checkpoints of the tenant's log.
    package let logOrigin: String
    /// How many records the log had.
    package let logSize: UInt64
    package let nonce: String
    /// The version of the tenant's rules.
    package let policy: Int64
    package let quorum: Int64
    package let request: String
    package let requestVersion: Int64
    package let resources: [Resource]
    /// Before which access does not start; nil if it starts on approval.
    package let notBefore: String?
    package let tenant: String

    /// Throws for what is not canonical JSON with exactly the members of a statement, each well
    /// formed.
    package init(_ text: String) throws(ApprovalFault) {
        guard text.utf8.count <= ApprovalLimits.statementBytes,
            case .success(let value) = Result(catching: {
                () throws(CanonicalJSONReader.Problem) in
                try CanonicalJSONReader.read(text.utf8)
            }), case .object(let members) = value
        else { throw .statementUnreadable }
        guard Set(members.keys) == Self.members, members["v"] == .integer(1),
            members["type"]?.is("lockbox-approval") == true,
            members["decision"]?.is("approve") == true,
            members["end"]?.is("afterDuration") == true,
            let log = members["log"]?.object, Set(log.keys) == ["origin", "size"],
            let size = log["size"]?.count, let start = members["start"]?.string
        else { throw .statementMembers }
        func string(_ name: String) throws(ApprovalFault) -> String {
            guard let text = members[name]?.string, !text.isEmpty else { throw .statementMembers }
            return text
        }
        func count(_ name: String) throws(ApprovalFault) -> Int64 {
            guard let number = members[name]?.count else { throw .statementMembers }
            return number
        }
        approver = try string("approver")
        duration = try string("duration")
        engineer = try string("engineer")
        issued = try string("issued")
        guard let origin = log["origin"]?.string else { throw .statementMembers }
        logOrigin = origin
        logSize = UInt64(size)
        nonce = try string("nonce")
        policy = try count("policy")
        quorum = try count("quorum")
        request = try string("request")
        requestVersion = try count("requestVersion")
        resources = try Self.resources(members["resources"])
        notBefore = start.isSame(as: "onApproval") ? nil : start
        tenant = try string("tenant")
        guard LogTime.instant(issued) != nil, LogTime.span(duration) != nil,
            [UInt8](base64URL: nonce)?.count == ApprovalLimits.nonceBytes,
            notBefore.map({ LogTime.instant($0) != nil }) ?? true
        else { throw .statementMembers }
    }

    /// How many milliseconds an ISO 8601 duration says; nil for what no statement may say (§1).
    package static func span(_ duration: String) -> Int64? { LogTime.span(duration) }

    private static let members: Set<String> = [
        "approver", "decision", "duration", "end", "engineer", "issued", "log", "nonce", "policy",
        "quorum", "request", "requestVersion", "resources", "start", "tenant", "type", "v",
    ]

    private static func resources(_ value: JSONValue?) throws(ApprovalFault) -> [Resource] {
        guard case .array(let items) = value, !items.isEmpty else { throw .statementMembers }
        var resources: [Resource] = []
        for item in items {
            guard let members = item.object,
                Set(members.keys) == ["actions", "kind", "name", "service"],
                let service = members["service"]?.string, let kind = members["kind"]?.string,
                let name = members["name"]?.string, let actions = members["actions"]?.strings,
                !actions.isEmpty
            else { throw .statementMembers }
            resources.append(.init(service: service, kind: kind, name: name, actions: actions))
        }
        return resources
    }
}

/// How large what is looked at may be.
package enum ApprovalLimits {
    /// A statement with as many resources as a request may have, with long names; and in quotes it
    /// fits into a body of the API.
    package static let statementBytes = 48 * 1024
    package static let nonceBytes = 16
    /// By how much a statement may be ahead of the record that has it.
    package static let issuedAhead: Int64 = 2 * 60_000
    /// How long after the approvals access may begin, in milliseconds, where no later start was signed.
    static let startsWithin: Int64 = 15 * 60_000
    /// The cooling-off of rules from before they said one.
    static let defaultCoolingOff: Int64 = 24 * 3_600_000
    static let sshSignatureBytes = 4096
}

extension JSONValue {
    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A whole number that is not negative.
    var count: Int64? {
        guard case .integer(let number) = self, number >= 0 else { return nil }
        return number
    }

    var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    var object: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// A list of texts and of nothing else.
    var strings: [String]? {
        guard case .array(let items) = self else { return nil }
        let texts = items.compactMap(\.string)
        return texts.count == items.count ? texts : nil
    }

    func `is`(_ text: String) -> Bool { string?.isSame(as: text) ?? false }
}

extension String {
    /// Byte by byte: to Swift, two spellings of one character are one text.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
