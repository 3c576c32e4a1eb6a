import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxTestWorld
import Testing

/// The people of the fixtures and the commands of the workflow, with the planner reading their
/// events. No letter is written yet.
struct Stage: Sendable {
    static let start = Fixture.now
    static let tenant = Fixture.contoso.id
    static let mail = Fixture.mail.service.id

    /// Free texts that no letter may show.
    static let reason = "REASON-sentinel of the engineer"
    static let comment = "COMMENT-sentinel of whoever decides"
    static let freeTexts = [
        reason, comment, Fixture.supportRequest().subject, Fixture.supportRequest().description,
    ]

    static let operators = Operators([EmailAddress("ops@example-cloud.test")!])
    static let planner = NoticePlanner(
        portal: Portal(
            name: "Example Lockbox",
            publicURL: "https://lockbox.example-cloud.test/admin?x=1",
            showAddress: true
        ),
        kinds: ServiceKinds([IMAPKind(TestWorld.tools), PostgresKind(TestWorld.tools)]),
        operators: operators
    )

    private let world: TestWorld
    let entropy = SeededEntropy(seed: 3)
    var store: any Store { world.store }
    var clock: FixedClock { world.clock }

    /// Runs `body` on a new stage and takes the stage down.
    static func with(
        contoso: Tenant = Fixture.contoso,
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await TestWorld.with(contoso: contoso) { furnished in
            // That they are there is no news.
            try await body(Stage(world: try await furnished.read(by: [planner])))
        }
    }
}

// MARK: - Commands

extension Stage {
    func submit(
        notBefore: Timestamp? = nil,
        by asker: Person = Fixture.eve,
        for engineer: Person? = nil
    ) async throws -> AccessRequestID {
        let draft = TestWorld.draft {
            $0.reason = Stage.reason
            $0.resources = [
                .init(service: "mail", id: Fixture.mailbox.name, actions: ["read", "write"]),
                .init(service: "mail", id: Fixture.otherMailbox.name, actions: ["read"]),
            ]
            $0.notBefore = notBefore
            $0.engineer = engineer?.id.text
        }
        return try await world.lockbox.submit(draft, by: asker, key: nil).request.id
    }

    /// All that is asked for, or for `duration` alone.
    func approve(_ id: AccessRequestID, _ person: Person, duration: TimeSpan? = nil) async throws {
        try await decide(id, person, approves: true, duration: duration)
    }

    func deny(_ id: AccessRequestID, _ person: Person) async throws {
        try await decide(id, person, approves: false)
    }

    private func decide(
        _ id: AccessRequestID,
        _ person: Person,
        approves: Bool,
        duration: TimeSpan? = nil
    ) async throws {
        let draft = DecisionDraft(
            approves: approves,
            comment: Stage.comment,
            duration: duration,
            resources: nil
        )
        try await world.decide(draft, on: try await world.stored(id), by: person)
    }

    /// Submitted and approved by a manager: the customer is asked.
    func askCustomer(notBefore: Timestamp? = nil) async throws -> AccessRequestID {
        let id = try await submit(notBefore: notBefore)
        try await approve(id, Fixture.mark)
        return id
    }

    func approved(notBefore: Timestamp? = nil) async throws -> AccessRequestID {
        let id = try await askCustomer(notBefore: notBefore)
        try await approve(id, Fixture.adam)
        return id
    }

    func withdraw(_ id: AccessRequestID, by person: Person = Fixture.eve) async throws {
        _ = try await world.lockbox.withdraw(
            id.text,
            comment: Stage.comment,
            by: person,
            key: nil
        )
    }

    func revoke(_ id: AccessRequestID, by person: Person) async throws {
        _ = try await world.lockbox.revoke(id.text, comment: Stage.comment, by: person, key: nil)
    }

    func post(_ id: AccessRequestID, by person: Person) async throws {
        _ = try await world.lockbox.postMessage(Stage.comment, on: id.text, by: person, key: nil)
    }

