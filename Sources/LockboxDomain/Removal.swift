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
    public let request: AccessRequestID
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
    /// When the service took the first action, which cuts what is open; nil before.
    public var cutAt: Timestamp?

    public init(
        tenant: TenantID,
        request: AccessRequestID,
        grant: GrantID,
        service: ServiceID,
        usernames: [String],
        progress: Progress = .pending,
        attempts: Int = 0,
        nextAttempt: Timestamp,
        problem: String? = nil,
        cutAt: Timestamp? = nil
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
        self.cutAt = cutAt
    }
}
