public import LockboxDomain

/// Lets a browser in at the gateway of a service, without a secret in any address.
public protocol BrowserCodes: Sendable {
    /// A code that stands for `credential`, whose secret is `secret`. It is good once, for a minute
    /// at most, and at the gateway of the credential's service alone.
    func code(for credential: Credential, secret: String) -> String
}
