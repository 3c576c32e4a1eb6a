/// An API token's record; the token itself is shown once and kept only as a hash.
public struct APIToken: Identified, Hashable, Sendable {
    public static let idPrefix = "TOK"

    public let id: TokenID
    public let person: PersonID
    public let label: String
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?

    public init(
        id: TokenID,
        person: PersonID,
        label: String,
        createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.person = person
        self.label = label
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// Whether it has not expired at `now`; it may be revoked all the same.
    public func isValid(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }
}
