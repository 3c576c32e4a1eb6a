public import LockboxDomain

/// A local password as it is kept, and the failures since the last success.
public struct PasswordRecord: Hashable, Sendable {
    /// The hash with its algorithm, parameters and salt.
    public var encoded: String
    public var failures: Int
    public var lockedUntil: Timestamp?

    public init(encoded: String, failures: Int = 0, lockedUntil: Timestamp? = nil) {
        self.encoded = encoded
        self.failures = failures
        self.lockedUntil = lockedUntil
    }
}

/// Local passwords.
public protocol SignInRecords {
    func password(of person: PersonID) throws -> PasswordRecord?
    /// Inserts or replaces.
    func save(_ password: PasswordRecord, of person: PersonID) throws
}

/// API tokens, by the hash of their secret.
public protocol TokenRecords {
    /// `secretHash` is SHA-256 of the token.
    func insert(_ token: APIToken, secretHash: [UInt8]) throws
    /// Nil if unknown or revoked. The caller checks the expiry.
    func token(secretHash: [UInt8]) throws -> APIToken?
    /// Not revoked, in order of creation.
    func tokens(of person: PersonID) throws -> [APIToken]
    func revokeToken(_ id: TokenID, at now: Timestamp) throws
}

/// A write that was carried out, so that its retry finds the first outcome instead of doing it twice.
public struct CommandRecord: Hashable, Sendable {
    public let person: PersonID
    /// The caller's `Idempotency-Key`.
    public let key: String
    /// SHA-256 over method, path and body.
    public let payloadHash: [UInt8]
    /// What it made or changed, such as the request's identifier.
    public let subject: String
    public let at: Timestamp

    public init(person: PersonID, key: String, payloadHash: [UInt8], subject: String, at: Timestamp) {
        self.person = person
        self.key = key
        self.payloadHash = payloadHash
        self.subject = subject
        self.at = at
    }
}

/// Which writes were carried out already.
public protocol CommandRecords {
    func command(of person: PersonID, key: String) throws -> CommandRecord?
    func insert(_ command: CommandRecord) throws
}
