public import LockboxDomain

/// Durable state. Its promises are those of the contract suite
/// (Tests/Support/LockboxStoreContract).
public protocol Store: Sendable {
    /// Serialisable: as if transactions ran one after another. When it returns, the change survives
    /// a power cut. `body` may run more than once; it only reads and writes through its
    /// transaction. What it throws comes out unchanged, and then nothing of it is kept. Failures of
    /// the store itself are `StoreError`s.
    func write<Value: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> Value)
        async throws
        -> Value

    /// One consistent view, on the connections of `lane`. Writing throws. A read whose task is
    /// cancelled is broken off, and throws `CancellationError`.
    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value

    /// Whether another process has committed since this was last asked.
    func changedElsewhere() async throws -> Bool
}

/// On which connections a read takes place. A lane has its own, so that a read waits only for
/// others of its lane.
public enum ReadLane: CaseIterable, Sendable {
    /// What ends access, or says whether it is good: deadlines and orders that are due, the
    /// decision index, how to reach a service. Each is answered from an index.
    case endingAccess
    /// What people and programs ask, a page at a time.
    case ordinary
    /// What may look at a whole log: searches, exports, checks. They read a slice at a time, for a
    /// view that is held keeps the database from tidying up behind the writer.
    case bulk
}

extension Store {
    /// One consistent view, on the ordinary lane.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await read(.ordinary, body)
    }
}

/// Everything a transaction can do, by subject.
public typealias StoreTransaction = TenantRecords & ServiceRecords & PersonRecords

    & SupportRequestRecords
    & AccessRequestRecords & MessageRecords
    & CredentialRecords & RemovalRecords & OutboxRecords & LogRecords & LogTreeRecords
    & SignInRecords & TokenRecords & LoginRequestRecords
    & CommandRecords & SessionRecords & WorkLeaseRecords & BacklogRecords
    & DayRecords & RetentionRecords & OperationRecords & StatementPositionRecords
    & BrowserCodeRecords & InvitationRecords & SignInSettingsRecords
    & ProvisioningRecords & PasskeyRecords & PersonProposalRecords
    & PolicyChangeRecords & ErasureRecords & CosignatureRecords

/// Tenants, what belongs to them, and the provider's name.
public protocol TenantRecords {
    func tenant(_ id: TenantID) throws -> Tenant?
    /// All tenants in order of their identifiers.
    func tenants() throws -> [Tenant]
    /// Inserts or replaces.
    func save(_ tenant: Tenant) throws
    /// The tenant that `resource` belongs to; nil where nobody said so.
    func owner(of resource: Resource) throws -> TenantID?
    /// In order.
    func resources(of tenant: TenantID) throws -> [Resource]
    /// The tenant that all resources of `service` belong to; nil where there are none, or several
    /// tenants have some.
    func onlyTenant(at service: ServiceID) throws -> TenantID?
    /// Says that `resource` belongs to `tenant`. Throws `Refusal.alreadyExists(.resource)` if it is
    /// another tenant's.
    func save(_ resource: Resource, of tenant: TenantID) throws
    /// The provider's name, as people read it.
    func providerName() throws -> String
    func saveProviderName(_ name: String) throws
}

/// How a registered service talks to Lockbox and Lockbox to it. Secrets stay in files; only their
/// paths are stored.
public struct ServiceSettings: Hashable, Sendable {
    public var service: ProtectedService
    public var introspection: Introspection?
    /// The kind's own settings: a JSON object that only the kind reads; `{}` where it has none.
    public var own: String

    /// How the service signs in to ask about a credential.
    public struct Introspection: Hashable, Sendable {
        public var clientID: String
        public var clientSecretFile: String

        public init(clientID: String, clientSecretFile: String) {
            self.clientID = clientID
            self.clientSecretFile = clientSecretFile
        }
    }

    public init(service: ProtectedService, introspection: Introspection?, own: String) {
        self.service = service
        self.introspection = introspection
        self.own = own
    }
}

/// Registered services.
public protocol ServiceRecords {
    func service(_ id: ServiceID) throws -> ServiceSettings?
    func services() throws -> [ServiceSettings]
    /// Inserts or replaces. Throws `Refusal.alreadyExists(.service)` if another service has the
    /// introspection client's name.
    func save(_ settings: ServiceSettings) throws
}

/// Which people of a tenant a list shows.
public struct PeopleFilter: Hashable, Sendable {
    /// What people have in common who are listed together.
    public enum Group: Hashable, Sendable {
        /// Who holds one of these roles and is not switched off.
        case holding(Roles)
        /// Everybody but those.
        case others(than: Roles)
        case withoutRole
        case switchedOff
        case everybody
    }

