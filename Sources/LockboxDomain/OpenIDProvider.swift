/// The OpenID provider where an organisation's people sign in, and what Lockbox is to it (OpenID
/// Connect Core 1.0).
public struct OpenIDProvider: Hashable, Sendable {
    /// How Lockbox shows who it is when it asks for a token (OpenID Connect Core §9).
    public enum ClientAuthentication: String, CaseIterable, Hashable, Sendable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        /// Signed with the keys that this server publishes.
        case privateKey = "private_key_jwt"
        /// Nothing but PKCE (RFC 7636).
        case none
    }

    /// Where a client's secret is kept.
    public enum ClientSecret: Hashable, Sendable {
        /// In a file of the operator's.
        case file(String)
        /// Here, sealed with a key of the installation's.
        case sealed([UInt8])
    }

    /// Compared byte by byte with what the provider calls itself.
    public let issuer: String
    public let clientID: String
    public let authentication: ClientAuthentication
    /// Where its secret is; nil where none is used.
    public let clientSecret: ClientSecret?
    /// Of how somebody has signed in before she decides, one of these; empty where any will do.
    public let acrValues: [String]
    /// Whether addresses count of which the provider does not say that it verified them.
    public let trustsAddresses: Bool
    /// Nil where roles are kept here, and the provider has no say in them.
    public let roles: ClaimedRoles?

    public init(
        issuer: String,
        clientID: String,
        authentication: ClientAuthentication,
        clientSecret: ClientSecret?,
        acrValues: [String] = [],
        trustsAddresses: Bool = false,
        roles: ClaimedRoles? = nil
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.authentication = authentication
        self.clientSecret = clientSecret
        self.acrValues = acrValues
        self.trustsAddresses = trustsAddresses
        self.roles = roles
    }

    /// An issuer without its scheme, as people read it.
    public static func shownName(_ issuer: String) -> String {
        guard let colon = issuer.firstRange(of: "://") else { return issuer }
        return String(issuer[colon.upperBound...])
    }
}

/// Which roles somebody has by what her OpenID provider says of her, each time that she signs in.
public struct ClaimedRoles: Hashable, Sendable {
    /// The claim of the ID token, a text or a list of texts, such as the groups that she is in.
    public let claim: String
    /// What each of its values gives; another gives nothing.
    public let roles: [String: Roles]

    public init(claim: String, roles: [String: Roles]) {
        self.claim = claim
        self.roles = roles
    }

    /// Those of somebody for whom the claim has these values.
    public func roles(for values: [String]) -> Roles {
        values.reduce(into: []) { $0.formUnion(roles[$1] ?? []) }
    }
}

/// How the people of one organisation sign in.
public struct SignInSettings: Hashable, Sendable {
    public var provider: OpenIDProvider?
    /// Whether passwords count that are kept here.
    public var allowsPasswords: Bool
    /// Whether passkeys count that are kept here.
    public var allowsPasskeys: Bool
    /// Of the provider's own people, whose addresses lead there; nil for a tenant, whose own domains
    /// say it.
    public var domains: [DomainName]?
    /// Until then passwords count though they are forbidden, because the provider cannot be reached.
    public var recoveryUntil: Timestamp?

    public static let passwords = SignInSettings(provider: nil, allowsPasswords: true)

    /// Where nothing is said, passkeys count where passwords do: else they would be a way around the
    /// organisation's own provider.
    public init(
        provider: OpenIDProvider?,
        allowsPasswords: Bool,
        allowsPasskeys: Bool? = nil,
        domains: [DomainName]? = nil
    ) {
        self.provider = provider
        self.allowsPasswords = allowsPasswords
        self.allowsPasskeys = allowsPasskeys ?? allowsPasswords
        self.domains = domains
    }

    /// Until when a password lets in at `now`, where that is for a while alone: what it opens must not
    /// last longer.
    public func passwordsEnd(at now: Timestamp) -> Timestamp? {
        allowsPasswords ? nil : recoveryUntil.flatMap { now < $0 ? $0 : nil }
    }

    /// Whether passwords count at `now`.
    public func takesPasswords(at now: Timestamp) -> Bool {
        allowsPasswords || recoveryUntil.map { now < $0 } ?? false
    }
}
