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

    /// Compared byte by byte with what the provider calls itself.
    public let issuer: String
    public let clientID: String
    public let authentication: ClientAuthentication
    /// Nil where none is used.
    public let clientSecretFile: String?
    /// Of how somebody has signed in before she decides, one of these; empty where any will do.
    public let acrValues: [String]
    /// Whether addresses count of which the provider does not say that it verified them.
    public let trustsAddresses: Bool

    public init(
        issuer: String,
        clientID: String,
        authentication: ClientAuthentication,
        clientSecretFile: String?,
        acrValues: [String] = [],
        trustsAddresses: Bool = false
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.authentication = authentication
        self.clientSecretFile = clientSecretFile
        self.acrValues = acrValues
        self.trustsAddresses = trustsAddresses
    }

    /// An issuer without its scheme, as people read it.
    public static func shownName(_ issuer: String) -> String {
        guard let colon = issuer.firstRange(of: "://") else { return issuer }
        return String(issuer[colon.upperBound...])
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
}
