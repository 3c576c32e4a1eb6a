import AsyncHTTPClient
import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import LockboxServices
import LockboxStoreSQLite
import Synchronization
import Testing

/// A provider and a customer in a real store, and the commands of the workflow with the planner
/// reading their events.
struct Stage: Sendable {
    static let start = Timestamp("2026-11-23T08:15:00Z")!
    static let tenant = TenantID("contoso")!
    static let mail = ServiceID("mail")!
    static let mailbox = Resource(service: mail, name: "mailbox:sue@contoso.test")!
    static let secondMailbox = Resource(service: mail, name: "mailbox:info@contoso.test")!

    /// Free texts that no letter may show.
    static let reason = "REASON-sentinel of the engineer"
    static let comment = "COMMENT-sentinel of whoever decides"
    static let subject = "SUBJECT-sentinel of Sue"
    static let description = "DESCRIPTION-sentinel of Sue"

    let store: any Store
    let clock = HandClock(Stage.start)
    let entropy = CountingEntropy()
    static let operators = Operators([EmailAddress("ops@adatum.test")!])

    let planner = NoticePlanner(
        portal: Portal(
            name: "Adatum Lockbox",
            publicURL: "https://lockbox.adatum.test/admin?x=1",
            showAddress: true
        ),
        kinds: ServiceKinds([IMAPKind(Stage.tools), PostgresKind(Stage.tools)]),
        operators: Stage.operators
    )
    private static let tools = ServiceTools(
        http: .shared,
        clock: HandClock(Stage.start),
        entropy: CountingEntropy()
    ) { _ in "a key" }
    let cast: Cast

    /// Runs `body` on a new stage and takes the stage down.
    static func with(
        engineerName: String = "Erik Engineer",
        tenantName: String = "Contoso",
        policy: Policy = .standard,
        _ body: (Stage) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.temporary()
        let stage = Stage(store: store, cast: Cast(engineerName: engineerName))
        do {
            let cast = stage.cast
            try await store.write { tx in
                try tx.saveProviderName("Adatum")
                try tx.save(Fixture.service(Stage.mail.text, clientID: nil))
                try tx.save(
                    Tenant(id: Stage.tenant, name: tenantName, isLicensed: true, policy: policy)
                )
                for resource in [Stage.mailbox, Stage.secondMailbox] {
                    try tx.save(resource, of: Stage.tenant)
                }
                for person in cast.everyone { try tx.save(person) }
                try tx.insert(
                    SupportRequest(
                        tenant: Stage.tenant,
                        number: SupportRequestNumber("SR-1001")!,
                        subject: Stage.subject,
                        description: Stage.description,
                        service: Stage.mail,
                        url: nil,
                        openedBy: cast.sue,
                        openedAt: Stage.start
                    )
                )
            }
            try await body(stage)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }
}

struct Cast: Sendable {
    let erik, mona, max, former, sue, alice, adam, gone: Person

    init(engineerName: String) {
        let entropy = CountingEntropy(from: 1 << 20)
        func person(_ name: String, _ side: Side, _ roles: Roles, isDisabled: Bool = false)
            -> Person
        {
            let address =
                "\(name.split(separator: " ")[0].lowercased())@\(side == .provider ? "adatum" : "contoso").test"
            return Person(
                id: entropy.id(),
                side: side,
                name: name,
                email: EmailAddress(address)!,
                roles: roles,
                isDisabled: isDisabled
            )
        }
        let contoso = Side.tenant(Stage.tenant)
        var engineer = person("Erik", .provider, [.engineer, .manager])
        engineer.name = engineerName
        erik = engineer
        mona = person("Mona Manager", .provider, .manager)
        max = person("Max Manager", .provider, .manager)
        former = person("Former Manager", .provider, .manager, isDisabled: true)
        sue = person("Sue Member", contoso, .member)
        alice = person("Alice Approver", contoso, .approver)
        adam = person("Adam Admin", contoso, .admin)
        gone = person("Gone Approver", contoso, .approver, isDisabled: true)
    }

