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

    @Test func whatOnlyRemindsGoesUntilTheBoundOfTheDay() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let reminder = try await stage.notice(id, .reminder, to: Fixture.adam)
            func isLeftOut() async throws -> Bool {
                try await stage.standing(of: reminder) == .tooMany
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
            let other = try await stage.notice(id, .reminder, to: Fixture.gita)
            #expect(try await stage.standing(of: other) != .tooMany)
            // It may have left: whether it arrived is found out.
            let now = stage.clock.now()
            #expect(try await stage.store.write { try $0.beginNotice(reminder.id, at: now) })
            let begun = try await stage.notice(id, .reminder, to: Fixture.adam)
            #expect(try await stage.standing(of: begun) != .tooMany)
        }
    }

    /// Whoever makes many letters hides no access: what begins, ends and is settled is told all the
    /// same.
    @Test func whatAsksTellsOfAccessOrWarnsGoesBeyondTheBoundToo() async throws {
        let policy = Fixture.policy(requireApproval: false)
        for contoso in [Fixture.contoso, Fixture.tenant(policy: policy)] {
            try await Stage.with(contoso: contoso) { stage in
                var leftOut: Set<Notice.Kind> = []
                var sent: Set<Notice.Kind> = []
                func look(_ id: AccessRequestID) async throws {
                    for notice in try await stage.notices(id)
                    where notice.delivery == .queued
                        && [Fixture.adam.id, Fixture.eve.id].contains(notice.recipient)
                    {
                        switch try await stage.standing(of: notice) {
                        case .tooMany: leftOut.insert(notice.kind)
                        case .right: sent.insert(notice.kind)
                        case .notYet, .over: break
                        }
                    }
                }
                let id = try await stage.askCustomer()
                try await stage.post(id, by: Fixture.mark)
                let other = try await stage.submit()
                for person in [Fixture.adam, Fixture.eve] {
                    try await send(Self.bound, to: person, about: other, at: Stage.start, stage)
                }
                try await look(id)
                if contoso.policy.requireApproval { try await stage.approve(id, Fixture.adam) }
                try await look(id)
                try await stage.revoke(id, by: Fixture.gita)
                try await look(id)
                let asks: Set<Notice.Kind> = contoso.policy.requireApproval ? [.customerAsked] : []
                #expect(
                    sent
                        == asks.union([.accessBegan, .approved, .accessEnded, .accessReport])
                )
                let reminders: Set<Notice.Kind> = [.reminder, .lastReminder]
                #expect(
                    leftOut
                        == (contoso.policy.requireApproval
                            ? reminders.union([.questionAnswered]) : [.questionAnswered])
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
            func messages(_ id: AccessRequestID) async throws -> [Notice.Delivery] {
                try await stage.notices(id).filter { $0.kind == .questionAnswered }.map(\.delivery)
            }
            try await running(try drain(stage, mailer)) {
                for (round, letters) in [1, 1, 2].enumerated() {
                    if round == 2 { stage.clock.advance(by: .hours(25)) }
                    let id = try await stage.askCustomer()
                    let other = try await stage.submit()
                    try await send(
                        Self.bound,
                        to: Fixture.adam,
                        about: other,
                        at: stage.clock.now(),
                        stage
                    )
                    try await stage.post(id, by: Fixture.mark)
                    try await until { try await !messages(id).contains { $0 == .queued } }
                    let left = try await stage.notice(id, .questionAnswered, to: Fixture.adam)
                    #expect(left.delivery == .leftOut)
                    #expect(left.lastReply == DailyQuota.letters.sentence)
                    let hers = try await stage.notice(id, .questionAnswered, to: Fixture.gita)
                    #expect(hers.delivery == .sent)
                    try await until { told() == letters }
                }
            }
        }
    }
}