    public var group: Group
    /// What the name or an address contains, whatever its ASCII letter case; nil for all.
    public var text: String?

    public init(_ group: Group, text: String? = nil) { (self.group, self.text) = (group, text) }
}

/// People of both sides.
public protocol PersonRecords {
    func person(_ id: PersonID) throws -> Person?
    func person(identifiedBy identity: Identity) throws -> Person?
    /// Everyone of one side in order of their canonical addresses.
    func people(at side: Side) throws -> [Person]
    /// Those of `tenant` who hold one of `roles` at least, in the same order.
    func people(of tenant: TenantID, holding roles: Roles) throws -> [Person]
    /// Those of `tenant` who fit, by name: `limit` of them after the first `offset`; and how many there
    /// are in all.
    func people(of tenant: TenantID, _ filter: PeopleFilter, limit: Int, offset: Int) throws
        -> (people: [Person], total: Int)
    /// Inserts or replaces, with the local identity of the address and of each alias. Throws
    /// `Refusal.alreadyExists(.person)` if any of these means somebody else, on whichever side: one
    /// human being is one person.
    func save(_ person: Person) throws
}

/// Support requests.
public protocol SupportRequestRecords {
    func supportRequest(_ number: SupportRequestNumber, of tenant: TenantID) throws
        -> SupportRequest?
    /// Of all tenants that have one with this number.
    func supportRequests(numbered number: SupportRequestNumber) throws -> [SupportRequest]
    /// Those of `tenant` that have one of these numbers, in no order.
    func supportRequests(_ numbers: [SupportRequestNumber], of tenant: TenantID) throws
        -> [SupportRequest]
    /// Those of `tenant` that were opened within `times`, the first `limit` of them.
    func supportRequests(
        of tenant: TenantID,
        opened times: ClosedRange<Timestamp>,
        limit: Int
    ) throws -> [SupportRequest]
    func supportRequestCount(of tenant: TenantID) throws -> Int
    /// Newest first; of one tenant or of all, of one state or of any. A cursor that is none throws
    /// `Refusal.invalid(field: "cursor", …)`.
    func supportRequests(
        of tenant: TenantID?,
        openedBy: PersonID?,
        state: SupportRequest.State?,
        page: ListPage
    ) throws -> Paged<SupportRequest>
    /// Throws `Refusal.alreadyExists(.supportRequest)` if the tenant has one with this number.
    func insert(_ support: SupportRequest) throws
    /// Adds `entry` to its thread, and saves where it stands after that. Any but the next entry is
    /// refused by the schema: the caller has a bug.
    func save(_ support: SupportRequest, _ entry: SupportEntry) throws
    /// The thread of a support request, in order of its numbers.
    func entries(on number: SupportRequestNumber, of tenant: TenantID) throws -> [SupportEntry]
    /// Those of `tenant` with a thread, in order of their numbers, after `last`.
    func writtenSupportRequests(
        of tenant: TenantID,
        after last: SupportRequestNumber?,
        limit: Int
    ) throws -> [SupportRequest]
}

extension SupportRequestRecords {
    /// Those of any state, newest first.
    public func supportRequests(of tenant: TenantID?, openedBy: PersonID?, page: ListPage) throws
        -> Paged<SupportRequest>
    {
        try supportRequests(of: tenant, openedBy: openedBy, state: nil, page: page)
    }
}

/// Which access requests a list shows; nil does not restrict.
public struct RequestFilter: Hashable, Sendable {
    public var tenant: TenantID?
    public var state: AccessRequest.StateName?
    public var supportRequest: SupportRequestNumber?
    public var engineer: PersonID?
    /// Only those that this program asked for, for itself or for an engineer.
    public var askedBy: PersonID?
    /// Only those about support requests that this person opened.
    public var supportOpenedBy: PersonID?
    /// Made at or after this instant, and before that one.
    public var from, before: Timestamp?
    /// Only those that ask for a resource of one of these names, whatever its type and service
    /// (`Resource.localName`).
    public var resourceNames: [String]?
    /// Only those that ask to change something.
    public var asksForChanges = false
    /// What their number, the support request's, a resource, the reason, or the engineer's name or
    /// address contains, whatever its ASCII letter case.
    public var text: String?
    /// In which order they are listed.
    public var order = RequestOrder.newest

    public init(
        tenant: TenantID? = nil,
        state: AccessRequest.StateName? = nil,
        supportRequest: SupportRequestNumber? = nil,
        engineer: PersonID? = nil,
        askedBy: PersonID? = nil,
        supportOpenedBy: PersonID? = nil
    ) {
        self.tenant = tenant
        self.state = state
        self.supportRequest = supportRequest
        self.engineer = engineer
        self.askedBy = askedBy
        self.supportOpenedBy = supportOpenedBy
    }

