/// Who a caller is to the outside: the issuer of the sign-in and the subject there (OpenID Connect
/// Core §5.7). Local sign-in uses the issuer `local` and the canonical e-mail address.
public struct Identity: Hashable, Sendable {
    public static let localIssuer = "local"

    public let issuer: String
    public let subject: String

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }

    public init(local address: EmailAddress) {
        self.init(issuer: Self.localIssuer, subject: address.canonical)
    }
}
