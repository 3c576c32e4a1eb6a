public import LockboxDomain

/// Makes one service match the grants. Every call may be made again at any time with the same
/// effect, and touches one grant's access only: what other grants opened, and what the service's
/// own people do, goes on.
public protocol Enforcer: Sendable {
    /// Makes the access of `credential` usable at the service. Called after the credential is
    /// durable and before its `secret` is shown; where it throws, the secret is shown to nobody.
    func open(_ credential: Credential, secret: String) async throws(EnforcerError)
    /// The first action of an end: cuts what is open of all of `orders`, at once and together. It
    /// promises nothing about what comes up later, so it confirms no removal; but every order is
    /// tried, whatever becomes of the others.
    func cut(_ orders: [Removal]) async throws(EnforcerError)
    /// Ends the access for good: cuts what is open, and returns once the service confirms that
    /// nothing is left and nothing can come any more.
    func close(_ order: Removal) async throws(EnforcerError)
    /// What grants have open at the service now. What cannot be read for certain is an error, never
    /// an empty list.
    func list() async throws(EnforcerError) -> [OpenAccess]
    /// Cuts what is open under a login name that no grant has, and shuts it out where the service
    /// has a way to; what it owns there stays. Whether it is gone, `list` says.
    func shutOut(_ username: String) async throws(EnforcerError)
}

extension Enforcer {
    /// A kind that is told grants alone cannot be told anything else.
    public func shutOut(_ username: String) async throws(EnforcerError) {
        throw EnforcerError("the service cannot be told to close what nobody granted")
    }
}

/// Uses access as an engineer does.
public protocol ServiceSignIn: Sendable {
    /// A session of whoever shows the secret of `credential`; throws where the service lets nobody in.
    func session(of credential: Credential, secret: String) async throws(EnforcerError)
        -> any ServiceSession
}

/// One that goes on until the service, or whoever holds it, lets go of it.
public protocol ServiceSession: Sendable {
    /// Does what every access allows; throws where the session is cut.
    func use() async throws(EnforcerError)
}

/// Something that is open at a service under a login name that Lockbox gave out.
public struct OpenAccess: Hashable, Sendable {
    public let username: String
    /// Nil where the login name is of our form and belongs to no grant that there can be.
    public let grant: GrantID?
    /// What about it is not as Lockbox made it, in an operator's words; nil where nothing is.
    public let oddity: String?
    /// Which of the service's resources it reaches, by the names behind their colons, as far as the
    /// service says.
    public let reaches: Set<String>

    public init(username: String) { self.init(username: username, oddity: nil) }

    public init(username: String, oddity: String?, reaches: Set<String> = []) {
        self.username = username
        self.oddity = oddity
        self.reaches = reaches
        grant = GrantID(loginName: username)
    }

    /// Two are the same that are called the same and odd in the same way, wherever they reach.
    public static func == (left: OpenAccess, right: OpenAccess) -> Bool {
        (left.username, left.oddity) == (right.username, right.oddity)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(username)
        hasher.combine(oddity)
    }
}

/// Why a service could not be made to match the grants.
public struct EnforcerError: Error, Hashable, Sendable {
    /// In words fit for the tenant's log: no address, no key.
    public let problem: String
    /// What else helps an operator, for the server's log: no address and no key either.
    public let cause: String?

    public init(_ problem: String, cause: String? = nil) {
        self.problem = problem
        self.cause = cause
    }

    /// Two are the same that say the same to the tenant.
    public static func == (left: EnforcerError, right: EnforcerError) -> Bool {
        left.problem == right.problem
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(problem) }
}

extension Error {
    /// The error as an operator reads it in the server's log. Of errors that are not ours only the
    /// type is said: their words may hold addresses.
    public var operatorText: String {
        switch self {
        case let error as EnforcerError:
            [error.problem, error.cause].compactMap { $0 }.joined(separator: ": ")
        case let error as StoreError: "\(error)"
        default: "\(type(of: self))"
        }
    }
}

/// Gives the enforcer of a service; nil where none is set up.
public protocol EnforcerDirectory: Sendable {
    func enforcer(of service: ServiceID) async throws -> (any Enforcer)?
    /// The same without asking the store, from what is remembered of the service.
    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)?
}
