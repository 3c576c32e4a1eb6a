/// Asks the provider for help. With `number` (and `url`) it stands for a ticket of an outside
/// system.
public struct NewSupportRequest: Codable, Hashable, Sendable, KnownMembers {
    public var tenant: String
    public var subject: String
    public var description: String
    public var service: String?
    public var number: String?
    public var url: String?

    public init(
        tenant: String,
        subject: String,
        description: String,
        service: String? = nil,
        number: String? = nil,
        url: String? = nil
    ) {
        self.tenant = tenant
        self.subject = subject
        self.description = description
        self.service = service
        self.number = number
        self.url = url
    }

    public static let members: Set<String> = [
        "tenant", "subject", "description", "service", "number", "url",
    ]
}

/// What a member of a tenant asked the provider's help with.
public struct SupportRequestBody: Codable, Hashable, Sendable {
    public var number: String
    public var tenant: String
    public var subject: String
    public var description: String
    @Nullable public var service: String?
    @Nullable public var url: String?
    public var openedBy: PersonRef
    public var openedAt: String

    public init(
        number: String,
        tenant: String,
        subject: String,
        description: String,
        service: String?,
        url: String?,
        openedBy: PersonRef,
        openedAt: String
    ) {
        self.number = number
        self.tenant = tenant
        self.subject = subject
        self.description = description
        self.service = service
        self.url = url
        self.openedBy = openedBy
        self.openedAt = openedAt
    }
}
