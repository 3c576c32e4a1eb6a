/// A person's stay at the portal in one browser; its secret is kept only as a hash.
public struct Session: Identified, Hashable, Sendable {
    public static let idPrefix = "SES"

    public let id: SessionID
    public let person: PersonID
    public let createdAt: Timestamp
    public var lastSeenAt: Timestamp
    /// When the password was last given.
    public var confirmedAt: Timestamp
    /// Over at this instant, however busy it is.
    public let expiresAt: Timestamp

    public init(
        id: SessionID,
        person: PersonID,
        createdAt: Timestamp,
        lastSeenAt: Timestamp,
        confirmedAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.person = person
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
        self.confirmedAt = confirmedAt
        self.expiresAt = expiresAt
    }
}

public typealias SessionID = ID<Session>
