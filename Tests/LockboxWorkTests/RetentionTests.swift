import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// What is kept no longer goes, a little at a time, and nothing else does.
struct RetentionTests {
    private static func job(
        _ world: TestWorld,
        store: AuditedStore? = nil,
        onPause: @escaping @Sendable () -> Void = {}
    ) -> RetentionJob {
        RetentionJob(
            lockbox: world.lockbox,
            store: store ?? world.audited,
            files: nil,
            clock: world.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            sleep: { _ in onPause() }
        )
    }

    private static func run(_ world: TestWorld) async throws {
        try await job(world).carryOut([.whole], under: .free)
    }

    private static func open(_ world: TestWorld) async throws -> SupportRequestNumber {
        try await world.lockbox.openSupportRequest(
            SupportDraft(
                tenant: "contoso",
                subject: "Mail is slow",
                description: "Since this morning.",
                service: nil,
                number: nil,
                url: nil
            ),
            by: Fixture.sue,
            key: CommandKey(key: "k", payloadHash: Fixture.secretHash(1))
        ).support.number
    }

    private static func insertCommands(_ count: Int, _ world: TestWorld) async throws {
        try await world.store.write { tx in
            for number in 0..<count {
                try tx.insert(
                    CommandRecord(
                        person: Fixture.eve.id,
                        key: "\(number)",
                        payloadHash: Fixture.secretHash(1),
                        subject: "",
                        at: Fixture.now
                    )
                )
            }
        }
    }

    private static func hasCommands(_ world: TestWorld) async throws -> Bool {
        try await world.store.read { try $0.command(of: Fixture.eve.id, key: "0") != nil }
    }

    @Test func retryFindsTheFirstOutcomeForSevenDays() async throws {
        try await TestWorld.with { world async throws in
            let first = try await Self.open(world)
            world.clock.advance(by: .days(7) + TimeSpan(milliseconds: -1))
            try await Self.run(world)
            #expect(try await Self.open(world) == first)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(world)
            #expect(try await Self.open(world) != first)
            try await world.expectConsistentLogs()
        }
    }

    @Test func logAgreesWithTheTablesAfterTokensAreGone() async throws {
        try await TestWorld.with { world async throws in
            let token = APIToken(
                id: Fixture.id(1),
                person: Fixture.eve.id,
                label: "laptop",
                scopes: .every,
                createdAt: Fixture.now,
                expiresAt: Fixture.now + .days(90)
            )
            try await world.audited.write(by: .person(Fixture.eve)) { change in
                try change.tx.insert(token, secretHash: Fixture.secretHash(1))
                change.emit(.signIn(.tokenIssued(token, Fixture.eve)))
            }
            world.clock.advance(by: .days(120) + TimeSpan(milliseconds: -1))
            try await Self.run(world)
            #expect(try await world.store.read { try $0.tokens(of: Fixture.eve.id) } == [token])
            // Gone before its time: the check says so.
            _ = try await world.store.write { tx in
                try tx.remove(.tokens, overAt: Fixture.now + .days(90), limit: 1)
            }
            await #expect(throws: Unexpected.self) { try await world.expectConsistentLogs() }
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(world)
            try await world.expectConsistentLogs()
        }
    }

    @Test func lettersStayNinetyDaysAfterTheirRequestWasSettled() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.submitted()
            var notice = Fixture.notice(about: request)
            notice.delivery = .sent
            notice.sentAt = Fixture.now
            try await world.store.write { [notice] in try $0.insert(notice) }
            world.clock.advance(by: .hours(1))
            _ = try await world.lockbox.withdraw(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            func letters() async throws -> Int {
                try await world.store.read { try $0.notices(about: request.id) }.count
            }
            world.clock.advance(by: .days(90) + TimeSpan(milliseconds: -1))
            try await Self.run(world)
            #expect(try await letters() == 1)
            world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(world)
            #expect(try await letters() == 0)
            try await world.expectConsistentLogs()
        }
    }

    @Test func roundIsMadeOfSmallWritesWithPauses() async throws {
        try await TestWorld.with { world async throws in
            try await Self.insertCommands(2 * RetentionJob.batch + 1, world)
            world.clock.advance(by: .days(7))
            let pauses = Atomic(0)
            let job = Self.job(world) { pauses.add(1, ordering: .relaxed) }
            try await job.carryOut([.whole], under: .free)
            // Three for the commands, one for each other kind.
            #expect(pauses.load(ordering: .relaxed) == 3 + Leftover.allCases.count - 1)
            #expect(try await !Self.hasCommands(world))
        }
    }

    @Test func roundsAreAnHourApart() async throws {
        try await TestWorld.with { world async throws in
            let job = Self.job(world)
            func isDue(after span: TimeSpan) async throws -> Bool {
                world.clock.advance(by: span)
                return try await world.audited.read { tx, now in
                    try !job.due(at: now, limit: 1, in: tx).isEmpty
                }
            }
            let moment = TimeSpan(milliseconds: 1)
            #expect(try await !isDue(after: .zero), "others have more to do after a start")
            #expect(try await !isDue(after: RetentionJob.restAfterStart + moment.negated))
            #expect(try await isDue(after: moment))
            try await job.carryOut([.whole], under: .free)
            #expect(try await !isDue(after: RetentionJob.rest + moment.negated))
            #expect(try await isDue(after: moment))
        }
    }

    @Test func nothingGoesOnceAnotherProcessMayHaveTheLane() async throws {
        try await TestWorld.with { world async throws in
            try await Self.insertCommands(1, world)
            world.clock.advance(by: .days(7))
            let time = FixedMonotonicClock()
            let lease = Lease(lane: "retention", holder: Fixture.id(1), time: time)
            try await world.audited.read { tx, _ in try lease.observe(in: tx) }
            let claim = try #require(try await lease.claim(in: world.audited))
            time.advance(by: Lease.Limits.silence)
            let job = Self.job(world)
            try await job.carryOut([.whole], under: claim)
            #expect(try await Self.hasCommands(world))
            try await job.carryOut([.whole], under: .free)
            #expect(try await !Self.hasCommands(world))
        }
    }

    @Test func nothingGoesWhileTheMachineIsInTrouble() async throws {
        try await TestWorld.with { world async throws in
            try await Self.insertCommands(1, world)
            world.clock.advance(by: .days(7))
            let health = WriteHealth(time: FixedMonotonicClock())
            let store = AuditedStore(
                store: world.store,
                clock: world.clock,
                entropy: SeededEntropy(),
                health: health
            )
            let job = Self.job(world, store: store)
            health.reserveSpace(true)
            try await job.carryOut([.whole], under: .free)
            #expect(try await Self.hasCommands(world))
            health.reserveSpace(false)
            world.clock.step(by: .days(1))
            try await job.carryOut([.whole], under: .free)
            #expect(try await Self.hasCommands(world))
            world.clock.step(by: nil)
            try await job.carryOut([.whole], under: .free)
            #expect(try await !Self.hasCommands(world))
        }
    }
}

extension TimeSpan {
    fileprivate var negated: TimeSpan { TimeSpan(milliseconds: -milliseconds) }

    fileprivate static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: left.milliseconds + right.milliseconds)
    }
}
