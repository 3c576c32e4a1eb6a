/// Which organisation a person or an action belongs to.
public enum Side: Hashable, Sendable {
    case provider
    case tenant(TenantID)

    /// The tenant; nil for the provider.
    public var tenant: TenantID? {
        switch self {
        case .provider: nil
        case .tenant(let id): id
        }
    }
}
