/// A person's stay at the portal in one browser; its secret is kept only as a hash.
public struct Session: Identified, Hashable, Sendable {
    public static let idPrefix = "SES"

    public let id: SessionID
    public let person: PersonID
    public let createdAt: Timestamp
    public var lastSeenAt: Timestamp
    /// When she last showed who she is.
    public var confirmedAt: Timestamp
    /// Over at this instant, however busy it is.
    public let expiresAt: Timestamp
    /// The OpenID provider where she signed in; nil where it was with a password or a passkey.
    public let issuer: String?
    /// What the provider calls her session there, if it says.
    public let issuerSession: String?
    /// The passkey that she signed in with, if it was one.
    public let passkey: PasskeyID?

    public init(
        id: SessionID,
        person: PersonID,
        createdAt: Timestamp,
        lastSeenAt: Timestamp,
        confirmedAt: Timestamp,
        expiresAt: Timestamp,
        issuer: String? = nil,
        issuerSession: String? = nil,
        passkey: PasskeyID? = nil
    ) {
        self.id = id
        self.person = person
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
        self.confirmedAt = confirmedAt
        self.expiresAt = expiresAt
        self.issuer = issuer
        self.issuerSession = issuerSession
        self.passkey = passkey
    }
}

public typealias SessionID = ID<Session>
