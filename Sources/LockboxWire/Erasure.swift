/// Texts of a tenant's log that shall go: exactly one of `records`, `request`, `supportRequest` and
/// `person` says which.
public struct NewErasure: Codable, Hashable, Sendable, KnownMembers {
    /// Places of records in the log.
    public var records: [UInt64]?
    /// Of these records only these texts; all if left out.
    public var fields: [String]?
    public var request: String?
    public var supportRequest: String?
    /// A person's identifier.
    public var person: String?
    public var reason: String

    public init(
        records: [UInt64]? = nil,
        fields: [String]? = nil,
        request: String? = nil,
        supportRequest: String? = nil,
        person: String? = nil,
        reason: String
    ) {
        self.records = records
        self.fields = fields
        self.request = request
        self.supportRequest = supportRequest
        self.person = person
        self.reason = reason
    }

    public static let members: Set<String> = [
        "records", "fields", "request", "supportRequest", "person", "reason",
    ]
}

/// What went.
public struct ErasureBody: Codable, Hashable, Sendable {
    /// How many texts; 0 where all had gone before.
    public var texts: Int
    /// How many records had them.
    public var records: Int

    public init(texts: Int, records: Int) {
        self.texts = texts
        self.records = records
    }
}

/// What would go.
public struct ErasurePreviewBody: Codable, Hashable, Sendable {
    /// How many texts.
    public var texts: Int
    /// Places of the records that have them, in order.
    public var records: [UInt64]
    /// Whether more would go than is told here.
    public var more: Bool
    /// Whether a person's name and addresses would go from the directory too.
    public var directory: Bool

    public init(texts: Int, records: [UInt64], more: Bool, directory: Bool) {
        self.texts = texts
        self.records = records
        self.more = more
        self.directory = directory
    }
}