    var everyone: [Person] { [erik, mona, max, former, sue, alice, adam, gone] }
}

// MARK: - Commands

extension Stage {
    func submit(duration: TimeSpan = .hours(2), notBefore: Timestamp? = nil) async throws
        -> AccessRequestID
    {
        let (now, entropy, cast, planner) = (clock.now(), entropy, cast, planner)
        return try await store.write { tx in
            let tenant = try #require(try tx.tenant(Stage.tenant))
            let support = try #require(
                try tx.supportRequest(SupportRequestNumber("SR-1001")!, of: tenant.id)
            )
            let scope = try Scope([
                Access(Stage.mailbox, [.read, .write]), Access(Stage.secondMailbox, .read),
            ])
            let (request, events) = try AccessRequest.submit(
                id: entropy.id(),
                terms: AccessRequest.Terms(
                    tenant: tenant.id,
                    supportRequest: support.number,
                    engineer: cast.erik.id,
                    reason: Stage.reason,
                    duration: duration,
                    scope: scope,
                    notBefore: notBefore
                ),
                engineer: cast.erik,
                tenant: tenant,
                approvers: [cast.alice, cast.adam],
                now: now
            )
            try tx.save(request)
            for event in events {
                try planner.read(event, by: .person(cast.erik), at: now, entropy: entropy, in: tx)
            }
            return request.id
        }
    }

    /// Lets `change` change the request, saves it, and shows the events to the planner, as the
    /// audited write does.
    func change(
        _ id: AccessRequestID,
        _ change: @escaping @Sendable (inout AccessRequest, Timestamp) throws -> [Event]
    ) async throws {
        let (now, entropy, planner) = (clock.now(), entropy, planner)
        try await store.write { tx in
            var request = try #require(try tx.request(id))
            let events = try change(&request, now)
            try tx.save(request)
            for event in events {
                try planner.read(event, by: .system, at: now, entropy: entropy, in: tx)
            }
        }
    }

