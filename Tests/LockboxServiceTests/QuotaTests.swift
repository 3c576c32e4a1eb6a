import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Synchronization
import Testing

/// What fills a day: the last that is allowed, one too many, and when it goes on.
struct QuotaTests {
    // MARK: - Support requests

    private static func open(_ world: TestWorld, by person: Person, key: CommandKey? = nil)
        async throws -> SupportRequestNumber
    {
        try await world.lockbox.openSupportRequest(
            SupportDraft(
                tenant: person.side.tenant?.text ?? "",
                subject: "Mail is slow",
                description: "Since this morning.",
                service: nil,
                number: nil,
                url: nil
            ),
            by: person,
            key: key
        ).support.number
    }

    /// As many as if `person` had opened them just now.
    private static func fill(_ world: TestWorld, _ count: Int, by person: Person) async throws {
        let tenant = try #require(person.side.tenant)
        let now = world.clock.now()
        try await world.store.write { tx in
            for number in 0..<count {
                let support = Fixture.supportRequest(
                    "\(person.id)-\(number)",
                    of: tenant,
                    openedBy: person.id,
                    openedAt: now
                )
                try tx.insert(support)
            }
        }
    }

    @Test func supportRequestsOfOnePersonAreBounded() async throws {
        try await TestWorld.with { world async throws in
            world.clock.advance(by: .days(1))
            try await Self.fill(world, Limits.supportRequestsPerDay - 1, by: Fixture.sue)
            let key = CommandKey(key: "k", payloadHash: Fixture.secretHash(1))
            let last = try await Self.open(world, by: Fixture.sue, key: key)
            world.clock.advance(by: .hours(1))
            let refusal = try await world.refusal {
                _ = try await Self.open(world, by: Fixture.sue)
            }
            #expect(refusal == .dailyLimitReached(.supportRequests, wait: .hours(23)))
            // A retry opens nothing, and others are not held up.
            #expect(try await Self.open(world, by: Fixture.sue, key: key) == last)
            _ = try await Self.open(world, by: Fixture.tom)
            world.clock.advance(by: .hours(23))
            _ = try await Self.open(world, by: Fixture.sue)
        }
    }

    @Test func supportRequestsOfOneTenantAreBounded() async throws {
        try await TestWorld.with { world async throws in
            world.clock.advance(by: .days(1))
            try await Self.fill(
                world,
                Limits.supportRequestsOfTenantPerDay - 1,
                by: Fixture.sue
            )
            _ = try await Self.open(world, by: Fixture.tom)
            let refusal = try await world.refusal {
                _ = try await Self.open(world, by: Fixture.tom)
            }
            #expect(refusal == .dailyLimitReached(.supportRequestsOfTenant, wait: .days(1)))
            _ = try await Self.open(world, by: Fixture.frida)
            world.clock.advance(by: .days(1))
            _ = try await Self.open(world, by: Fixture.tom)
        }
    }

    // MARK: - Requests

    /// Requests of `engineer` that were withdrawn at once.
    private static func fill(
        _ world: TestWorld,
        _ count: Int,
        by engineer: Person,
        about support: SupportRequest
    ) async throws {
        let isContoso = support.tenant == Fixture.contoso.id
        let (now, entropy) = (world.clock.now(), SeededEntropy(seed: 9))
        try await world.store.write { tx in
            for _ in 0..<count {
                var (request, _) = try AccessRequest.submit(
                    id: entropy.id(),
                    terms: Fixture.terms(
                        by: engineer,
                        about: support,
                        in: isContoso ? Fixture.contoso : Fixture.fabrikam
                    ),
                    engineer: engineer,
                    tenant: isContoso ? Fixture.contoso : Fixture.fabrikam,
                    approvers: isContoso ? [Fixture.adam] : [Fixture.finn],
                    now: now
                )
                try tx.save(request)
                _ = try request.withdraw(comment: nil, by: engineer, now: now)
                try tx.save(request)
            }
        }
    }

    private static let theirs = Fixture.supportRequest(
        "SR-2001",
        of: Fixture.fabrikam.id,
        openedBy: Fixture.frida.id
    )

