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
        _ house: TestWorld,
        store: AuditedStore? = nil,
        onPause: @escaping @Sendable () -> Void = {}
    ) -> RetentionJob {
        RetentionJob(
            store: store ?? house.audited,
            clock: house.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            sleep: { _ in onPause() }
        )
    }

    private static func run(_ house: TestWorld) async throws {
        try await job(house).carryOut([.whole], under: .free)
    }

    private static func open(_ house: TestWorld) async throws -> SupportRequestNumber {
        try await house.lockbox.openSupportRequest(
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

    private static func insertCommands(_ count: Int, _ house: TestWorld) async throws {
        try await house.store.write { tx in
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

    private static func hasCommands(_ house: TestWorld) async throws -> Bool {
        try await house.store.read { try $0.command(of: Fixture.eve.id, key: "0") != nil }
    }

    @Test func retryFindsTheFirstOutcomeForSevenDays() async throws {
        try await TestWorld.with { house async throws in
            let first = try await Self.open(house)
            house.clock.advance(by: .days(7) + TimeSpan(milliseconds: -1))
            try await Self.run(house)
            #expect(try await Self.open(house) == first)
            house.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(house)
            #expect(try await Self.open(house) != first)
            try await house.expectConsistentLogs()
        }
    }

    @Test func logAgreesWithTheTablesAfterTokensAreGone() async throws {
        try await TestWorld.with { house async throws in
            let token = APIToken(
                id: Fixture.id(1),
                person: Fixture.eve.id,
                label: "laptop",
                createdAt: Fixture.now,
                expiresAt: Fixture.now + .days(90)
            )
            try await house.audited.write(by: .person(Fixture.eve)) { change in
                try change.tx.insert(token, secretHash: Fixture.secretHash(1))
                change.emit(.signIn(.tokenIssued(token, Fixture.eve)))
            }
            house.clock.advance(by: .days(120) + TimeSpan(milliseconds: -1))
            try await Self.run(house)
            #expect(try await house.store.read { try $0.tokens(of: Fixture.eve.id) } == [token])
            // Gone before its time: the check says so.
            _ = try await house.store.write { tx in
                try tx.remove(.tokens, overAt: Fixture.now + .days(90), limit: 1)
            }
            await #expect(throws: Unexpected.self) { try await house.expectConsistentLogs() }
            house.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(house)
            try await house.expectConsistentLogs()
        }
    }

    @Test func lettersStayNinetyDaysAfterTheirRequestWasSettled() async throws {
        try await TestWorld.with { house async throws in
            let request = try await house.submitted()
            var notice = Fixture.notice(about: request)
            notice.delivery = .sent
            notice.sentAt = Fixture.now
            try await house.store.write { [notice] in try $0.insert(notice) }
            house.clock.advance(by: .hours(1))
            _ = try await house.lockbox.withdraw(
                request.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            func letters() async throws -> Int {
                try await house.store.read { try $0.notices(about: request.id) }.count
            }
            house.clock.advance(by: .days(90) + TimeSpan(milliseconds: -1))
            try await Self.run(house)
            #expect(try await letters() == 1)
            house.clock.advance(by: TimeSpan(milliseconds: 1))
            try await Self.run(house)
            #expect(try await letters() == 0)
            try await house.expectConsistentLogs()
        }
    }

    @Test func roundIsMadeOfSmallWritesWithPauses() async throws {
        try await TestWorld.with { house async throws in
            try await Self.insertCommands(2 * RetentionJob.batch + 1, house)
            house.clock.advance(by: .days(7))
            let pauses = Atomic(0)
            let job = Self.job(house) { pauses.add(1, ordering: .relaxed) }
            try await job.carryOut([.whole], under: .free)
            // Three for the commands, one for each other kind.
            #expect(pauses.load(ordering: .relaxed) == 3 + Leftover.allCases.count - 1)
            #expect(try await !Self.hasCommands(house))
        }
    }

    @Test func roundsAreAnHourApart() async throws {
        try await TestWorld.with { house async throws in
            let job = Self.job(house)
            func isDue(after span: TimeSpan) async throws -> Bool {
                house.clock.advance(by: span)
                return try await house.audited.read { tx, now in
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
        try await TestWorld.with { house async throws in
            try await Self.insertCommands(1, house)
            house.clock.advance(by: .days(7))
            let time = FixedMonotonicClock()
            let lease = Lease(lane: "retention", holder: Fixture.id(1), time: time)
            try await house.audited.read { tx, _ in try lease.observe(in: tx) }
            let claim = try #require(try await lease.claim(in: house.audited))
            time.advance(by: Lease.Limits.silence)
            let job = Self.job(house)
            try await job.carryOut([.whole], under: claim)
            #expect(try await Self.hasCommands(house))
            try await job.carryOut([.whole], under: .free)
            #expect(try await !Self.hasCommands(house))
        }
    }

    @Test func nothingGoesWhileTheMachineIsInTrouble() async throws {
        try await TestWorld.with { house async throws in
            try await Self.insertCommands(1, house)
            house.clock.advance(by: .days(7))
            let health = WriteHealth(time: FixedMonotonicClock())
            let store = AuditedStore(
                store: house.store,
                clock: house.clock,
                entropy: SeededEntropy(),
                health: health
            )
            let job = Self.job(house, store: store)
            health.reserveSpace(true)
            try await job.carryOut([.whole], under: .free)
            #expect(try await Self.hasCommands(house))
            health.reserveSpace(false)
            house.clock.step(by: .days(1))
            try await job.carryOut([.whole], under: .free)
            #expect(try await Self.hasCommands(house))
            house.clock.step(by: nil)
            try await job.carryOut([.whole], under: .free)
            #expect(try await !Self.hasCommands(house))
        }
    }
}

extension TimeSpan {
    fileprivate var negated: TimeSpan { TimeSpan(milliseconds: -milliseconds) }

    fileprivate static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: left.milliseconds + right.milliseconds)
    }
}