    func decide(
        _ id: AccessRequestID,
        _ person: Person,
        _ verdict: Decision.Verdict = .approve(.none)
    ) async throws {
        let (cast, entropy) = (cast, entropy)
        let tenant = try await store.read { tx in try #require(try tx.tenant(Stage.tenant)) }
        try await change(id) { request, now in
            let context = DecisionContext(
                tenant: tenant,
                engineer: cast.erik,
                approvers: [cast.alice, cast.adam],
                newGrant: entropy.id()
            )
            return try request.decide(
                verdict,
                comment: Stage.comment,
                by: person,
                version: request.version,
                in: context,
                now: now
            )
        }
    }

    /// Submitted and approved by a manager: the customer is asked.
    func askCustomer(duration: TimeSpan = .hours(2), notBefore: Timestamp? = nil) async throws
        -> AccessRequestID
    {
        let id = try await submit(duration: duration, notBefore: notBefore)
        try await decide(id, cast.mona)
        return id
    }

    func approved(duration: TimeSpan = .hours(2), notBefore: Timestamp? = nil) async throws
        -> AccessRequestID
    {
        let id = try await askCustomer(duration: duration, notBefore: notBefore)
        try await decide(id, cast.alice)
        return id
    }

    /// Writes a message and shows it to the planner, as the use case does.
    func post(_ id: AccessRequestID, by person: Person) async throws {
        let (now, entropy, cast, planner) = (clock.now(), entropy, cast, planner)
        try await store.write { tx in
            let request = try #require(try tx.request(id))
            let (message, events) = try request.post(
                Stage.comment,
                number: try tx.messages(on: id).count + 1,
                by: person,
                engineer: cast.erik,
                now: now
            )
            try tx.insert(message)
            for event in events {
                try planner.read(event, by: .person(person), at: now, entropy: entropy, in: tx)
            }
        }
    }

    /// `person` switches letters off, or on again.
    func mute(_ letters: MutedLetters, by person: Person) async throws {
        let (now, entropy, planner) = (clock.now(), entropy, planner)
        try await store.write { tx in
            let before = try #require(try tx.person(person.id))
            var after = before
            after.mutedLetters = letters
            try tx.save(after)
            try planner.read(
                .directory(.personChanged(before: before, after: after)),
                by: .person(person),
                at: now,
                entropy: entropy,
                in: tx
            )
        }
    }

    func pass(_ id: AccessRequestID, to instant: Timestamp) async throws {
        clock.set(instant)
        let (entropy, planner) = (entropy, planner)
        try await store.write { tx in
            var request = try #require(try tx.request(id))
            while let event = request.advance(to: instant) {
                try tx.save(request)
                try planner.read(event, by: .system, at: instant, entropy: entropy, in: tx)
            }
        }
    }

    func tell(_ event: Event, by actor: Actor = .system) async throws {
        let (now, entropy, planner) = (clock.now(), entropy, planner)
        try await store.write { tx in
            try planner.read(event, by: actor, at: now, entropy: entropy, in: tx)
        }
    }

    /// Adds `person`, or makes of the stored one what `person` is, and shows it to the planner.
    func save(_ person: Person, by actor: Actor = .console) async throws {
        let before = try await store.write { tx in
            let before = try tx.person(person.id)
            try tx.save(person)
            return before
        }
        let event: DirectoryEvent =
            before.map { .personChanged(before: $0, after: person) } ?? .personAdded(person)
        try await tell(.directory(event), by: actor)
    }

    /// A new approver of the customer.
    func newcomer(_ name: String = "nora") -> Person {
        Person(
            id: entropy.id(),
            side: .tenant(Stage.tenant),
            name: "Nora Newcomer",
            email: EmailAddress("\(name)@contoso.test")!,
            roles: .approver
        )
    }

    /// The letters that are due have been sent.
    func deliver(_ id: AccessRequestID) async throws {
        let now = clock.now()
        try await store.write { tx in
            for var notice in try tx.notices(about: id)
            where notice.delivery == .queued && notice.nextAttempt <= now {
                notice.delivery = .sent
                notice.attempts += 1
                notice.sentAt = now
                try tx.update(notice)
            }
        }
    }

    func standing(of notice: Notice) async throws -> Standing {
        let now = clock.now()
        return try await store.read { tx in try notice.standing(at: now, in: tx) }
    }

    /// Letters of the customer's own side, as they stand.
    func sideLetters() async throws -> [Notice] {
        try await store.read { tx in try tx.sideNotices(of: Stage.tenant, since: Stage.start) }
    }

    // MARK: - Looking

    func notices(_ id: AccessRequestID) async throws -> [Notice] {
        try await store.read { tx in try tx.notices(about: id) }
    }

    /// Each notice that is not cancelled as `kind → first name`, sorted.
    func waiting(_ id: AccessRequestID, _ kinds: Notice.Kind...) async throws -> [String] {
        try await notices(id)
            .filter { $0.delivery != .cancelled && (kinds.isEmpty || kinds.contains($0.kind)) }
            .map { "\($0.kind.rawValue) → \(firstName($0.recipient))" }
            .sorted()
    }

    func notice(_ id: AccessRequestID, _ kind: Notice.Kind, to person: Person) async throws
        -> Notice
    {
        try #require(try await notices(id).last { $0.kind == kind && $0.recipient == person.id })
    }

    private func firstName(_ id: PersonID?) -> String {
        guard let id else { return "operator" }
        return cast.everyone.first { $0.id == id }.map {
            String($0.email.text.prefix { $0 != "@" })
        }
            ?? id.text
    }
}

// MARK: - Time and chance

final class HandClock: WallClock {
    private let instant: Mutex<Timestamp>

    init(_ instant: Timestamp) { self.instant = Mutex(instant) }

    func now() -> Timestamp { instant.withLock { $0 } }
    var step: TimeSpan? { nil }
    var ahead: TimeSpan { .zero }
    func set(_ new: Timestamp) { instant.withLock { $0 = max($0, new) } }
    func advance(by span: TimeSpan) { instant.withLock { $0 = $0 + span } }
}

/// Different bytes at each call, so that identifiers differ.
final class CountingEntropy: Entropy {
    private let next: Mutex<UInt64>

    init(from first: UInt64 = 1) { next = Mutex(first) }

    func bytes(_ count: Int) -> [UInt8] {
        let number = next.withLock { next in
            defer { next += 1 }
            return next
        }
        return (0..<count).map { UInt8(truncatingIfNeeded: (number >> (5 * UInt64($0))) & 31) }
    }
}