    /// Whether requests have to be read to know whether they are wanted, or which comes first.
    public var isByContent: Bool {
        asksForChanges || text != nil || resourceNames != nil || !order.isByTime
    }
}

/// In which order access requests are listed. Those that are alike in it stand by their identifiers.
public enum RequestOrder: String, Hashable, Sendable, CaseIterable {
    /// By when they were made.
    case newest, oldest
    /// The nearest instant first at which time changes them; those that time changes no more come
    /// last.
    case deadline
    /// By the time that is asked for, the longest first.
    case longest
    /// By the engineer's name.
    case engineer

    /// Whether an index has them in this order.
    public var isByTime: Bool {
        switch self {
        case .newest, .oldest: true
        case .deadline, .longest, .engineer: false
        }
    }
}

/// The grant of a request that is not over, and whose it is.
public struct OpenGrant: Hashable, Sendable {
    public let grant: Grant
    public let request: AccessRequestID
    public let tenant: TenantID
    public let engineer: PersonID

    public init(grant: Grant, request: AccessRequestID, tenant: TenantID, engineer: PersonID) {
        self.grant = grant
        self.request = request
        self.tenant = tenant
        self.engineer = engineer
    }
}

/// Access that was given: from when to when, and how it was used.
public struct AccessPeriod: Hashable, Sendable {
    public let request: AccessRequestID
    public let createdAt: Timestamp
    public let tenant: TenantID
    public let engineer: PersonID
    /// The program that asked, where one did.
    public let askedBy: PersonID?
    public let grant: Grant
    /// When it ended, as far as is written down.
    public var endedAt: Timestamp?
    /// Whether a service has not confirmed that nothing is left open.
    public var isUnconfirmed: Bool
    /// In order of the first use of each credential.
    public var uses: [CredentialUse]

    public init(
        request: AccessRequestID,
        createdAt: Timestamp,
        tenant: TenantID,
        engineer: PersonID,
        askedBy: PersonID?,
        grant: Grant,
        endedAt: Timestamp?,
        isUnconfirmed: Bool,
        uses: [CredentialUse] = []
    ) {
        self.request = request
        self.createdAt = createdAt
        self.tenant = tenant
        self.engineer = engineer
        self.askedBy = askedBy
        self.grant = grant
        self.endedAt = endedAt
        self.isUnconfirmed = isUnconfirmed
        self.uses = uses
    }
}

/// Access requests with their decisions and grants.
public protocol AccessRequestRecords {
    func request(_ id: AccessRequestID) throws -> AccessRequest?
    /// In the filter's order. The list goes back, too.
    func requests(_ filter: RequestFilter, page: ListPage) throws -> Paged<AccessRequest>
    /// How many there are of each state that has some, whatever `filter` says of the state; nil where
    /// there are more than `most` in all.
    func requestCounts(_ filter: RequestFilter, most: Int) throws -> [AccessRequest.StateName: Int]?
    /// How many requests wait for a yes or no of `person`, who approves for `tenant`; counted up to
    /// `most`.
    func decisionsAwaited(
        from person: PersonID,
        of tenant: TenantID,
        at now: Timestamp,
        most: Int
    ) throws -> Int
    /// How many wait for a manager and are not of the engineer `person`; counted up to `most`.
    func reviewsAwaited(from person: PersonID, at now: Timestamp, most: Int) throws -> Int
    /// How many of the engineer's requests that are not over have a message last that the customer
    /// wrote; counted up to `most`.
    func answersAwaited(from engineer: PersonID, at now: Timestamp, most: Int) throws -> Int
    /// Inserts version 1, or replaces the version before. Any other version, a changed term or
    /// decision, and an illegal transition are refused by the schema: the caller has a bug.
    func save(_ request: AccessRequest) throws
    /// How many requests on a support request wait for a decision at `now`, whoever made them.
    func waitingCount(on number: SupportRequestNumber, of tenant: TenantID, at now: Timestamp)
        throws -> Int
    /// How often the customer denied `engineer` on a support request, or what a program of that
    /// identifier asked there, and when last.
    func denials(of engineer: PersonID, on number: SupportRequestNumber, of tenant: TenantID)
        throws -> (count: Int, last: Timestamp?)
    /// Requests in one of the states that time changes, whose deadline is at or before `now`;
    /// earliest first.
    func requestsDue(at now: Timestamp, limit: Int) throws -> [AccessRequest]
    /// The earliest deadline of all.
    func nextRequestDeadline() throws -> Timestamp?
    /// Requests that are not in a terminal state, in order of identifiers; of one tenant, of one
    /// engineer, or both.
    func openRequests(of tenant: TenantID?, engineer: PersonID?) throws -> [AccessRequest]
    /// Those that the program asked for, for itself or for an engineer, in order of identifiers.
    func openRequests(askedBy program: PersonID) throws -> [AccessRequest]
    /// The grants of all requests that are scheduled or active, as far as is written down, for the
    /// decision index.
    func openGrants() throws -> [OpenGrant]
    /// Those of which some of these are, in order of their identifiers.
    func tenantsWithOpenGrants() throws -> [TenantID]
    /// Requests whose access is over while a service has not confirmed that nothing is left, in
    /// order of identifiers; of one tenant or of all.
    func unconfirmedRequests(of tenant: TenantID?) throws -> [AccessRequest]
    /// Requests of `tenant` whose access ended after `instant`, with a credential for a service that
    /// was not told to cut what is open (`Grant.leftOpen`); in order of identifiers.
    func leftOpenRequests(of tenant: TenantID, endedAfter instant: Timestamp) throws
        -> [AccessRequest]
    /// Access that was open after `instant`, is open or is to be, of one tenant, of one engineer, or
    /// both; the latest asked for first, `most` at the most. What ended before it began is left out.
    func accessPeriods(
        of tenant: TenantID?,
        engineer: PersonID?,
        after instant: Timestamp,
        most: Int
    ) throws -> [AccessPeriod]
}

