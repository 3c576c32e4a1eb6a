/// Who did something.
public enum Actor: Hashable, Sendable {
    case person(Person)
    /// Lockbox itself: a deadline passed.
    case system
    /// Someone with a shell on the server, through `lockboxd`.
    case console
    /// A registered service, through introspection.
    case service(ServiceID)
    /// An organisation's directory, by its token.
    case provisioning(ProvisioningToken)

    /// The person; nil where it was nobody in particular.
    public var person: Person? {
        switch self {
        case .person(let person): person
        case .system, .console, .service, .provisioning: nil
        }
    }
}
