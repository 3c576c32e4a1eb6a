/// Who did something.
public enum Actor: Hashable, Sendable {
    case person(Person)
    /// Lockbox itself: a deadline passed.
    case system
    /// Someone with a shell on the server, through `lockboxd`: who, as far as the server can tell.
    case operatorAtConsole(String?)
    /// A registered service, through introspection.
    case service(ServiceID)
    /// An organisation's directory, by its token.
    case provisioning(ProvisioningToken)

    public static let console = Actor.operatorAtConsole(nil)

    /// Whether it is somebody with a shell on the server.
    public var isAtConsole: Bool {
        if case .operatorAtConsole = self { true } else { false }
    }

    /// The person; nil where it was nobody in particular.
    public var person: Person? {
        switch self {
        case .person(let person): person
        case .system, .operatorAtConsole, .service, .provisioning: nil
        }
    }
}
