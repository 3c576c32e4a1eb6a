/// An access request with everything that became of it. The entity tag is `"v<version>"`,
/// with a hyphen and more behind the version once there are uses or removals.
public struct AccessRequestBody: Codable, Hashable, Sendable {
    public var id: String
    public var state: AccessState
    public var version: Int
    public var tenant: String
    public var supportRequest: String
    public var engineer: PersonRef
    /// The program that asked: for the engineer, or the engineer itself where it asked on its own
    /// behalf; null where no program did.
    @Nullable public var askedBy: PersonRef?
    public var reason: String
    public var resources: [ResourceAccess]
    public var duration: String
    @Nullable public var notBefore: String?
    public var createdAt: String
    /// Until when somebody must have decided; null once decided.
    @Nullable public var decideBy: String?
    /// How many of the customer's people must say yes; null unless the customer is asked.
    @Nullable public var approvalsNeeded: Int?
    public var decisions: [DecisionBody]
    @Nullable public var grant: GrantBody?

    public init(
        id: String,
        state: AccessState,
        version: Int,
        tenant: String,
        supportRequest: String,
        engineer: PersonRef,
        askedBy: PersonRef? = nil,
        reason: String,
        resources: [ResourceAccess],
        duration: String,
        notBefore: String?,
        createdAt: String,
        decideBy: String?,
        approvalsNeeded: Int?,
        decisions: [DecisionBody],
        grant: GrantBody?
    ) {
        self.id = id
        self.state = state
        self.version = version
        self.tenant = tenant
        self.supportRequest = supportRequest
        self.engineer = engineer
        self.askedBy = askedBy
        self.reason = reason
        self.resources = resources
        self.duration = duration
        self.notBefore = notBefore
        self.createdAt = createdAt
        self.decideBy = decideBy
        self.approvalsNeeded = approvalsNeeded
        self.decisions = decisions
        self.grant = grant
    }
}

extension AccessRequestBody {
    /// The program that asked for the engineer; nil where whoever gets the access asked.
    public var onBehalf: PersonRef? { askedBy?.id == engineer.id ? nil : askedBy }
}

/// One person's word, as it was given.
public struct DecisionBody: Codable, Hashable, Sendable {
    public var by: PersonRef
    /// `provider` (a manager) or `customer`.
    public var side: String
    public var decision: Verdict
    @Nullable public var comment: String?
    /// The shorter duration, if the approval gave one.
    @Nullable public var duration: String?
    /// The fewer resources or actions, if the approval gave less.
    @Nullable public var resources: [ResourceAccess]?
    public var at: String

    public init(
        by: PersonRef,
        side: String,
        decision: Verdict,
        comment: String?,
        duration: String?,
        resources: [ResourceAccess]?,
        at: String
    ) {
        self.by = by
        self.side = side
        self.decision = decision
        self.comment = comment
        self.duration = duration
        self.resources = resources
        self.at = at
    }
}

/// The access that an approved request gives.
public struct GrantBody: Codable, Hashable, Sendable {
    public var id: String
    public var start: String
    public var end: String
    public var state: GrantState
    /// `approval`, or `policy` where the tenant requires none.
    public var basis: String
    public var resources: [ResourceAccess]
    /// `windowOver`, `finished`, `revoked` or `tenantSwitch`; null while it lasts.
    @Nullable public var endedReason: String?
    @Nullable public var endedAt: String?
    @Nullable public var endedBy: PersonRef?
    /// When it ended, while that is not recorded yet: nobody gets in any more and the services are
    /// told, but the database has not taken the end.
    @Nullable public var unrecordedEnd: String?
    /// What each service made of the end.
    public var removals: [RemovalBody]
    /// Services at which a connection may go on though access has ended: nobody cuts it, or confirms
    /// that it is closed.
    public var leftOpen: [String]
    /// How often each resource was opened.
    public var uses: [UseBody]
    /// What was done with it at services that tell, by what it was done to.
    public var operations: [OperationsBody]

    public init(
        id: String,
        start: String,
        end: String,
        state: GrantState,
        basis: String,
        resources: [ResourceAccess],
        endedReason: String?,
        endedAt: String?,
        endedBy: PersonRef?,
        unrecordedEnd: String? = nil,
        removals: [RemovalBody],
        leftOpen: [String] = [],
        uses: [UseBody],
        operations: [OperationsBody]
    ) {
        self.id = id
        self.start = start
        self.end = end
        self.state = state
        self.basis = basis
        self.resources = resources
        self.endedReason = endedReason
        self.endedAt = endedAt
        self.endedBy = endedBy
        self.unrecordedEnd = unrecordedEnd
        self.removals = removals
        self.leftOpen = leftOpen
        self.uses = uses
        self.operations = operations
    }
}

/// The work of making one service forget a grant that ended.
public struct RemovalBody: Codable, Hashable, Sendable {
    public var service: String
    /// `pending`, `failed` (it is tried again) or `confirmed`.
    public var state: String
    public var attempts: Int
    /// Why the last attempt failed.
    @Nullable public var problem: String?

    public init(service: String, state: String, attempts: Int, problem: String?) {
        self.service = service
        self.state = state
        self.attempts = attempts
        self.problem = problem
    }
}

/// How often, and between when, one resource was opened.
public struct UseBody: Codable, Hashable, Sendable {
    public var service: String
    public var id: String
    public var count: Int
    public var first: String
    public var last: String

    public init(service: String, id: String, count: Int, first: String, last: String) {
        self.service = service
        self.id = id
        self.count = count
        self.first = first
        self.last = last
    }
}

/// How much was done to one thing at a service.
public struct OperationsBody: Codable, Hashable, Sendable {
    public var service: String
    /// Such as a path; null for what is not told apart.
    @Nullable public var subject: String?
    public var reads: Int
    public var writes: Int

    public init(service: String, subject: String?, reads: Int, writes: Int) {
        self.service = service
        self.subject = subject
        self.reads = reads
        self.writes = writes
    }
}

/// A letter about a request, and what became of it.
public struct NoticeBody: Codable, Hashable, Sendable {
    public var id: String
    /// What it tells, such as `customerAsked`.
    public var kind: String
    public var recipient: PersonRef
    /// `queued`, `sent`, `refused` (by the receiving server, for good), `cancelled`, `unconfirmed`
    /// (it may have arrived, and is not sent again), `bounced` (taken, and later reported as not
    /// delivered), or `leftOut` (its recipient had got as many letters within a day as one may).
    public var state: String
    public var attempts: Int
    public var createdAt: String
    @Nullable public var sentAt: String?
    @Nullable public var nextAttempt: String?
    /// The receiving server's last words.
    @Nullable public var lastReply: String?

    public init(
        id: String,
        kind: String,
        recipient: PersonRef,
        state: String,
        attempts: Int,
        createdAt: String,
        sentAt: String?,
        nextAttempt: String?,
        lastReply: String?
    ) {
        self.id = id
        self.kind = kind
        self.recipient = recipient
        self.state = state
        self.attempts = attempts
        self.createdAt = createdAt
        self.sentAt = sentAt
        self.nextAttempt = nextAttempt
        self.lastReply = lastReply
    }
}
