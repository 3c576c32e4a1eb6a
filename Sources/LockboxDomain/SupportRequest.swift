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
    /// Where it stands.
    public internal(set) var state: State
    /// How many entries its thread has.
    public internal(set) var entryCount: Int
    /// The last message of an engineer; nil where none has answered.
    public internal(set) var lastAnswer: Answer?

    /// Where a support request stands. The raw value is stored, and is the name on the wire.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// It waits for an engineer: nobody has answered, the customer has written since, or it was
        /// reopened.
        case open
        /// An engineer has written last.
        case answered
        /// Nobody asks for access for it, or writes, until it is reopened.
        case closed
    }

    /// Who answered, and when.
    public struct Answer: Hashable, Sendable {
        public let person: PersonID
        public let at: Timestamp

        public init(person: PersonID, at: Timestamp) {
            self.person = person
            self.at = at
        }
    }

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
        (state, entryCount, lastAnswer) = (.open, 0, nil)
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
        openedAt: Timestamp,
        state: State = .open,
        entryCount: Int = 0,
        lastAnswer: Answer? = nil
    ) {
        self.tenant = tenant
        self.number = number
        self.subject = subject
        self.description = description
        self.service = service
        self.url = url
        self.openedBy = openedBy
        self.openedAt = openedAt
        self.state = state
        self.entryCount = entryCount
        self.lastAnswer = lastAnswer
    }
}
