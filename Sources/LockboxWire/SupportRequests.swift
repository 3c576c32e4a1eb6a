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
    /// `open`, `answered` or `closed`.
    public var state: String
    /// Who of the provider answered last, and when; null where nobody has.
    @Nullable public var lastAnswer: SupportAnswer?

    public init(
        number: String,
        tenant: String,
        subject: String,
        description: String,
        service: String?,
        url: String?,
        openedBy: PersonRef,
        openedAt: String,
        state: String,
        lastAnswer: SupportAnswer?
    ) {
        self.number = number
        self.tenant = tenant
        self.subject = subject
        self.description = description
        self.service = service
        self.url = url
        self.openedBy = openedBy
        self.openedAt = openedAt
        self.state = state
        self.lastAnswer = lastAnswer
    }
}

/// Who answered a support request, and when.
public struct SupportAnswer: Codable, Hashable, Sendable {
    public var by: PersonRef
    public var at: String

    public init(by: PersonRef, at: String) {
        self.by = by
        self.at = at
    }
}

/// One entry of the thread of a support request.
public struct SupportEntryBody: Codable, Hashable, Sendable {
    /// 1, 2, 3, … for each support request.
    public var number: Int
    public var by: PersonRef
    /// `provider` or `customer`.
    public var side: String
    /// `wrote`, `closed` or `reopened`.
    public var act: String
    /// Null where somebody closed or reopened it without a word.
    @Nullable public var text: String?
    public var at: String

    public init(
        number: Int,
        by: PersonRef,
        side: String,
        act: String,
        text: String?,
        at: String
    ) {
        self.number = number
        self.by = by
        self.side = side
        self.act = act
        self.text = text
        self.at = at
    }
}
