package import LockboxWire
import MerkleLog

/// What an approver signs (docs/spec/approval-statement.md §1), read from its bytes.
package struct ApprovalStatement: SignedStatement, Hashable {
    package static let namespace = "lockbox-approval"

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

    package var person: String { approver }

    /// Throws for what is not canonical JSON with exactly the members of a statement, each well
    /// formed.
    package init(_ text: String) throws(ApprovalFault) {
        let said = try StatementMembers(text, type: Self.namespace, names: Self.members)
        guard said["decision"]?.is("approve") == true, said["end"]?.is("afterDuration") == true
        else { throw .statementMembers }
        approver = try said.string("approver")
        duration = try said.string("duration")
        engineer = try said.string("engineer")
        (issued, nonce, tenant) = (said.issued, said.nonce, said.tenant)
        (logOrigin, logSize) = (said.logOrigin, said.logSize)
        policy = try said.count("policy")
        quorum = try said.count("quorum")
        request = try said.string("request")
        requestVersion = try said.count("requestVersion")
        resources = try Self.resources(said["resources"])
        let start = try said.string("start")
        notBefore = start.isSame(as: "onApproval") ? nil : start
        guard LogTime.span(duration) != nil, notBefore.map({ LogTime.instant($0) != nil }) ?? true
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

    /// Texts byte by byte.
    package func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let one), .string(let other)): one.isSame(as: other)
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0.isSame(as: $1) }
        case (.object(let one), .object(let other)):
            one.count == other.count
                && one.allSatisfy { name, value in other[name]?.isSame(as: value) == true }
        case (.null, _), (.bool, _), (.integer, _), (.string, _), (.array, _), (.object, _):
            self == other
        }
    }
}

extension String {
    /// Byte by byte: to Swift, two spellings of one character are one text.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
