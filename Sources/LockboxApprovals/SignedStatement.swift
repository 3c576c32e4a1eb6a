package import LockboxWire
import MerkleLog

/// What every kind of statement says (docs/spec/approval-statement.md §1).
package protocol SignedStatement: Sendable {
    /// The value of `type`, and the namespace in which SSH keys sign it: a signature of one kind is
    /// none of another.
    static var namespace: String { get }

    /// Who signs.
    var person: String { get }
    /// When it was made, as the log spells instants.
    var issued: String { get }
    /// Line 1 of the checkpoints of the tenant's log.
    var logOrigin: String { get }
    /// How many records the log had.
    var logSize: UInt64 { get }
    var nonce: String { get }
    var tenant: String { get }
}

/// What somebody signs who ends access for the customer (docs/spec/approval-statement.md §1.2), read
/// from its bytes.
package struct RevokeStatement: SignedStatement, Hashable {
    package static let namespace = "lockbox-revoke"
    private static let members: Set<String> = [
        "engineer", "issued", "log", "nonce", "person", "request", "requestVersion", "tenant",
        "type", "v",
    ]

    package let person: String
    package let issued: String
    package let logOrigin: String
    package let logSize: UInt64
    package let nonce: String
    package let tenant: String
    package let engineer: String
    package let request: String
    package let requestVersion: Int64

    /// Throws for what is not canonical JSON with exactly the members of a statement, each well
    /// formed.
    package init(_ text: String) throws(ApprovalFault) {
        let said = try StatementMembers(text, type: Self.namespace, names: Self.members)
        (issued, nonce, tenant) = (said.issued, said.nonce, said.tenant)
        (logOrigin, logSize) = (said.logOrigin, said.logSize)
        person = try said.string("person")
        engineer = try said.string("engineer")
        request = try said.string("request")
        requestVersion = try said.count("requestVersion")
    }
}

/// What somebody signs who changes a tenant's rules, or agrees to that (docs/spec/approval-statement.md
/// §1.3), read from its bytes.
package struct PolicyStatement: SignedStatement, Hashable {
    package static let namespace = "lockbox-policy"
    private static let members: Set<String> = [
        "issued", "log", "nonce", "person", "policy", "rules", "tenant", "type", "v",
    ]

    package let person: String
    package let issued: String
    package let logOrigin: String
    package let logSize: UInt64
    package let nonce: String
    package let tenant: String
    /// The version of the rules in force before.
    package let policy: Int64
    /// All rules as they shall be, as records spell them.
    package let rules: [String: JSONValue]

    /// Throws for what is not canonical JSON with exactly the members of a statement, each well
    /// formed.
    package init(_ text: String) throws(ApprovalFault) {
        let said = try StatementMembers(text, type: Self.namespace, names: Self.members)
        (issued, nonce, tenant) = (said.issued, said.nonce, said.tenant)
        (logOrigin, logSize) = (said.logOrigin, said.logSize)
        person = try said.string("person")
        policy = try said.count("policy")
        guard let rules = said["rules"]?.object else { throw .statementMembers }
        self.rules = rules
    }
}

/// The members of a statement, which are exactly those of its kind, and what all kinds say.
struct StatementMembers {
    private let members: [String: JSONValue]
    let issued, logOrigin, nonce, tenant: String
    let logSize: UInt64

    init(_ text: String, type: String, names: Set<String>) throws(ApprovalFault) {
        guard text.utf8.count <= ApprovalLimits.statementBytes,
            case .success(let value) = Result(catching: {
                () throws(CanonicalJSONReader.Problem) in
                try CanonicalJSONReader.read(text.utf8)
            }), case .object(let members) = value
        else { throw .statementUnreadable }
        guard Set(members.keys) == names, members["v"] == .integer(1),
            members["type"]?.is(type) == true,
            let log = members["log"]?.object, Set(log.keys) == ["origin", "size"],
            let origin = log["origin"]?.string, let size = log["size"]?.count,
            let issued = members["issued"]?.string, LogTime.instant(issued) != nil,
            let nonce = members["nonce"]?.string,
            [UInt8](base64URL: nonce)?.count == ApprovalLimits.nonceBytes,
            let tenant = members["tenant"]?.string, !tenant.isEmpty
        else { throw .statementMembers }
        self.members = members
        (self.issued, self.nonce, self.tenant) = (issued, nonce, tenant)
        (logOrigin, logSize) = (origin, UInt64(size))
    }

    subscript(name: String) -> JSONValue? { members[name] }

    func string(_ name: String) throws(ApprovalFault) -> String {
        guard let text = members[name]?.string, !text.isEmpty else { throw .statementMembers }
        return text
    }

    func count(_ name: String) throws(ApprovalFault) -> Int64 {
        guard let number = members[name]?.count else { throw .statementMembers }
        return number
    }
}
