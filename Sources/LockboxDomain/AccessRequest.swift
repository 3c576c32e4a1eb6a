/// An engineer's request to reach a tenant's data, its decisions, and the access that came of it.
///
/// ```
///  submit ──► awaitingManager ──approve──► awaitingCustomer ──approve (quorum)──► scheduled ──► active ──► ended
///               │  │  │  │                   │   │   │                               │                      ▲
///               │  │  │  └ no approval due ──┼───┼───┼──────────► scheduled / active └── finish, revoke ────┘
///               │  │  └── expired ◄──────────┘   │   └─► denied
///               │  └───── withdrawn ◄────────────┘
///               └──────── rejected
/// ```
/// Rejected, denied, withdrawn, expired and ended are terminal. Terms and decisions never change
/// once written. Every rule takes the time as an argument and refuses a request that time has
/// overtaken: it is advanced first, in the same write, so that a sweeper that is late can neither
/// prolong nor prevent anything.
public struct AccessRequest: Identified, Hashable, Sendable {
    public static let idPrefix = "LBX"

    /// What is asked for. Immutable.
    public struct Terms: Hashable, Sendable {
        public let tenant: TenantID
        public let supportRequest: SupportRequestNumber
        public let engineer: PersonID
        public internal(set) var reason: String
        public let duration: TimeSpan
        public let scope: Scope
        /// The earliest start; nil means at once.
        public let notBefore: Timestamp?
        /// The program that asked: for the engineer, or on its own behalf where it is the engineer
        /// itself. Nil where the engineer, a human being, asked.
        public let askedBy: PersonID?

        public init(
            tenant: TenantID,
            supportRequest: SupportRequestNumber,
            engineer: PersonID,
            reason: String,
            duration: TimeSpan,
            scope: Scope,
            notBefore: Timestamp?,
            askedBy: PersonID? = nil
        ) {
            self.tenant = tenant
            self.supportRequest = supportRequest
            self.engineer = engineer
            self.reason = reason
            self.duration = duration
            self.scope = scope
            self.notBefore = notBefore
            self.askedBy = askedBy
        }

        /// The program that asked for somebody else; nil where the engineer asked, whatever it is.
        public var askedOnBehalfBy: PersonID? { askedBy == engineer ? nil : askedBy }
    }

    /// Where it stands. Each case carries what only that state has.
    public enum State: Hashable, Sendable {
        case awaitingManager(decideBy: Timestamp)
        case awaitingCustomer(askedAt: Timestamp, decideBy: Timestamp, approvalsNeeded: Int)
        case scheduled(Grant)
        case active(Grant)
        case ended(Grant, Ending)
        case rejected(at: Timestamp)
        case denied(at: Timestamp)
        case withdrawn(at: Timestamp, comment: String?)
        /// `stage` is the state that nobody decided in.
        case expired(at: Timestamp, stage: StateName)
    }

    /// The states by name, as the wire and the schema spell them.
    public enum StateName: String, Hashable, Sendable, CaseIterable {
        case awaitingManager, awaitingCustomer, scheduled, active, ended, rejected, denied,
            withdrawn, expired
    }

    public let id: AccessRequestID
    public let terms: Terms
    public let createdAt: Timestamp
    /// Grows by one with each command that changes anything and with each step of time: what is
    /// stored replaces the version before.
    public private(set) var version: Int
    public private(set) var state: State
    public private(set) var decisions: [Decision]

    /// Reads back what was stored.
    public init(
        id: AccessRequestID,
        terms: Terms,
        createdAt: Timestamp,
        version: Int,
        state: State,
        decisions: [Decision]
    ) {
        self.id = id
        self.terms = terms
        self.createdAt = createdAt
        self.version = version
        self.state = state
        self.decisions = decisions
    }

    mutating func move(to next: State) {
        precondition(
            Self.legalTransitions.contains { $0.from == state.name && $0.to == next.name },
            "illegal transition \(state.name) → \(next.name)"
        )
        state = next
        version += 1
    }

    mutating func record(_ decision: Decision) { decisions.append(decision) }

    /// A decision that leaves the state as it is (one of several approvals).
    mutating func touch() { version += 1 }

    /// Every legal change of state; nil is the beginning. The schema holds the same table.
    public static let legalTransitions: [(from: StateName?, to: StateName)] = [
        (nil, .awaitingManager),
        (.awaitingManager, .awaitingCustomer), (.awaitingManager, .rejected),
        (.awaitingManager, .withdrawn),
        (.awaitingManager, .expired), (.awaitingManager, .scheduled), (.awaitingManager, .active),
        (.awaitingCustomer, .denied), (.awaitingCustomer, .withdrawn),
        (.awaitingCustomer, .expired),
        (.awaitingCustomer, .scheduled),
        (.awaitingCustomer, .active),
        (.scheduled, .active), (.scheduled, .ended), (.active, .ended),
    ]
}

extension AccessRequest.State {
    /// The state without what it carries.
    public var name: AccessRequest.StateName {
        switch self {
        case .awaitingManager: .awaitingManager
        case .awaitingCustomer: .awaitingCustomer
        case .scheduled: .scheduled
        case .active: .active
        case .ended: .ended
        case .rejected: .rejected
        case .denied: .denied
        case .withdrawn: .withdrawn
        case .expired: .expired
        }
    }

    /// The access that came of it, open or ended.
    public var grant: Grant? {
        switch self {
        case .scheduled(let grant), .active(let grant), .ended(let grant, _): grant
        case .awaitingManager, .awaitingCustomer, .rejected, .denied, .withdrawn, .expired: nil
        }
    }

    /// Why and when its access ended; nil while it has not, or where there was none.
    public var ending: Ending? {
        switch self {
        case .ended(_, let ending): ending
        case .awaitingManager, .awaitingCustomer, .scheduled, .active, .rejected, .denied,
            .withdrawn, .expired:
            nil
        }
    }

    /// Until when somebody must decide; nil where nobody is waited for. At that instant it is too
    /// late.
    public var decideBy: Timestamp? {
        switch self {
        case .awaitingManager(let decideBy), .awaitingCustomer(_, let decideBy, _): decideBy
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired: nil
        }
    }

    /// The next instant at which time alone changes the state; nil where it never does.
    public var nextDeadline: Timestamp? {
        switch self {
        case .awaitingManager(let decideBy), .awaitingCustomer(_, let decideBy, _): decideBy
        case .scheduled(let grant): grant.start
        case .active(let grant): grant.end
        case .ended, .rejected, .denied, .withdrawn, .expired: nil
        }
    }
}

extension AccessRequest.StateName {
    /// Whether nothing can happen to it any more.
    public var isTerminal: Bool {
        switch self {
        case .awaitingManager, .awaitingCustomer, .scheduled, .active: false
        case .ended, .rejected, .denied, .withdrawn, .expired: true
        }
    }

    /// As in "the request is …".
    public var words: String {
        switch self {
        case .awaitingManager: "waiting for a manager of the provider"
        case .awaitingCustomer: "waiting for the customer"
        case .scheduled: "approved and scheduled"
        case .active: "approved, with access open now"
        case .ended: "over: its access has ended"
        case .rejected: "rejected by a manager of the provider"
        case .denied: "denied by the customer"
        case .withdrawn: "withdrawn"
        case .expired: "expired"
        }
    }
}