    @Test(
        arguments: [
            (
                Limits.requestsAtTenantPerDay, Fixture.eve, Fixture.supportRequest(),
                .requestsAtTenant
            ),
            (Limits.requestsPerDay, Fixture.eve, theirs, .requests),
            (
                Limits.requestsAboutTenantPerDay, Fixture.max, Fixture.supportRequest(),
                .requestsAboutTenant
            ),
        ] as [(Int, Person, SupportRequest, DailyQuota)]
    )
    func requestsAreBounded(
        _ bound: Int,
        _ engineer: Person,
        _ support: SupportRequest,
        _ quota: DailyQuota
    ) async throws {
        try await TestWorld.with { world async throws in
            try await Self.fill(world, bound - 1, by: engineer, about: support)
            _ = try await world.submitted()
            world.clock.advance(by: .hours(1))
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .dailyLimitReached(quota, wait: .hours(23)))
            world.clock.advance(by: .hours(23))
            _ = try await world.submitted()
        }
    }

    // MARK: - Messages

    @Test func messagesOfOnePersonAreBoundedAcrossRequests() async throws {
        try await TestWorld.with { world async throws in
            let threads = Limits.messagesPerDay / Limits.messagesPerRequest + 1
            for _ in 0..<threads { try await world.submittedBeyondBounds() }
            let requests = try await world.store.read { tx in
                try tx.requests(RequestFilter(), page: ListPage(limit: 50)).items
            }
            try await world.store.write { tx in
                for number in 0..<Limits.messagesPerDay - 1 {
                    let (thread, place) = number.quotientAndRemainder(
                        dividingBy: Limits.messagesPerRequest
                    )
                    try tx.insert(
                        Message(
                            number: place + 1,
                            request: requests[thread].id,
                            person: Fixture.mark.id,
                            text: "Why?",
                            at: Fixture.now
                        )
                    )
                }
            }
            let id = requests[threads - 1].id.text
            func post(_ person: Person) async throws {
                _ = try await world.lockbox.postMessage("Why?", on: id, by: person, key: nil)
            }
            try await post(Fixture.mark)
            let refusal = try await world.refusal { try await post(Fixture.mark) }
            #expect(refusal == .dailyLimitReached(.messages, wait: .days(1)))
            try await post(Fixture.eve)
        }
    }

    // MARK: - Settings

    @Test func changesOfSettingsAreBoundedUnlessTheyOnlyTakeAway() async throws {
        try await TestWorld.with { world async throws in
            let (lockbox, gita) = (world.lockbox, Fixture.gita)
            func mute(_ letters: MutedLetters, by person: Person) async throws {
                _ = try await lockbox.changeMutedLetters(to: letters, by: person)
            }
            func setRoles(_ roles: [String]) async throws {
                _ = try await lockbox.changeRoles(
                    of: Fixture.tom.id.text,
                    in: "contoso",
                    to: roles,
                    by: gita
                )
            }
            func setPolicy(_ change: (inout Policy) -> Void) async throws {
                let tenant = try await lockbox.tenant("contoso", by: gita)
                var policy = tenant.policy
                change(&policy)
                _ = try await lockbox.changePolicy(
                    of: "contoso",
                    to: policy,
                    version: tenant.version,
                    by: gita
                )
            }
            try await setRoles(["member", "approver"])
            try await setPolicy { $0.maxAccess = .hours(5) }
            for number in 3...Limits.settingsPerDay {
                try await mute(number.isMultiple(of: 2) ? [] : .reminders, by: gita)
            }
            let full = Refusal.dailyLimitReached(.settings, wait: .days(1))
            #expect(try await world.refusal { try await mute(.reminders, by: gita) } == full)
            #expect(
                try await world.refusal { try await setRoles(["member", "auditor"]) } == full
            )
            #expect(
                try await world.refusal { try await setPolicy { $0.maxAccess = .hours(6) } }
                    == full
            )
            // What takes away has room of its own, and what changes nothing needs none.
            try await setRoles(["member"])
            try await setPolicy { $0.maxAccess = .hours(1) }
            try await mute([], by: gita)
            try await mute(.reminders, by: Fixture.adam)
            for number in 3...Limits.settingsPerDay {
                try await setPolicy { $0.maxAccess = .seconds(3600 - Int64(number)) }
            }
            #expect(
                try await world.refusal { try await setPolicy { $0.maxAccess = .minutes(1) } }
                    == full
            )
            world.clock.advance(by: .days(1))
            try await mute(.reminders, by: gita)
        }
    }

    @Test func changeOfSettingsThatFailsDoesNotCount() async throws {
        let failing = FailingReader()
        try await TestWorld.with(readers: [failing]) { world async throws in
            func mute(_ letters: MutedLetters) async throws {
                _ = try await world.lockbox.changeMutedLetters(to: letters, by: Fixture.gita)
            }
            try await mute(.reminders)
            failing.isFailing.withLock { $0 = true }
            for _ in 1...Limits.settingsPerDay {
                await #expect(throws: StoreError.self) { try await mute([]) }
            }
            failing.isFailing.withLock { $0 = false }
            for number in 2...Limits.settingsPerDay {
                try await mute(number.isMultiple(of: 2) ? [] : .reminders)
            }
            let full = Refusal.dailyLimitReached(.settings, wait: .days(1))
            #expect(try await world.refusal { try await mute(.reminders) } == full)
        }
    }
}

/// Lets no write succeed for a while.
private final class FailingReader: EventReader {
    let isFailing = Mutex(false)

    func read(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        if isFailing.withLock({ $0 }) { throw StoreError.unavailable("disk full") }
    }
}
