/// One line of a batch of operations, as the text `operations` of a record `access.operations` has
/// it (canonical JSON, RFC 8785).
public struct OperationLine: Codable, Hashable, Sendable {
    /// When it was recorded, which is before it went on; of a statement that was read from a server's
    /// log, when the server began it.
    public var at: String
    public var credential: String
    public var resource: String
    /// `read` or `write`.
    public var action: String
    public var method: String?
    /// With the query.
    public var path: String?
    public var statement: String?
    /// The database that the statement was run in.
    public var database: String?
    /// What the server says to the statement, such as the values of its parameters.
    public var detail: String?
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
        database: String? = nil,
        detail: String? = nil,
        length: Int? = nil
    ) {
        self.at = at
        self.credential = credential
        self.resource = resource
        self.action = action
        self.method = method
        self.path = path
        self.statement = statement
        self.database = database
        self.detail = detail
        self.length = length
    }
}
