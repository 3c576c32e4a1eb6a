public import LockboxDomain

/// A local password as it is kept, and the failures of all who tried it.
public struct PasswordRecord: Hashable, Sendable {
    /// The hash with its algorithm, parameters and salt.
    public var encoded: String
    public var failures: Int
    /// When counting them began.
    public var failuresSince: Timestamp?
    public var lockedUntil: Timestamp?

    public init(
        encoded: String,
        failures: Int = 0,
        failuresSince: Timestamp? = nil,
        lockedUntil: Timestamp? = nil
    ) {
        self.encoded = encoded
        self.failures = failures
        self.failuresSince = failuresSince
        self.lockedUntil = lockedUntil
    }
}

/// One place from which somebody tried to sign in to one account.
public struct SignInClient: Hashable, Sendable {
    /// Since the last success from there.
    public var failures: Int
    public var heldUntil: Timestamp?
    /// When the person last signed in from there; nil where that is not remembered.
    public var succeededAt: Timestamp?
    /// When it may be forgotten.
    public var keptUntil: Timestamp

    public init(
        failures: Int = 0,
        heldUntil: Timestamp? = nil,
        succeededAt: Timestamp? = nil,
        keptUntil: Timestamp
    ) {
        self.failures = failures
        self.heldUntil = heldUntil
        self.succeededAt = succeededAt
        self.keptUntil = keptUntil
    }
}

/// Local passwords, and where they were tried from. A client stands there as a hash of 32 bytes.
public protocol SignInRecords {
    func password(of person: PersonID) throws -> PasswordRecord?
    /// Inserts or replaces.
    func save(_ password: PasswordRecord, of person: PersonID) throws
    func signInClient(_ hash: [UInt8], of person: PersonID) throws -> SignInClient?
    /// Inserts or replaces.
    func save(_ client: SignInClient, _ hash: [UInt8], of person: PersonID) throws
    /// Whether `person` has signed in from any browser since then.
    func hasSignedIn(_ person: PersonID, since: Timestamp) throws -> Bool
    func forgetSignInClients(of person: PersonID) throws
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
    /// Writes down when and from where it was used, unless a later use is or it is revoked.
    func touch(_ id: TokenID, _ use: APIToken.LastUse) throws
}

/// A write that was carried out, so that its retry finds the first outcome instead of doing it
/// twice.
public struct CommandRecord: Hashable, Sendable {
    public let person: PersonID
    /// The caller's `Idempotency-Key`.
    public let key: String
    /// SHA-256 over method, path and body.
    public let payloadHash: [UInt8]
    /// What it made or changed, such as the request's identifier.
    public let subject: String
    public let at: Timestamp

    public init(person: PersonID, key: String, payloadHash: [UInt8], subject: String, at: Timestamp)
    {
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
