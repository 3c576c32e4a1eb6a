import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import Testing

@testable import LockboxWork

/// As many letters as one person gets within a day.
extension MailJobTests {
    private static let bound = Limits.lettersPerDay

    /// `count` letters were sent to `person` at `instant`.
    private func send(
        _ count: Int,
        to person: Person,
        about request: AccessRequestID,
        at instant: Timestamp,
        _ stage: Stage
    ) async throws {
        let entropy = stage.entropy
        try await stage.store.write { tx in
            for _ in 0..<count {
                var notice = Notice(
                    id: entropy.id(),
                    kind: .expired,
                    tenant: Stage.tenant,
                    request: request,
                    recipient: person,
                    facts: [:],
                    createdAt: instant,
                    sendAt: instant
                )
                (notice.delivery, notice.sentAt) = (.sent, instant)
                try tx.insert(notice)
            }
        }
    }

    @Test func whatOnlyInformsGoesUntilTheBoundOfTheDay() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            let began = try await stage.notice(id, .accessBegan, to: Fixture.adam)
            func isLeftOut() async throws -> Bool {
                try await stage.standing(of: began) == .tooMany
            }
            let dayAgo = stage.clock.now() - .days(1)
            try await send(Self.bound - 1, to: Fixture.adam, about: id, at: Stage.start, stage)
            try await send(1, to: Fixture.adam, about: id, at: dayAgo, stage)
            #expect(try await !isLeftOut(), "what was sent a day ago does not count")
            try await send(
                1,
                to: Fixture.adam,
                about: id,
                at: dayAgo + TimeSpan(milliseconds: 1),
                stage
            )
            #expect(try await isLeftOut())
            let other = try await stage.notice(id, .accessBegan, to: Fixture.gita)
            #expect(try await stage.standing(of: other) != .tooMany)
            // It may have left: whether it arrived is found out.
            let now = stage.clock.now()
            #expect(try await stage.store.write { try $0.beginNotice(began.id, at: now) })
            let begun = try await stage.notice(id, .accessBegan, to: Fixture.adam)
            #expect(try await stage.standing(of: begun) != .tooMany)
        }
    }

    @Test func whatAsksTellsAnOutcomeOrWarnsGoesBeyondTheBoundToo() async throws {
        let policy = Fixture.policy(requireApproval: false)
        for contoso in [Fixture.contoso, Fixture.tenant(policy: policy)] {
            try await Stage.with(contoso: contoso) { stage in
                let id = try await stage.askCustomer()
                try await stage.post(id, by: Fixture.mark)
                for person in [Fixture.adam, Fixture.eve] {
                    try await send(Self.bound, to: person, about: id, at: Stage.start, stage)
                }
                var leftOut: Set<Notice.Kind> = []
                for notice in try await stage.notices(id)
                where notice.delivery == .queued
                    && [Fixture.adam.id, Fixture.eve.id].contains(notice.recipient)
                {
                    if try await stage.standing(of: notice) == .tooMany {
                        leftOut.insert(notice.kind)
                    }
                }
                // Of access that nobody of the customer approved everybody hears.
                #expect(
                    leftOut
                        == (contoso.policy.requireApproval
                            ? [.reminder, .lastReminder, .questionAnswered] : [.questionAnswered])
                )
            }
        }
    }

    @Test func thatLettersAreLeftOutIsToldOnceADay() async throws {
        try await Stage.with { stage in
            let mailer = ScriptedMailer()
            func told() -> Int {
                mailer.letters(to: Fixture.adam.email).count { $0.subject.contains("left out") }
            }
            try await running(try drain(stage, mailer)) {
                for (round, letters) in [1, 1, 2].enumerated() {
                    if round == 2 { stage.clock.advance(by: .hours(25)) }
                    let id = try await stage.askCustomer()
                    try await send(
                        Self.bound,
                        to: Fixture.adam,
                        about: id,
                        at: stage.clock.now(),
                        stage
                    )
                    try await stage.approve(id, Fixture.gita)
                    try await until { try await !delivered(stage, id).contains(.queued) }
                    let began = try await stage.notice(id, .accessBegan, to: Fixture.adam)
                    #expect(began.delivery == .leftOut)
                    #expect(began.lastReply == DailyQuota.letters.sentence)
                    let his = try await stage.notice(id, .accessBegan, to: Fixture.gita)
                    #expect(his.delivery == .sent)
                    try await until { told() == letters }
                }
            }
        }
    }
}
