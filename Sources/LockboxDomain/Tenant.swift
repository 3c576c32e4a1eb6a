/// A customer organisation.
public struct Tenant: Named, Hashable, Sendable {
    public let id: TenantID
    public var name: String
    /// Whether the tenant's plan includes Lockbox.
    public var isLicensed: Bool
    public var policy: Policy
    /// What is below these is this tenant's alone, in order and each once.
    public var domains: [DomainName]
    /// Grows by one with each change of the policy or the licence.
    public var version: Int

    public init(
        id: TenantID,
        name: String,
        isLicensed: Bool,
        policy: Policy,
        domains: [DomainName] = [],
        version: Int = 1
    ) {
        self.id = id
        self.name = name
        self.isLicensed = isLicensed
        self.policy = policy
        self.domains = domains
        self.version = version
    }

    /// Whether the customer's own yes is needed (decision 0005: an unlicensed tenant has no say,
    /// and its log says so).
    public var requiresApproval: Bool { isLicensed && policy.requireApproval }
}
