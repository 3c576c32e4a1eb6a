/// An API token's record; the token itself is shown once and kept only as a hash. A sign-in at a command
/// line is one too, whose access tokens are short and follow each other (`Login`).
public struct APIToken: Identified, Hashable, Sendable {
    public static let idPrefix = "TOK"

    public let id: TokenID
    public let person: PersonID
    public let label: String
    public let scopes: TokenScopes
    /// Where it can be used from; anywhere if this is empty.
    public let addresses: [AddressRange]
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?
    /// The last use that is written down.
    public var lastUse: LastUse?
    /// Nil where the token itself is what its owner shows.
    public var login: Login?

    /// How long a sign-in at a command line goes on.
    public struct Login: Hashable, Sendable {
        /// Until when the access token is good that was given last.
        public let accessEndsAt: Timestamp
        /// When all is over unless the refresh token is used before.
        public let idleEndsAt: Timestamp

        public init(accessEndsAt: Timestamp, idleEndsAt: Timestamp) {
            self.accessEndsAt = accessEndsAt
            self.idleEndsAt = idleEndsAt
        }
    }

    /// When and from where a token was used.
    public struct LastUse: Hashable, Sendable {
        public let at: Timestamp
        /// Nil where the other end had no address that can be read.
        public let from: AddressRange?

        public init(at: Timestamp, from: AddressRange?) {
            self.at = at
            self.from = from
        }
    }

    public init(
        id: TokenID,
        person: PersonID,
        label: String,
        scopes: TokenScopes,
        addresses: [AddressRange] = [],
        createdAt: Timestamp,
        expiresAt: Timestamp?,
        lastUse: LastUse? = nil,
        login: Login? = nil
    ) {
        self.id = id
        self.person = person
        self.label = label
        self.scopes = scopes
        self.addresses = addresses
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUse = lastUse
        self.login = login
    }

    /// Whether it has not expired at `now`; it may be revoked all the same.
    public func isValid(at now: Timestamp) -> Bool {
        (expiresAt.map { now < $0 } ?? true) && (login.map { now < $0.idleEndsAt } ?? true)
    }

    /// Whether it can be used from `address`, nil where that is not known.
    public func isValid(from address: AddressRange?) -> Bool {
        addresses.isEmpty || address.map { one in addresses.contains { $0.contains(one) } } ?? false
    }
}