    /// Something is done with Sue's support request.
    func support(_ act: SupportEntry.Act, by person: Person) async throws {
        let (number, lockbox) = (Fixture.supportRequest().number.text, world.lockbox)
        switch act {
        case .wrote:
            _ = try await lockbox.writeOnSupportRequest(
                Stage.comment,
                on: number,
                tenant: nil,
                by: person,
                key: nil
            )
        case .closed:
            _ = try await lockbox.closeSupportRequest(
                number,
                tenant: nil,
                comment: Stage.comment,
                by: person,
                key: nil
            )
        case .reopened:
            _ = try await lockbox.reopenSupportRequest(
                number,
                tenant: nil,
                comment: Stage.comment,
                by: person,
                key: nil
            )
        }
    }

    /// `person` switches letters off, or on again.
    func mute(_ letters: MutedLetters, by person: Person) async throws {
        _ = try await world.lockbox.changeMutedLetters(to: letters, by: person)
    }

    /// What time alone does up to `instant` is recorded.
    func pass(to instant: Timestamp) async throws {
        clock.move(to: instant)
        _ = try await world.lockbox.expireDue()
    }

    func tell(_ event: Event, by actor: Actor = .system) async throws {
        try await world.audited.write(by: actor) { $0.emit(event) }
    }

    /// Adds `person`, or makes of the stored one what `person` is.
    func save(_ person: Person, by actor: Actor = .console) async throws {
        try await world.audited.write(by: actor) { change in
            let before = try change.tx.person(person.id)
            try change.tx.save(person)
            change.emit(
                .directory(
                    before.map { .personChanged(before: $0, after: person) } ?? .personAdded(person)
                )
            )
        }
    }

    @discardableResult
    func invite(
        _ person: Person,
        for purpose: Invitation.Purpose = .firstSignIn,
        by maker: Person? = nil
    ) async throws -> Invitation {
        try await world.audited.write(by: maker.map(Actor.person) ?? .console) { change in
            try change.invite(person, for: purpose, by: maker)
        }
    }

    /// Letters to one person that are about no request and no change of an organisation.
    func invitationLetters() async throws -> [Notice] {
        try await store.read { tx in
            try tx.noticesDue(at: .latest, limit: 100).filter { $0.kind == .invitation }
        }
    }

    /// A new approver of the customer.
    static func newcomer(_ number: UInt8 = 100) -> Person {
        Fixture.person(number, "Nora Hill", "nora\(number)@contoso.test", .approver)
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
}

// MARK: - Looking

extension Stage {
    func standing(of notice: Notice) async throws -> Standing {
        let now = clock.now()
        return try await store.read { tx in try notice.standing(at: now, in: tx) }
    }

    /// Letters of the customer's own side, as they stand.
    func sideLetters() async throws -> [Notice] {
        try await store.read { tx in
            try tx.sideNotices(of: .tenant(Stage.tenant), since: Stage.start)
        }
    }

    func notices(_ id: AccessRequestID) async throws -> [Notice] {
        try await store.read { tx in try tx.notices(about: id) }
    }

    /// Each notice that is not cancelled as `kind → first name`, sorted.
    func waiting(_ id: AccessRequestID, _ kinds: Notice.Kind...) async throws -> [String] {
        try await notices(id)
            .filter { $0.delivery != .cancelled && (kinds.isEmpty || kinds.contains($0.kind)) }
            .map { "\($0.kind.rawValue) → \($0.recipientAddress.text.prefix { $0 != "@" })" }
            .sorted()
    }

    func supportNotices() async throws -> [Notice] {
        try await store.read { tx in
            try tx.notices(about: Fixture.supportRequest().number, of: Stage.tenant)
        }
    }

    /// Those about Sue's support request as `kind → first name`, sorted.
    func supportLetters() async throws -> [String] {
        try await supportNotices()
            .map { "\($0.kind.rawValue) → \($0.recipientAddress.text.prefix { $0 != "@" })" }
            .sorted()
    }

    func supportNotice(
        _ kind: Notice.Kind = .supportWritten,
        to person: Person = Fixture.sue
    ) async throws -> Notice {
        try #require(
            try await supportNotices().last { $0.kind == kind && $0.recipient == person.id }
        )
    }

    func notice(_ id: AccessRequestID, _ kind: Notice.Kind, to person: Person) async throws
        -> Notice
    {
        try #require(try await notices(id).last { $0.kind == kind && $0.recipient == person.id })
    }
}

/// `person` with a change.
func changed(_ person: Person, _ change: (inout Person) -> Void) -> Person {
    var copy = person
    change(&copy)
    return copy
}
