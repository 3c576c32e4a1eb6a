/// What a member of a tenant asked the provider's help with.
public struct SupportRequest: Identified, Hashable, Sendable {
    public static let idPrefix = "SR"

    public let tenant: TenantID
    public let number: SupportRequestNumber
    public let subject: String
    public let description: String
    public let service: ServiceID?
    /// Where an outside ticket system shows it.
    public let url: String?
    public let openedBy: PersonID
    public let openedAt: Timestamp

    public init(
        tenant: TenantID,
        number: SupportRequestNumber,
        subject: String,
        description: String,
        service: ServiceID?,
        url: String?,
        openedBy: Person,
        openedAt: Timestamp
    ) throws(Refusal) {
        guard openedBy.holds(oneOf: .ofTenant, at: .tenant(tenant)) else {
            throw .notPermitted(.openSupportRequests)
        }
        self.tenant = tenant
        self.number = number
        self.subject = try Text.check(subject, field: "subject", length: Limits.subjectLength)
        self.description = try Text.check(
            description,
            field: "description",
            length: Limits.descriptionLength,
            multiline: true
        )
        self.service = service
        self.url = try url.map { raw throws(Refusal) in
            let text = try Text.check(raw, field: "url", length: Limits.urlLength)
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains(" ")
            else {
                throw .invalid(
                    field: "url",
                    problem: .malformed(expected: "a web address beginning with https://")
                )
            }
            return text
        }
        self.openedBy = openedBy.id
        self.openedAt = openedAt
    }

    /// Reads back what was stored. The stored row passed the checks of the other initialiser.
    public init(
        stored tenant: TenantID,
        number: SupportRequestNumber,
        subject: String,
        description: String,
        service: ServiceID?,
        url: String?,
        openedBy: PersonID,
        openedAt: Timestamp
    ) {
        self.tenant = tenant
        self.number = number
        self.subject = subject
        self.description = description
        self.service = service
        self.url = url
        self.openedBy = openedBy
        self.openedAt = openedAt
    }
}
