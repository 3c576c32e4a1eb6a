import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import Testing

@testable import LockboxWork

extension MailJobTests {
    // MARK: - As it is when it leaves

    @Test func whoMayNoLongerDecideGetsNoReminderAndWhoMayDoes() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let mailer = ScriptedMailer()
            let nora = Stage.newcomer()
            try await running(try drain(stage, mailer)) {
                try await until { mailer.letters.count == 2 }
                var adam = Fixture.adam
                adam.roles = .member
                // Not even the planner hears of it.
                try await stage.store.write { [adam] tx in try tx.save(adam) }
                try await stage.save(nora)
                stage.clock.move(to: Stage.start + .hours(11))
                try await until { try await !delivered(stage, id).contains(.queued) }
            }
            #expect(mailer.letters(to: Fixture.adam.email).count == 1)
            // Added just after the start: asked, and reminded with the others.
            let subjects = mailer.letters(to: nora.email).map(\.subject)
            #expect(subjects.count { $0.hasPrefix("Reminder") } == 1)
            #expect(subjects.count { $0.hasPrefix("Last reminder") } == 1)
            let reminder = try await stage.notice(id, .reminder, to: Fixture.adam)
            #expect(reminder.delivery == .cancelled)
        }
    }

    @Test func nothingComesAfterSettled() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let (gate, opener) = AsyncStream.makeStream(of: Void.self)
            let gita = Fixture.gita
            let mailer = ScriptedMailer { [gita] letter, _ throws(MailError) in
                if letter.to.address == gita.email.text, letter.subject.contains("ecide by") {
                    for await _ in gate { break }
                }
                return MailReceipt(reply: "250 ok")
            }
            try await running(try drain(stage, mailer)) {
                try await until { mailer.letters(to: gita.email).count == 1 }
                try await stage.deny(id, Fixture.adam)
                try await until { mailer.letters(to: Fixture.eve.email).count == 1 }
                // His ask is still on its way, and what follows it waits too.
                #expect(mailer.letters(to: gita.email).count == 1)
                try await until {
                    try await stage.notice(id, .settled, to: gita).nextAttempt > Stage.start
                }
                try await until {
                    try await stage.store.read {
                        try $0.lettersWaiting(at: Stage.start).waiting
                    } == 2
                }
                opener.yield()
                opener.finish()
                try await until {
                    stage.clock.advance(by: .seconds(1))
                    return mailer.letters(to: gita.email).count == 2
                }
                try await until { try await !delivered(stage, id).contains(.queued) }
            }
            #expect(mailer.letters(to: gita.email).last?.subject.hasPrefix("Settled") == true)
            let letter = try #require(mailer.letters(to: gita.email).last)
            #expect(letter.references == [mailer.letters(to: gita.email)[0].messageID])
        }
    }

    @Test func urgentLettersOvertakeReports() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            try await stage.pass(to: Stage.start + .hours(2))
            let asked = try await stage.submit()
            let mailer = ScriptedMailer()
            var limits = MailLimits()
            limits.concurrentLetters = 1
            try await running(try drain(stage, mailer, limits: limits)) {
                try await until { try await !delivered(stage, id).contains(.queued) }
                try await until { try await !delivered(stage, asked).contains(.queued) }
            }
            let urgent = mailer.letters.prefix(3).map(\.subject)
            #expect(urgent.count { $0.contains("eview") } == 2)
            #expect(mailer.letters.last?.subject.contains("closing report") == true)
        }
    }

    // MARK: - What the relay says about us

    @Test func answerAboutUsIsTriedForEverAndToldToTheOperators() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let mailer = ScriptedMailer { letter, attempt throws(MailError) in
                if attempt < 40 { throw .relayRefused(code: 550, text: "5.4.5 quota") }
                return MailReceipt(reply: "250 ok")
            }
            let book = EventBook()
            let job = try drain(stage, mailer, book: book, operators: Stage.operators)
            try await running(job) {
                try await until { try await stage.notices(id).allSatisfy { $0.attempts == 1 } }
                let waiting = try await stage.store.read { try $0.lettersWaiting(at: Stage.start) }
                #expect(waiting.refusedByRelay >= 2)
                #expect(waiting.oldest == Stage.start)
                try await until {
                    stage.clock.advance(by: .minutes(30))
                    let told = try await stage.store.read {
                        try $0.operatorNotices(since: Stage.start)
                    }
                    return told.contains { $0.delivery == .sent }
                }
            }
            #expect(book.events.isEmpty)
            let told = mailer.letters.filter { $0.to.address == "ops@example-cloud.test" }
            #expect(told.allSatisfy { $0.text.contains("5.4.5 quota") })
        }
    }

    // MARK: - Back-off

    @Test func waitsGrowAreSpreadAndAlwaysTheSame() {
        let limits = MailLimits()
        let steps: [Int64] = [5, 15, 60, 300, 900, 3600, 3600, 3600]
        for (index, step) in steps.enumerated() {
            let waits = (0..<200).map { limits.delay(after: index + 1, of: "MSG-\($0)") }
            #expect(waits.allSatisfy { $0 >= .seconds(step) && $0.milliseconds <= step * 1200 })
            #expect(Set(waits).count > 100)
            #expect(waits == (0..<200).map { limits.delay(after: index + 1, of: "MSG-\($0)") })
        }
    }
}
