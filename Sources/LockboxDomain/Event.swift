/// Everything that can happen, once each. It has three readers: the audit log, the notices and the
/// enforcement; a new case does not compile until each of them says what it makes of it.
public enum Event: Hashable, Sendable {
    // Requests
    case supportRequestOpened(SupportRequest)
    case requestSubmitted(AccessRequest)
    case decisionMade(AccessRequest, Decision)
    case customerAsked(AccessRequest)
    case requestWithdrawn(AccessRequest)
    case requestExpired(AccessRequest)
    case messagePosted(AccessRequest, Message)

    // Access
    case grantOpened(AccessRequest, Grant)
    case grantStarted(AccessRequest, Grant)
    case grantEnded(AccessRequest, Grant, Ending)
    case credentialIssued(Credential)
    /// A credential was used for the first time.
    case resourceOpened(Credential)
    case removalConfirmed(Removal)
    case removalFailed(Removal)
    case noticeUndeliverable(UndeliverableNotice)

    // Directory
    case tenantAdded(Tenant)
    case policyChanged(before: Tenant, after: Tenant)
    case licenceChanged(Tenant)
    case personAdded(Person)
    case personChanged(before: Person, after: Person)
    case tenantRenamed(Tenant)
    case providerRenamed(String)
    /// From now on this tenant's approvers decide about the resource.
    case resourceAdded(Resource, TenantID)
    case serviceAdded(Service)
    case serviceChanged(Service)

    // Sign-in
    case tokenIssued(APIToken, Person)
    case tokenRevoked(APIToken, Person)
    case passwordSet(Person)
    /// Too many failures from everywhere together.
    case signInLocked(Person, until: Timestamp)
    /// Too many failures from one place, which alone is held off.
    case clientHeldOff(Person, until: Timestamp)
    /// Somebody gave the right password at the portal.
    case signedIn(Person)
    /// All sessions of a person ended at once.
    case sessionsEnded(Person)
}

extension Event {
    /// Whether the passing of time caused it; then its actor is the system, whoever's command
    /// noticed it first.
    public var isCausedByTime: Bool {
        switch self {
        case .requestExpired, .grantStarted: true
        case .grantEnded(_, _, let ending): ending.reason == .windowOver
        case .supportRequestOpened, .requestSubmitted, .decisionMade, .customerAsked,
            .requestWithdrawn,
            .messagePosted, .grantOpened, .credentialIssued, .resourceOpened, .removalConfirmed,
            .removalFailed,
            .noticeUndeliverable, .tenantAdded,
            .policyChanged,
            .licenceChanged, .personAdded, .personChanged, .resourceAdded, .tenantRenamed,
            .providerRenamed,
            .serviceAdded, .serviceChanged, .tokenIssued, .tokenRevoked,
            .passwordSet,
            .signInLocked,
            .clientHeldOff, .signedIn, .sessionsEnded:
            false
        }
    }

    /// Whose log it belongs to: the tenant's where a tenant is concerned, else the provider's.
    public var side: Side {
        switch self {
        case .supportRequestOpened(let support): .tenant(support.tenant)
        case .requestSubmitted(let request), .decisionMade(let request, _),
            .customerAsked(let request),
            .requestWithdrawn(let request),
            .requestExpired(let request), .messagePosted(let request, _),
            .grantOpened(let request, _),
            .grantStarted(let request, _),
            .grantEnded(let request, _, _):
            .tenant(request.terms.tenant)
        case .credentialIssued(let credential), .resourceOpened(let credential):
            .tenant(credential.tenant)
        case .removalConfirmed(let removal), .removalFailed(let removal): .tenant(removal.tenant)
        case .noticeUndeliverable(let notice): .tenant(notice.tenant)
        case .tenantAdded(let tenant), .licenceChanged(let tenant), .policyChanged(_, let tenant):
            .tenant(tenant.id)
        case .personAdded(let person), .personChanged(_, let person), .tokenIssued(_, let person),
            .tokenRevoked(_, let person),
            .passwordSet(let person), .signInLocked(let person, _),
            .clientHeldOff(let person, _), .signedIn(let person), .sessionsEnded(let person):
            person.side
        case .tenantRenamed(let tenant): .tenant(tenant.id)
        case .resourceAdded(_, let tenant): .tenant(tenant)
        case .providerRenamed, .serviceAdded, .serviceChanged: .provider
        }
    }
}

/// The work of making one service forget a grant that ended.
public struct Removal: Hashable, Sendable {
    /// How far the work has come.
    public enum Progress: String, Hashable, Sendable, CaseIterable {
        /// Not yet confirmed by the service.
        case pending
        /// The service could not be made to confirm; it is tried again until it does.
        case failed
        case confirmed
    }

    public let tenant: TenantID
    public let request: RequestID
    public let grant: GrantID
    public let service: ServiceID
    /// The login names whose sessions must go.
    public let usernames: [String]
    public var progress: Progress
    public var attempts: Int
    /// Not before this instant is it tried (again).
    public var nextAttempt: Timestamp
    /// Why the last attempt failed, in words fit for the tenant.
    public var problem: String?

    public init(
        tenant: TenantID,
        request: RequestID,
        grant: GrantID,
        service: ServiceID,
        usernames: [String],
        progress: Progress = .pending,
        attempts: Int = 0,
        nextAttempt: Timestamp,
        problem: String? = nil
    ) {
        self.tenant = tenant
        self.request = request
        self.grant = grant
        self.service = service
        self.usernames = usernames
        self.progress = progress
        self.attempts = attempts
        self.nextAttempt = nextAttempt
        self.problem = problem
    }
}

/// A letter that a mail server refused for good.
public struct UndeliverableNotice: Hashable, Sendable {
    public let tenant: TenantID
    public let request: RequestID
    public let recipient: PersonID
    public let kind: String

    public init(tenant: TenantID, request: RequestID, recipient: PersonID, kind: String) {
        self.tenant = tenant
        self.request = request
        self.recipient = recipient
        self.kind = kind
    }
}
