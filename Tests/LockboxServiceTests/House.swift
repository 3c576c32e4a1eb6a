import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxEnforcement
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxStoreSQLite
import Testing

/// The middle floors together, on a store of their own: two tenants, their people and the
/// provider's.
struct House: Sendable {
    let store: any Store
    let clock: FixedClock
    let audited: AuditedStore
    let lockbox: Lockbox
    let index: DecisionIndex

    /// More people than the fixture has: a second of each kind that matters.
    static let tom = Fixture.person(11, "Tom Ash", "tom@contoso.test", .member)
    static let uma = Fixture.person(12, "Uma Bell", "uma@contoso.test", .auditor)
    static let max = Fixture.person(
        13,
        "Max Orr",
        "max@example-cloud.test",
        [.manager, .engineer],
        at: .provider
    )
    static let olga = Fixture.person(
        14,
        "Olga Diaz",
        "olga@example-cloud.test",
        .operator,
        at: .provider
    )
    static let vera = Fixture.person(
        15,
        "Vera Moss",
        "vera@example-cloud.test",
        .auditor,
        at: .provider
    )
    static let finn = Fixture.person(
        16,
        "Finn Koch",
        "finn@fabrikam.test",
        .admin,
        at: .tenant(Fixture.fabrikam.id)
    )
    static let everyone = Fixture.everyone + [tom, uma, max, olga, vera, finn]

    /// Runs `body` in a house of its own, which is gone afterwards.
    static func with(
        contoso: Tenant = Fixture.contoso,
        people: [Person] = [],
        _ body: (House) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.temporary()
        let house = House(store: store)
        do {
            try await house.furnish(contoso, everyone + people)
            try await body(house)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    init(store: any Store, clock: FixedClock = FixedClock(), seed: UInt64 = 1) {
        self.store = store
        self.clock = clock
        index = DecisionIndex(store: store, clock: clock)
        audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: SeededEntropy(seed: seed),
            readers: [RemovalPlanner()],
            listeners: [index]
        )
        lockbox = Lockbox(store: audited)
    }

    func furnish(_ contoso: Tenant = Fixture.contoso, _ people: [Person] = everyone) async throws {
        try await audited.write(by: .console) { change in
            let tx = change.tx
            try tx.saveProviderName("Example Cloud")
            for tenant in [contoso, Fixture.fabrikam] {
                try tx.save(tenant)
                change.emit(.directory(.tenantAdded(tenant)))
            }
            for person in people {
                try tx.save(person)
                change.emit(.directory(.personAdded(person)))
            }
            try tx.save(Fixture.mail)
            change.emit(.directory(.serviceAdded(Fixture.mail.service)))
            for resource in [Fixture.mailbox, Fixture.otherMailbox] {
                try tx.save(resource, of: contoso.id)
            }
            try tx.save(Fixture.resource("mailbox:frida@fabrikam.test"), of: Fixture.fabrikam.id)
            for support in [
                Fixture.supportRequest(), Fixture.supportRequest("SR-1002", openedBy: House.tom.id),
                Fixture.supportRequest(
                    "SR-2001",
                    of: Fixture.fabrikam.id,
                    openedBy: Fixture.frida.id
                ),
            ] {
                try tx.insert(support)
                change.emit(.request(.supportRequestOpened(support)))
            }
        }
        try await index.refresh(reload: true)
    }

    // MARK: - Steps

    static func draft(_ change: (inout RequestDraft) -> Void = { _ in }) -> RequestDraft {
        var draft = RequestDraft(
            tenant: "contoso",
            supportRequest: "SR-1001",
            reason: "Look why mail does not arrive.",
            duration: .hours(2),
            resources: [.init(service: "mail", id: "mailbox:sue@contoso.test", actions: ["read"])],
            notBefore: nil
        )
        change(&draft)
        return draft
    }

    static let yes = DecisionDraft(approves: true, comment: nil, duration: nil, resources: nil)
    static let no = DecisionDraft(
        approves: false,
        comment: "Not today.",
        duration: nil,
        resources: nil
    )

    func submitted(_ change: (inout RequestDraft) -> Void = { _ in }) async throws -> AccessRequest
    {
        try await lockbox.submit(Self.draft(change), by: Fixture.eve, key: nil).request
    }

    /// A request that waits for the customer, or has access by policy.
    func reviewed(_ change: (inout RequestDraft) -> Void = { _ in }) async throws -> AccessRequest {
        try await decide(Self.yes, on: try await submitted(change), by: Fixture.mark)
    }

    func approved(_ change: (inout RequestDraft) -> Void = { _ in }) async throws -> AccessRequest {
        try await decide(Self.yes, on: try await reviewed(change), by: Fixture.adam)
    }

    @discardableResult
    func decide(_ draft: DecisionDraft, on request: AccessRequest, by person: Person) async throws
        -> AccessRequest
    {
        try await lockbox.decide(
            draft,
            on: request.id.text,
            version: request.version,
            by: person,
            key: nil
        ).request
    }

    func credential(for request: AccessRequest) async throws -> IssuedCredential {
        try await lockbox.issueCredential(
            for: request.id.text,
            service: nil,
            resource: nil,
            by: Fixture.eve,
            key: nil
        )
    }

    func stored(_ id: AccessRequestID) async throws -> AccessRequest {
        try await store.read { tx in try #require(try tx.request(id)) }
    }

    // MARK: - What is there

    func entries(of log: LogID = .tenant(Fixture.contoso.id)) async throws -> [LogEntry] {
        try await store.read { tx in try tx.entries(of: log, in: 0..<(try tx.head(of: log)).size) }
    }

    func activities(about id: AccessRequestID) async throws -> [String] {
        try await entries().filter { $0.request == id }.map(\.activity)
    }

    /// The logs agree with the tables and with themselves.
    func expectConsistentLogs(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let differences = try await LogCheck(store: store).run(only: nil).flatMap(\.differences)
        #expect(differences == [], sourceLocation: sourceLocation)
    }

    /// Runs `body`, which must be refused and must change nothing; gives the refusal.
    func refusal(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async throws -> Refusal {
        let before = try await state()
        var found: Refusal?
        do {
            try await body()
        } catch let refusal as Refusal {
            found = refusal
        }
        let after = try await state()
        #expect(before == after, "a refusal changed something", sourceLocation: sourceLocation)
        return try #require(found, "was not refused", sourceLocation: sourceLocation)
    }

    private func state() async throws -> [String] {
        try await store.read { tx in
            try tx.logs().map { "\($0.logName) \(try tx.head(of: $0))" }
                + tx.requests(RequestFilter(), page: ListPage(limit: 200)).items.map { "\($0)" }
                + tx.tenants().map { "\($0)" } + tx.people(at: .provider).map { "\($0)" }
                + tx.people(at: .tenant(Fixture.contoso.id)).map { "\($0)" }
                + tx.liveCredentials(at: .earliest).map { "\($0)" }
        }
    }
}

/// A store that a test can break, watch, or get between.
final class Meddled: Store {
    private let store: any Store
    let beforeWrite: @Sendable () async throws -> Void
    let beforeRead: @Sendable () async throws -> Void

    init(
        _ store: any Store,
        beforeRead: @escaping @Sendable () async throws -> Void = {},
        beforeWrite: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.store = store
        self.beforeRead = beforeRead
        self.beforeWrite = beforeWrite
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await beforeWrite()
        return try await store.write(body)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await beforeRead()
        return try await store.read(body)
    }

    func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }
}