/// What people wrote to each other about access requests.
public protocol MessageRecords {
    /// In order of their numbers.
    func messages(on request: AccessRequestID) throws -> [Message]
    /// Adds the next message of its request. Any other number is refused by the schema: the caller
    /// has a bug.
    func insert(_ message: Message) throws
}

/// How often a credential was presented, and when first and last.
public struct CredentialUse: Hashable, Sendable {
    public let credential: CredentialID
    public let resource: Resource
    public let first: Timestamp
    public let last: Timestamp
    public let count: Int

    public init(
        credential: CredentialID,
        resource: Resource,
        first: Timestamp,
        last: Timestamp,
        count: Int
    ) {
        self.credential = credential
        self.resource = resource
        self.first = first
        self.last = last
        self.count = count
    }
}

/// Credentials, by the hash of their secret, and their use.
public protocol CredentialRecords {
    /// `secretHash` is SHA-256 of the secret.
    func insert(_ credential: Credential, secretHash: [UInt8]) throws
    func credential(secretHash: [UInt8]) throws -> Credential?
    /// In order of issue.
    func credentials(of grant: GrantID) throws -> [Credential]
    func revokeCredential(_ id: CredentialID, at now: Timestamp) throws
    /// Not revoked, and not expired at `now`: with hash and the request it belongs to, for the
    /// decision index.
    func liveCredentials(at now: Timestamp) throws -> [(
        secretHash: [UInt8], credential: Credential
    )]
    /// The same of one, whether or not it has expired; nil if it is unknown or revoked.
    func liveCredential(_ id: CredentialID) throws -> (
        secretHash: [UInt8], credential: Credential
    )?
    /// Adds `count` uses. True if these are the first.
    func recordUse(of credential: CredentialID, count: Int, first: Timestamp, last: Timestamp)
        throws -> Bool
    func uses(of grant: GrantID) throws -> [CredentialUse]
}

/// Which services a question is about.
public enum ServiceSelection: Hashable, Sendable {
    case all
    case only(Set<ServiceID>)
    case allBut(Set<ServiceID>)
}

/// The work of making services forget access that ended.
public protocol RemovalRecords {
    /// Inserts or replaces, by grant and service, all but `cutAt`.
    func save(_ removal: Removal) throws
    func removals(of request: AccessRequestID) throws -> [Removal]
    /// Not yet confirmed, due at `now`, earliest first.
    func removalsDue(at now: Timestamp, of services: ServiceSelection, limit: Int) throws
        -> [Removal]
    /// Those of them that have not had their first action, latest first: what ended just now is not
    /// hidden behind many orders that a service does not take.
    func removalsToCut(at now: Timestamp, of services: ServiceSelection, limit: Int) throws
        -> [Removal]
    /// The first action of these orders was carried out.
    func markCut(_ removals: [Removal], at now: Timestamp) throws
    /// Every one that is not yet confirmed.
    func openRemovals() throws -> [Removal]
    func nextRemovalAttempt(of services: ServiceSelection) throws -> Timestamp?
}
