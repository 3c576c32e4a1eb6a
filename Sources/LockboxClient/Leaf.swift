package import LockboxWire
package import MerkleLog

/// What a log entry says: the content of its canonical JSON.
package struct Leaf: Hashable, Sendable {
    /// Which log it is of: `provider`, or `tenant:` and the tenant's identifier.
    package let log: String
    package let index: UInt64
    package let time: String
    package let activity: String
    package let actor: String
    package let request: String?
    package let data: [String: JSONValue]
    /// By field; each commits to a text that is kept beside the log.
    package let commitments: [String: SaltedCommitment]

    /// Why bytes are not a leaf.
    package enum Problem: Error, Hashable, Sendable {
        /// It has more bytes than `LogLimits.entryBytes`.
        case tooLong
        /// It has a member that entries do not have.
        case foreign(String)
        case notCanonical(offset: Int)
        /// The member is missing or of a wrong type.
        case member(String)
        case unknownVersion
    }

    private static let members: Set<String> = [
        "v", "log", "index", "time", "activity", "actor", "request", "data", "commitments",
    ]

    package init(bytes: some Collection<UInt8>) throws(Problem) {
        guard bytes.count <= LogLimits.entryBytes else { throw .tooLong }
        let value: JSONValue
        do { value = try CanonicalJSONReader.read(bytes) } catch {
            throw .notCanonical(offset: error.offset)
        }
        guard case .object(let members) = value else { throw .notCanonical(offset: 0) }
        guard members["v"] == .integer(1) else { throw .unknownVersion }
        if let foreign = members.keys.filter({ !Self.members.contains($0) }).min() {
            throw .foreign(foreign)
        }
        func string(_ name: String) throws(Problem) -> String {
            guard case .string(let text) = members[name] else { throw .member(name) }
            return text
        }
        guard case .integer(let number) = members["index"], let index = UInt64(exactly: number)
        else {
            throw .member("index")
        }
        guard case .object(let data) = members["data"] else { throw .member("data") }
        guard case .object(let committed) = members["commitments"] else {
            throw .member("commitments")
        }
        var commitments: [String: SaltedCommitment] = [:]
        for (field, value) in committed {
            guard case .string(let text) = value, let commitment = SaltedCommitment(base64: text)
            else {
                throw .member("commitments.\(field)")
            }
            commitments[field] = commitment
        }
        self.log = try string("log")
        self.index = index
        self.time = try string("time")
        self.activity = try string("activity")
        self.actor = try string("actor")
        self.request = members["request"] == nil ? nil : try string("request")
        self.data = data
        self.commitments = commitments
    }

    /// The log that an origin of Lockbox's stands for: `host/v1/tenants/contoso/log` is of
    /// `tenant:contoso`.
    package static func logName(ofOrigin origin: String) -> String? {
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        if parts.suffix(3) == ["v1", "provider", "log"] { return "provider" }
        guard parts.count > 4, parts.last == "log", parts.suffix(4).prefix(2) == ["v1", "tenants"],
            !parts[parts.count - 2].isEmpty
        else { return nil }
        return "tenant:\(parts[parts.count - 2])"
    }
}

extension Leaf.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong: "it has more than \(LogLimits.entryBytes) bytes"
        case .foreign(let name): "it has a member that entries do not have: \(name)"
        case .notCanonical(let offset): "it is not canonical JSON at byte \(offset)"
        case .member(let name): "its member \(name) is missing or of a wrong type"
        case .unknownVersion: "it is of a version that this program does not know"
        }
    }
}
