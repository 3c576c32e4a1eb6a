/// What the engineer presents to a service for one resource; its secret is shown once and kept only
/// as a hash.
public struct Credential: Identified, Hashable, Sendable {
    public static let idPrefix = "CRD"

    public let id: CredentialID
    public let request: AccessRequestID
    public let grant: GrantID
    public let tenant: TenantID
    public let engineer: PersonID
    public let resource: Resource
    public let actions: Actions
    /// The login name at the service. It is the grant's own, so that ending this access touches
    /// nobody else's.
    public let username: String
    public let issuedAt: Timestamp
    /// Never after the grant's end.
    public let expiresAt: Timestamp
    public var revokedAt: Timestamp?

    public init(
        id: CredentialID,
        request: AccessRequestID,
        grant: GrantID,
        tenant: TenantID,
        engineer: PersonID,
        resource: Resource,
        actions: Actions,
        username: String,
        issuedAt: Timestamp,
        expiresAt: Timestamp,
        revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.request = request
        self.grant = grant
        self.tenant = tenant
        self.engineer = engineer
        self.resource = resource
        self.actions = actions
        self.username = username
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }

    /// Whether `now` lies in its time.
    public func covers(_ now: Timestamp) -> Bool { issuedAt <= now && now < expiresAt }
}
