/// What a command line is given to act with (RFC 6749 §5.1).
public struct LoginTokens: Codable, Hashable, Sendable {
    public var accessToken: String
    public var tokenType: String
    /// Seconds for which the access token is good.
    public var expiresIn: Int64
    /// Good once, for the next of both.
    public var refreshToken: String
    /// The names of the scopes, with spaces between.
    public var scope: String

    public init(accessToken: String, expiresIn: Int64, refreshToken: String, scope: String) {
        self.accessToken = accessToken
        tokenType = "Bearer"
        self.expiresIn = expiresIn
        self.refreshToken = refreshToken
        self.scope = scope
    }

    private enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case refreshToken = "refresh_token"
        case scope
    }
}

extension LoginTokens: CustomStringConvertible, CustomReflectable {
    /// Never the tokens, in no log and no dump.
    public var description: String { "tokens for \(scope)" }

    public var customMirror: Mirror { Mirror(self, children: ["scope": scope]) }
}

/// What a command line without a browser shows and asks with (RFC 8628 §3.2).
public struct DeviceAuthorization: Codable, Hashable, Sendable {
    /// For the command line alone.
    public var deviceCode: String
    /// What a person types on the page.
    public var userCode: String
    public var verificationURI: String
    /// Seconds for which both codes are good.
    public var expiresIn: Int64
    /// Seconds to wait between two questions.
    public var interval: Int64

    public init(
        deviceCode: String,
        userCode: String,
        verificationURI: String,
        expiresIn: Int64,
        interval: Int64
    ) {
        self.deviceCode = deviceCode
        self.userCode = userCode
        self.verificationURI = verificationURI
        self.expiresIn = expiresIn
        self.interval = interval
    }

    private enum CodingKeys: String, CodingKey {
        case deviceCode = "device_code"
        case userCode = "user_code"
        case verificationURI = "verification_uri"
        case expiresIn = "expires_in"
        case interval
    }
}

extension DeviceAuthorization: CustomStringConvertible, CustomReflectable {
    /// Never the codes, in no log and no dump.
    public var description: String { "codes for \(verificationURI)" }

    public var customMirror: Mirror { Mirror(self, children: ["verificationURI": verificationURI]) }
}

/// The form in which the OAuth endpoints refuse (RFC 6749 §5.2).
public struct OAuthProblem: Error, Codable, Hashable, Sendable {
    public var error: String
    public var description: String?

    public init(error: String, description: String?) {
        self.error = error
        self.description = description
    }

    private enum CodingKeys: String, CodingKey {
        case error
        case description = "error_description"
    }
}

/// Where a server's OAuth endpoints are, as far as a command line needs them (RFC 8414 §2).
public struct OAuthServer: Decodable, Hashable, Sendable {
    public var issuer: String
    public var authorizationEndpoint: String

    private enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
    }
}
