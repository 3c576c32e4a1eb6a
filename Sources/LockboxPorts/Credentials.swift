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

/// What the secrets of a login that were given last are known by: SHA-256 of each.
public struct LoginHashes: Hashable, Sendable {
    public let access: [UInt8]
    public let refresh: [UInt8]

    public init(access: [UInt8], refresh: [UInt8]) {
        self.access = access
        self.refresh = refresh
    }
}

/// API tokens, by the hash of their secret.
public protocol TokenRecords {
    /// `secretHash` is SHA-256 of the token; of a login, of what all its refresh tokens have in
    /// common, and nothing opens with that.
    func insert(_ token: APIToken, secretHash: [UInt8]) throws
    /// Nil if unknown or revoked, or a login. The caller checks the expiry.
    func token(secretHash: [UInt8]) throws -> APIToken?
    /// The login whose latest access token this is; nil if unknown or revoked. The caller checks when
    /// that token ends.
    func login(accessHash: [UInt8]) throws -> APIToken?
    /// The login with this part of its refresh tokens, and the hash of the latest of them; nil if unknown
    /// or revoked. The caller checks the expiry.
    func login(secretHash: [UInt8]) throws -> (token: APIToken, refreshHash: [UInt8])?
    /// Writes down which secrets a login has now; those before are good for nothing.
    func renew(_ id: TokenID, _ login: APIToken.Login, _ hashes: LoginHashes) throws
    /// Not revoked, in order of creation.
    func tokens(of person: PersonID) throws -> [APIToken]
    func revokeToken(_ id: TokenID, at now: Timestamp) throws
    /// Writes down when and from where it was used, unless a later use is or it is revoked.
    func touch(_ id: TokenID, _ use: APIToken.LastUse) throws
}

/// Command lines that ask to act for somebody, by the hash of what they show for it.
public protocol LoginRequestRecords {
    /// `secretHash` is SHA-256 of the code that the command line shows, `userCodeHash` of the one that
    /// a person types, where there is one.
    func insert(_ request: LoginRequest, secretHash: [UInt8], userCodeHash: [UInt8]?) throws
    func loginRequest(secretHash: [UInt8]) throws -> LoginRequest?
    func loginRequest(userCodeHash: [UInt8]) throws -> LoginRequest?
    /// Writes down how far it has come.
    func update(_ request: LoginRequest) throws
    /// How many command lines without a browser could still be allowed to go on at `now`.
    func deviceLoginsWaiting(at now: Timestamp) throws -> Int
    /// What `person` has allowed and no command line has fetched yet is denied.
    func denyLoginRequests(allowedBy person: PersonID) throws
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
