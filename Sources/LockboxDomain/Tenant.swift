/// A customer organisation.
public struct Tenant: Named, Hashable, Sendable {
    public let id: TenantID
    public var name: String
    /// Whether the tenant's plan includes Lockbox.
    public var isLicensed: Bool
    public var policy: Policy
    /// What is below these is this tenant's alone, in order and each once.
    public var domains: [DomainName]
    /// When one of its administrators signed in for the first time; nil before. From then on its
    /// people are its own: nobody else sets their passwords, their addresses or their tokens.
    public private(set) var administeredSince: Timestamp?
    /// Grows by one with each change of the policy or the licence.
    public var version: Int

    public init(
        id: TenantID,
        name: String,
        isLicensed: Bool,
        policy: Policy,
        domains: [DomainName] = [],
        administeredSince: Timestamp? = nil,
        version: Int = 1
    ) {
        self.id = id
        self.name = name
        self.isLicensed = isLicensed
        self.policy = policy
        self.domains = domains
        self.administeredSince = administeredSince
        self.version = version
    }

    /// `person` signed in. Says whether she is the first administrator who did.
    public mutating func noteSignIn(of person: Person, at now: Timestamp) -> Bool {
        guard administeredSince == nil, person.holds(oneOf: .admin, at: .tenant(id)) else {
            return false
        }
        administeredSince = now
        return true
    }

    /// Whether the customer's own yes is needed (decision 0005: an unlicensed tenant has no say,
    /// and its log says so).
    public var requiresApproval: Bool { isLicensed && policy.requireApproval }
}
