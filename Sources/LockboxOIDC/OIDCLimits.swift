package import LockboxDomain

/// The bounds of what is taken from an OpenID provider.
package enum OIDCLimits {
    /// Bytes of an answer, and how long one may take.
    static let answerBytes = 256 * 1024
    static let answerTime = TimeSpan.seconds(5)
    /// Bytes of an ID token or logout token.
    static let tokenBytes = 64 * 1024
    /// Keys of one provider.
    static let keys = 100
    /// By how much the provider's clock may differ from this machine's.
    static let leeway = TimeSpan.seconds(60)
    /// How long ago a logout token may have been made.
    static let logoutAge = TimeSpan.minutes(10)
    /// How long a sign-in may take, from our page to coming back.
    package static let attempt = TimeSpan.minutes(10)
    /// How long metadata and keys are good, and how long keys are when no newer ones can be had.
    static let fresh = TimeSpan.minutes(10)
    static let keysKept = TimeSpan.days(1)
    /// How often an unknown key, or a provider that failed, is asked about.
    static let retry = TimeSpan.seconds(30)
    /// Bytes of an issuer, a subject (OpenID Connect Core §2) and an authorization code.
    package static let issuerLength = 1...512
    static let subjectLength = 1...255
    package static let codeBytes = 8 * 1024
    /// OpenID providers that are remembered.
    static let providers = 1000
}
