/// Everything that can happen, once each, by what it is about. Its readers are the audit log, the
/// notices and the enforcement; a new case does not compile until each of those that read its part
/// says what it makes of it.
public enum Event: Hashable, Sendable {
    case request(RequestEvent)
    case access(AccessEvent)
    case directory(DirectoryEvent)
    case signIn(SignInEvent)
    case provisioning(ProvisioningEvent)
    case log(LogEvent)
}

extension Event {
    /// Whether the passing of time caused it; then its actor is the system, whoever's command
    /// noticed it first.
    public var isCausedByTime: Bool {
        switch self {
        case .request(let event): event.isCausedByTime
        case .access(let event): event.isCausedByTime
        case .directory, .signIn, .provisioning, .log: false
        }
    }

    /// Whose log it belongs to: the tenant's where a tenant is concerned, else the provider's.
    public var side: Side {
        switch self {
        case .request(let event): .tenant(event.tenant)
        case .access(let event): .tenant(event.tenant)
        case .directory(let event): event.side
        case .signIn(let event): event.person.side
        case .provisioning(let event): event.side
        case .log(let event): event.side
        }
    }
}
