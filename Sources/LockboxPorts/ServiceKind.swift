public import LockboxDomain

/// Everything that is particular to one kind of protected service. The rest of the program knows
/// kinds only by the list that the composition root hands in.
public protocol ServiceKind: Sendable {
    /// What directory.yaml, the wire and the log call it.
    var name: ProtectedService.Kind { get }

    // MARK: Settings

    /// The keys that a service of this kind may have in directory.yaml beside those of every
    /// service.
    var keys: [String] { get }
    /// Reads those of `keys` that `service` has. The result is what the store keeps for this kind:
    /// a JSON object, the same text for the same settings. Secrets stay in files.
    func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String

    // MARK: Resources

    /// The resources of `service` that belong to a tenant because one of its people has `address`.
    func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource]
    /// Why `resource` cannot be one of a service of this kind, as a sentence; nil if it can. A name
    /// that the service might read otherwise than it is meant cannot.
    func problem(with resource: Resource) -> String?

    // MARK: Credentials

    /// What introspection says of `credential` in this kind's own terms.
    func claims(of credential: Credential) -> ServiceClaims
    /// Whether a credential is of no use until the enforcer has opened its access. False where the
    /// service asks about the credential itself.
    var needsOpening: Bool { get }
    /// How a person with the usual tools uses a credential for a service with `settings`.
    func connecting(with credential: Credential, at settings: ServiceSettings) -> Connecting
    /// The origin at which a browser opens a service with `settings`; nil where none is let in.
    func browserAddress(of settings: ServiceSettings) -> String?

    /// The actions that a web request needs whose method a service with `settings` may take to be any
    /// of `methods`; nil where web requests do not reach it, or their methods do not say it.
    func actions(forMethods methods: Set<String>, at settings: ServiceSettings) -> Actions?

    // MARK: The end of access

    /// What becomes of connections that are open when access to the service ends.
    func openConnections(of settings: ServiceSettings) -> OpenConnections
    /// Whether they go through a gateway of this program: then only the process that has the gateway
    /// can cut them, and knows that they are gone.
    func hasGateway(_ settings: ServiceSettings) -> Bool
    /// Whether the enforcer tells the service when it sent what it says, so that the service can
    /// refuse what is old.
    var datesItsOrders: Bool { get }
    /// Whether what is told has a memory and a clock of its own: it opens nothing of a grant that was
    /// closed, and ends access when its time is over, even if Lockbox does not run then.
    var remembersOrders: Bool { get }
    /// Makes the service match the grants; nil where it is not set up to be told anything.
    func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)?
    /// Signs in at the service as an engineer does, to see that access ends; nil where only a person's
    /// own tools can.
    func signIn(at settings: ServiceSettings) throws(EnforcerError) -> (any ServiceSignIn)?
    /// The service's own log, from which what is done there is recorded; nil where it is recorded
    /// before it goes on, or not at all. The same for the same settings: it remembers what was read.
    func log(of settings: ServiceSettings) -> (any ServiceLog)?
}

extension ServiceKind {
    /// Nil: most kinds take every name of a resource.
    public func problem(with resource: Resource) -> String? { nil }

    /// Nil: most services have no pages.
    public func browserAddress(of settings: ServiceSettings) -> String? { nil }

    /// False: most services are reached past this program.
    public func hasGateway(_ settings: ServiceSettings) -> Bool { false }

    /// False: most services take an order whenever it was sent.
    public var datesItsOrders: Bool { false }

    /// False: most services know what is open, and no more.
    public var remembersOrders: Bool { false }

    /// Nil: most services take tools that this program is not.
    public func signIn(at settings: ServiceSettings) throws(EnforcerError) -> (any ServiceSignIn)? {
        nil
    }

    /// Nil: most kinds write down nothing that Lockbox reads.
    public func log(of settings: ServiceSettings) -> (any ServiceLog)? { nil }

    /// Nil: most kinds are not reached by web requests.
    public func actions(forMethods methods: Set<String>, at settings: ServiceSettings) -> Actions? {
        nil
    }
}

/// What a kind adds to an introspection answer (RFC 7662 §2.2).
public struct ServiceClaims: Hashable, Sendable {
    /// The first word of the `scope`; the actions follow it.
    public var scope: String
    /// Members of its own. The members of every answer win over one of the same name.
    public var own: [String: String]

    public init(scope: String, own: [String: String] = [:]) {
        self.scope = scope
        self.own = own
    }
}

/// The words that lead an engineer from a credential to the service.
public struct Connecting: Hashable, Sendable {
    /// How to use it, in a sentence.
    public var how: String
    /// What the engineer must know besides, in a sentence.
    public var note: String
    /// Lines for a shell. They ask for the token, so that it stands neither in the shell's history
    /// nor in the list of processes.
    public var command: String
    /// Where it is, for a program that goes there: a web address, or that of a database with the login
    /// name; nil where Lockbox does not know.
    public var address: String?

    public init(how: String, note: String, command: String, address: String? = nil) {
        self.how = how
        self.note = note
        self.command = command
        self.address = address
    }
}

/// What becomes of connections that are open at a service when access ends.
public enum OpenConnections: Hashable, Sendable {
    /// The service is told to cut them, and confirms that nothing is left.
    case areCut
    /// They would have to be cut, and the service is not set up for that: the removal is tried
    /// until it is, and shows as failed meanwhile.
    case cannotBeCut
    /// They are the service's own business. It asks about the credential whenever it is presented;
    /// nobody tells it of the end.
    case stay
}

/// One value of an operator's file, which knows where it stands. Errors name file, line and key.
public protocol SettingsValue {
    /// `directory.yaml, line 12: services[0].kind`.
    var place: String { get }
    func error(_ problem: String) -> ConfigurationError
    /// The members of a mapping that may have `known` keys only.
    func members(_ known: [String]) throws(ConfigurationError) -> [String: Self]
    func items() throws(ConfigurationError) -> [Self]
    func text() throws(ConfigurationError) -> String
    func flag() throws(ConfigurationError) -> Bool
    func number() throws(ConfigurationError) -> Int
    /// The whole path of the file that the text names, which holds a secret that can be read now.
    func secretFile() throws(ConfigurationError) -> String
    /// The same of a file that everybody may read.
    func file() throws(ConfigurationError) -> String
}

/// A file that says what cannot be done, with the line and the key at fault.
public struct ConfigurationError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension Dictionary where Key == String, Value: SettingsValue {
    /// The member `key`, which `owner` must have.
    public func required(_ key: String, of owner: Value) throws(ConfigurationError) -> Value {
        guard let value = self[key] else { throw owner.error("\(key) is missing") }
        return value
    }
}
