import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import LockboxWork

@Suite(.timeLimit(.minutes(1))) struct MailJobTests {
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func drain(
        _ stage: Stage,
        _ mailer: ScriptedMailer,
        store: (any Store)? = nil,
        book: EventBook? = nil,
        operators: Operators = Operators([]),
        limits: MailLimits = MailLimits()
    ) throws -> LaneLoop<MailJob> {
        let audited = AuditedStore(
            store: store ?? stage.store,
            clock: stage.clock,
            entropy: stage.entropy,
            listeners: [book ?? EventBook()]
        )
        // The time of day is the test's; only the looking goes on by itself.
        let sleep: @Sendable (Duration) async throws -> Void = { _ in
            try await Task.sleep(for: .milliseconds(2))
        }
        let job = MailJob(
            store: audited,
            mailer: mailer,
            clock: stage.clock,
            letters: try Letters(
                sender: Mailbox(name: "Lockbox", address: "lockbox@example-cloud.test"),
                host: "example-cloud.test"
            ),
            operators: operators,
            entropy: stage.entropy,
            limits: limits,
            logger: Self.quiet,
            sleep: sleep
        )
        return LaneLoop(
            job,
            store: audited,
            pause: QuickPause(),
            sleep: sleep,
            logger: Self.quiet
        )
    }

    /// Runs `drain` while `body` runs, then cancels it and waits until it has ended.
    func running(_ drain: LaneLoop<MailJob>, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await drain.run() }
            defer { group.cancelAll() }
            try await body()
        }
    }

    func until(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    func delivered(_ stage: Stage, _ id: AccessRequestID) async throws -> [Notice.Delivery] {
        try await stage.notices(id).map(\.delivery)
    }

    // MARK: - Sending

    @Test func dueLettersAreSentAndRecorded() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer()
            try await running(try drain(stage, mailer)) {
                try await until { try await delivered(stage, id) == [.sent, .sent] }
            }
            #expect(
                Set(mailer.letters.map(\.to.address)) == [
                    "mark@example-cloud.test", "max@example-cloud.test",
                ]
            )
            let notice = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            #expect(notice.attempts == 1)
            #expect(notice.sentAt == Stage.start)
            #expect(notice.lastReply == "250 ok")
        }
    }

    @Test func remindersWaitForTheirTimeAndACancelledOneIsNeverSent() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let mailer = ScriptedMailer()
            try await running(try drain(stage, mailer)) {
                try await until { mailer.letters.count == 2 }
                stage.clock.move(to: Stage.start + .hours(6))
                try await until { mailer.letters.count == 4 }
                try await stage.deny(id, Fixture.adam)
                stage.clock.move(to: Stage.start + .hours(11))
                try await until { try await !delivered(stage, id).contains(.queued) }
            }
            #expect(mailer.letters.count { $0.subject.hasPrefix("Reminder") } == 2)
            #expect(!mailer.letters.contains { $0.subject.hasPrefix("Last reminder") })
            #expect(
                mailer.letters(to: Fixture.eve.email).map(\.subject) == [
                    "Denied: access request \(id)"
                ]
            )
        }
    }

    @Test func letterThatIsNoLongerTrueIsCancelledUnsent() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            stage.clock.move(to: Stage.start + Limits.managerWindow)
            let mailer = ScriptedMailer()
            try await running(try drain(stage, mailer)) {
                try await until { try await delivered(stage, id) == [.cancelled, .cancelled] }
            }
            #expect(mailer.letters.isEmpty)
        }
    }

    @Test func hangingRecipientBlocksNobodyElse() async throws {
        try await Stage.with { stage in
            let mark = Fixture.mark.email.text
            let mailer = ScriptedMailer { letter, _ throws(MailError) in
                guard letter.to.address == mark else { return MailReceipt(reply: "250 ok") }
                do { try await Task.sleep(for: .seconds(3600)) } catch {}
                throw .unreachable("cut off")
            }
            var limits = MailLimits()
            limits.concurrentLetters = 2
            let id = try await stage.submit()
            try await running(try drain(stage, mailer, limits: limits)) {
                try await until { mailer.letters(to: Fixture.mark.email).count == 1 }
                try await until { try await delivered(stage, id).contains(.sent) }
                // Hers holds one place; the other goes on serving people asked later.
                stage.clock.advance(by: .seconds(1))
                try await stage.deny(id, Fixture.max)
                try await until { mailer.letters(to: Fixture.eve.email).count == 1 }
            }
        }
    }

    // MARK: - Failing

    @Test func deferredLetterWaitsItsBackOffAndKeepsItsIdentifier() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mark = Fixture.mark
            let mailer = ScriptedMailer { _, attempt throws(MailError) in
                if attempt == 1 { throw .deferred(code: 451, text: "try later") }
                return MailReceipt(reply: "250 ok")
            }
            try await running(try drain(stage, mailer)) {
                try await until { try await stage.notices(id).allSatisfy { $0.attempts == 1 } }
                let deferred = try await stage.notice(id, .managerAsked, to: mark)
                #expect(deferred.delivery == .queued)
                #expect(deferred.lastReply == "451 try later")
                let wait = deferred.nextAttempt - Stage.start
                #expect(wait >= .seconds(5) && wait <= .seconds(6))

                stage.clock.move(to: deferred.nextAttempt + TimeSpan(milliseconds: -1))
                try await stage.submitUnrelated(after: mailer)
                #expect(
                    mailer.letters(to: mark.email).count {
                        $0.messageID.hasPrefix(deferred.id.text)
                    } == 1
                )

                stage.clock.advance(by: .seconds(2))
                try await until { try await delivered(stage, id) == [.sent, .sent] }
                #expect(
                    mailer.letters(to: mark.email).count {
                        $0.messageID.hasPrefix(deferred.id.text)
                    } == 2
                )
            }
        }
    }

    @Test func lostAnswerIsMadeGoodUnderTheSameIdentifier() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer { _, attempt throws(MailError) in
                if attempt == 1 { throw .outcomeUnknown("connection lost") }
                return MailReceipt(reply: "250 ok")
            }
            try await running(try drain(stage, mailer)) {
                try await until { try await stage.notices(id).allSatisfy { $0.attempts == 1 } }
                stage.clock.advance(by: .seconds(10))
                try await until { try await delivered(stage, id) == [.sent, .sent] }
            }
            #expect(mailer.letters.count == 4)
            #expect(Set(mailer.letters.map(\.messageID)).count == 2)
        }
    }

    @Test(arguments: [MailError.refused(code: 550, text: "no such user"), .invalid(field: "to")])
    func refusedLetterIsRecordedOnce(_ error: MailError) async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mark = Fixture.mark
            let mailer = ScriptedMailer { [mark] letter, _ throws(MailError) in
                if letter.to.address == mark.email.text { throw error }
                return MailReceipt(reply: "250 ok")
            }
            let book = EventBook()
            try await running(try drain(stage, mailer, book: book)) {
                try await until { try await !delivered(stage, id).contains(.queued) }
                stage.clock.advance(by: .hours(2))
                let later = try await stage.submit()
                try await until { try await !delivered(stage, later).contains(.queued) }
            }
            let notice = try await stage.notice(id, .managerAsked, to: mark)
            #expect(notice.delivery == .refused)
            #expect(notice.attempts == 1)
            #expect(mailer.letters.count { $0.messageID.hasPrefix(notice.id.text) } == 1)
            #expect(book.events.count { $0.request == id } == 1)
        }
    }

    @Test func refusalIsRecordedOnceThoughTheStoreIsAwayForAMoment() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mark = Fixture.mark
            let mailer = ScriptedMailer { [mark] letter, _ throws(MailError) in
                if letter.to.address == mark.email.text {
                    throw .refused(code: 550, text: "no such user")
                }
                return MailReceipt(reply: "250 ok")
            }
            let book = EventBook()
            let flaky = FlakyStore(stage.store, faults: [.nothingWritten, .nothingWritten])
            try await running(try drain(stage, mailer, store: flaky, book: book)) {
                try await until { book.events.count == 1 }
                try await until { try await !delivered(stage, id).contains(.queued) }
            }
            #expect(
                book.events == [
                    UndeliverableNotice(
                        tenant: Stage.tenant,
                        request: id,
                        recipient: mark.id,
                        kind: "managerAsked",
                        reply: "550 no such user"
                    )
                ]
            )
            #expect(mailer.letters(to: mark.email).count == 1)
            // A second settlement of the same letter finds it settled.
            var read = try await stage.notice(id, .managerAsked, to: mark)
            read.delivery = .queued
            let again = Settlement(
                of: read,
                .refused("550 no"),
                at: Stage.start,
                limits: MailLimits()
            )
            #expect(
                try await stage.store.write { tx in try again.apply(in: tx, under: .free) } == false
            )
        }
    }

    @Test func letterThatFailsForTooLongCountsAsRefusedWithTheLastReply() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer { _, attempt throws(MailError) in
                throw .deferred(code: 450, text: "busy \(attempt)")
            }
            var limits = MailLimits()
            limits.age = .minutes(3)
            limits.backOff = [.seconds(5), .seconds(15)]
            let book = EventBook()
            try await running(try drain(stage, mailer, book: book, limits: limits)) {
                for attempt in 1...3 {
                    try await until {
                        try await stage.notices(id).allSatisfy { $0.attempts == attempt }
                    }
                    stage.clock.advance(by: .minutes(2))
                }
                try await until { book.events.count == 2 }
            }
            let notice = try await stage.notice(id, .managerAsked, to: Fixture.max)
            #expect(notice.delivery == .refused)
            #expect(notice.lastReply == "450 busy 3")
        }
    }

    // MARK: - Crashing

    @Test func crashBetweenSendingAndRecordingSendsAgainUnderTheSameIdentifier() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            // Both have begun before either is recorded.
            let gate = Gate()
            let begun = Mutex(0)
            let mailer = ScriptedMailer { _, _ throws(MailError) in
                let count = begun.withLock { begun in
                    begun += 1
                    return begun
                }
                if count == 2 { gate.open() }
                await gate.wait()
                return MailReceipt(reply: "250 ok")
            }
            let broken = FlakyStore(
                stage.store,
                faults: Array(repeating: .nothingWritten, count: 10_000) + [.works, .works]
            )
            try await running(try drain(stage, mailer, store: broken)) {
                try await until { mailer.letters.count == 2 }
            }
            #expect(try await delivered(stage, id) == [.queued, .queued])
            try await running(try drain(stage, mailer)) {
                try await until { try await delivered(stage, id) == [.sent, .sent] }
            }
            #expect(mailer.letters.count == 4)
            #expect(Set(mailer.letters.map(\.messageID)).count == 2)
        }
    }

    @Test func storeThatIsAwayForAMomentSendsNothingTwice() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer()
            let flaky = FlakyStore(
                stage.store,
                faults: [.nothingWritten, .answerLost, .nothingWritten]
            )
            try await running(try drain(stage, mailer, store: flaky)) {
                try await until { try await delivered(stage, id) == [.sent, .sent] }
                try await stage.submitUnrelated(after: mailer)
            }
            #expect(Set(mailer.letters.map(\.messageID)).count == mailer.letters.count)
            #expect(try await stage.notices(id).allSatisfy { $0.attempts == 1 })
        }
    }

    @Test func letterHeldBackStaysAsItWasAndIsDueAtOnce() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            var read = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            read.attempts = 3
            read.lastReply = "550 5.7.1 as the account says"
            read.trouble = .relay
            let held = Settlement(
                of: read,
                .heldBack,
                at: stage.clock.now(),
                limits: MailLimits()
            )
            #expect(held.notice == read)
            #expect(!held.needsOperator)
        }
    }

    @Test func letterCancelledWhileOnItsWayIsRecordedAsSent() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let read = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            try await stage.deny(id, Fixture.max)
            let now = stage.clock.now()
            let failed = Settlement(
                of: read,
                .failed("busy", about: .recipient, isLasting: false),
                at: now,
                limits: MailLimits()
            )
            #expect(
                try await stage.store.write { tx in try failed.apply(in: tx, under: .free) }
                    == false
            )
            let sent = Settlement(of: read, .sent("250 ok"), at: now, limits: MailLimits())
            #expect(try await stage.store.write { tx in try sent.apply(in: tx, under: .free) })
            #expect(
                try await stage.notice(id, .managerAsked, to: Fixture.mark).delivery == .sent
            )
        }
    }

    @Test func letterCancelledWhileNobodyKnowsWhetherItLeftIsNotSentAgainNorCalledCancelled()
        async throws
    {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mark = Fixture.mark
            let begun = try await stage.notice(id, .managerAsked, to: mark)
            // A process that began it and died.
            let now = stage.clock.now()
            #expect(try await stage.store.write { try $0.beginNotice(begun.id, at: now) })
            try await stage.deny(id, Fixture.max)
            let unwanted = try await stage.notice(id, .managerAsked, to: mark)
            #expect(unwanted.delivery == .queued && unwanted.isUnwanted)
            let other = try await stage.notice(id, .managerAsked, to: Fixture.max)
            #expect(other.delivery == .cancelled)

            let unknown = Settlement(
                of: unwanted,
                .unknown("no answer"),
                at: now,
                limits: MailLimits()
            )
            // Another process begins before the first has told.
            stage.clock.advance(by: .minutes(1))
            let mailer = ScriptedMailer()
            try await running(try drain(stage, mailer)) {
                try await until {
                    try await stage.notice(id, .managerAsked, to: mark).delivery == .unconfirmed
                }
            }
            #expect(
                try await stage.store.write { try unknown.apply(in: $0, under: .free) } == false
            )
            #expect(!mailer.letters.contains { $0.subject.hasPrefix("Review") })
            // That it was sent after all is taken.
            let sent = Settlement(of: unwanted, .sent("250 ok"), at: now, limits: MailLimits())
            #expect(try await stage.store.write { try sent.apply(in: $0, under: .free) })
        }
    }

    @Test func letterCancelledOnItsWayThatDidNotLeaveIsCancelled() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mark = Fixture.mark
            let read = try await stage.notice(id, .managerAsked, to: mark)
            let now = stage.clock.now()
            #expect(try await stage.store.write { try $0.beginNotice(read.id, at: now) })
            try await stage.deny(id, Fixture.max)
            let failed = Settlement(
                of: read,
                .failed("busy", about: .recipient, isLasting: false),
                at: now,
                limits: MailLimits()
            )
            #expect(try await stage.store.write { try failed.apply(in: $0, under: .free) })
            #expect(try await stage.notice(id, .managerAsked, to: mark).delivery == .cancelled)
            // It does not begin any more.
            #expect(try await stage.store.write { try $0.beginNotice(read.id, at: now) } == false)
        }
    }

    @Test func whatAProcessReportsThatLostTheLaneIsTakenOnlyIfTheLetterLeft() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let audited = AuditedStore(
                store: stage.store,
                clock: stage.clock,
                entropy: stage.entropy
            )
            let time = FixedMonotonicClock()
            func claim(_ lease: Lease) async throws -> Claim? {
                try await audited.read { tx, _ in try lease.observe(in: tx) }
                return try await lease.claim(in: audited)
            }
            let one = Lease(lane: "mail", holder: stage.entropy.id(), time: time)
            let two = Lease(lane: "mail", holder: stage.entropy.id(), time: time)
            let old = try #require(try await claim(one))
            #expect(try await claim(two) == nil)
            time.advance(by: Lease.Limits.silence)
            let new = try #require(try await claim(two))

            let read = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            let now = stage.clock.now()
            let failed = Settlement(
                of: read,
                .failed("busy", about: .recipient, isLasting: false),
                at: now,
                limits: MailLimits()
            )
            #expect(try await stage.store.write { try failed.apply(in: $0, under: old) } == false)
            let sent = Settlement(of: read, .sent("250 ok"), at: now, limits: MailLimits())
            #expect(try await stage.store.write { try sent.apply(in: $0, under: old) })
            // The new holder sent it too: there is one outcome.
            #expect(try await stage.store.write { try sent.apply(in: $0, under: new) } == false)
        }
    }

    // MARK: - Ending

    @Test func gracefulShutdownLetsLettersOnTheirWayLand() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let (gate, opener) = AsyncStream.makeStream(of: Void.self)
            let mailer = ScriptedMailer { _, _ throws(MailError) in
                for await _ in gate { break }
                return MailReceipt(reply: "250 ok")
            }
            var limits = MailLimits()
            limits.concurrentLetters = 1
            let service: any Service = try drain(stage, mailer, limits: limits)
            let group = ServiceGroup(services: [service], logger: Self.quiet)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await until { mailer.letters.count == 1 }
                await group.triggerGracefulShutdown()
                opener.yield()
                opener.finish()
                try await tasks.waitForAll()
            }
            // The drain may have begun another before it heard of the shutdown; what it began, it
            // finished.
            #expect(try await delivered(stage, id).count { $0 == .sent } == mailer.letters.count)
        }
    }

    @Test func gracefulShutdownCutsOffALetterThatHangs() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer { _, _ throws(MailError) in
                do { try await Task.sleep(for: .seconds(3600)) } catch {}
                throw .outcomeUnknown("cut off")
            }
            let group = ServiceGroup(services: [try drain(stage, mailer)], logger: Self.quiet)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await until { mailer.letters.count == 2 }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(try await delivered(stage, id) == [.queued, .queued])
        }
    }

    // MARK: - Back-off

    @Test func letterWithAnEndIsLookedAtAgainNoLaterThanThen() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let notice = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            let end = try #require(notice.goodUntil)
            func next(at now: Timestamp) -> Timestamp {
                let busy = Attempt.failed("busy", about: .recipient, isLasting: false)
                return Settlement(of: notice, busy, at: now, limits: MailLimits())
                    .notice.nextAttempt
            }
            #expect(next(at: Stage.start) < Stage.start + .seconds(7))
            #expect(next(at: end + .seconds(-2)) == end)
            // It may have left: whether it did is found out after the end too.
            #expect(next(at: end) > end)
        }
    }

    @Test func oldLetterIsGivenUpOnlyAfterEveryStepOfTheBackOff() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            var notice = try await stage.notice(id, .accessBegan, to: Fixture.adam)
            let limits = MailLimits()
            let busy = Attempt.failed("busy", about: .recipient, isLasting: false)
            let later = Stage.start + .days(5)
            func outcome() -> Notice.Delivery {
                Settlement(of: notice, busy, at: later, limits: limits).notice.delivery
            }
            notice.attempts = limits.backOff.count
            #expect(outcome() == .queued, "the recipient's server has said so only once")
            notice.trouble = .recipient
            #expect(outcome() == .refused)
            // This attempt counts.
            notice.attempts = limits.backOff.count - 1
            #expect(outcome() == .refused)
            notice.attempts = limits.backOff.count - 2
            #expect(outcome() == .queued)
            // What the relay says about us is never an answer about the recipient.
            for isLasting in [true, false] {
                let about = Attempt.failed("550 5.4.5", about: .relay, isLasting: isLasting)
                let settlement = Settlement(of: notice, about, at: later, limits: limits)
                #expect(settlement.notice.delivery == .queued)
                #expect(settlement.needsOperator)
            }
        }
    }
}

extension Stage {
    /// Makes another request and waits until its letters were handed over: by then the drain has
    /// looked at everything due.
    func submitUnrelated(after mailer: ScriptedMailer) async throws {
        let id = try await submit()
        let ids = Set(try await notices(id).map { "\($0.id).lockbox@example-cloud.test" })
        while !ids.isSubset(of: Set(mailer.letters.map(\.messageID))) {
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
