/// One line of a batch of operations, as the text `operations` of a record `access.operations` has
/// it (canonical JSON, RFC 8785).
public struct OperationLine: Codable, Hashable, Sendable {
    /// When it was recorded, which is before it went on.
    public var at: String
    public var credential: String
    public var resource: String
    /// `read` or `write`.
    public var action: String
    public var method: String?
    /// With the query.
    public var path: String?
    public var statement: String?
    /// Of the whole path or statement in bytes, where only its beginning is kept.
    public var length: Int?

    public init(
        at: String,
        credential: String,
        resource: String,
        action: String,
        method: String? = nil,
        path: String? = nil,
        statement: String? = nil,
        length: Int? = nil
    ) {
        self.at = at
        self.credential = credential
        self.resource = resource
        self.action = action
        self.method = method
        self.path = path
        self.statement = statement
        self.length = length
    }
}
