/// Access that nobody granted, as a look at a service found it.
public struct UnknownAccess: Hashable, Sendable {
    /// What is wrong with it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Lockbox gave out no such login name.
        case unknown
        /// It goes on, and is not as Lockbox made it.
        case altered
        /// Open again after the service confirmed that nothing is left.
        case reopened
    }

    /// Whose data it reaches.
    public let tenant: TenantID
    public let service: ServiceID
    /// In ASCII that can be shown, cut at a length: somebody else chose it.
    public let loginName: String
    public let kind: Kind
    /// What about it is not as Lockbox makes access, in an operator's words, of ASCII too; nil where
    /// nothing is.
    public let oddity: String?
    /// Whether it was closed, and the service shows nothing of it any more.
    public let isClosed: Bool

    public init(
        tenant: TenantID,
        service: ServiceID,
        loginName: String,
        kind: Kind,
        oddity: String?,
        isClosed: Bool
    ) {
        self.tenant = tenant
        self.service = service
        self.loginName = loginName
        self.kind = kind
        self.oddity = oddity
        self.isClosed = isClosed
    }
}
