import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// What is asked of a letter at the moment it leaves: may this person still have it, is it still
/// true?
@Suite struct StandingTests {
    private func isRight(_ stage: Stage, _ notice: Notice) async throws -> Bool {
        if case .right = try await stage.standing(of: notice) { true } else { false }
    }

    @Test func whoMayNoLongerDecideIsNotWrittenTo() async throws {
        let changes: [(inout Person) -> Void] = [
            { $0.isDisabled = true }, { $0.roles = .member }, { $0.roles = [.member, .auditor] },
        ]
        for change in changes {
            try await Stage.with { stage in
                let id = try await stage.askCustomer()
                try await stage.post(id, by: Fixture.mark)
                try await stage.save(changed(Fixture.adam, change))
                for notice in try await stage.notices(id)
                where notice.recipient == Fixture.adam.id && notice.kind != .questionAnswered {
                    #expect(try await stage.standing(of: notice) == .over, "\(notice.kind)")
                }
                stage.clock.move(to: Stage.start + .hours(6))
                let reminder = try await stage.notice(id, .reminder, to: Fixture.gita)
                #expect(try await isRight(stage, reminder))
            }
        }
    }

    @Test func managerWhoIsNoneAnyMoreIsNotAsked() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.save(changed(Fixture.mark) { $0.roles = .engineer })
            let hers = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            #expect(try await stage.standing(of: hers) == .over)
            let his = try await stage.notice(id, .managerAsked, to: Fixture.max)
            #expect(try await isRight(stage, his))
        }
    }

    @Test func engineerWhoIsSwitchedOffHearsNothingMore() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            try await stage.save(changed(Fixture.eve) { $0.isDisabled = true })
            for notice in try await stage.notices(id) where notice.recipient == Fixture.eve.id {
                #expect(try await stage.standing(of: notice) == .over)
            }
        }
    }

    @Test func requestAsItIsNowDecidesWhatIsTrue() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.post(id, by: Fixture.mark)
            let ask = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            let message = try await stage.notice(id, .questionAnswered, to: Fixture.adam)
            #expect(try await isRight(stage, ask))
            #expect(try await isRight(stage, message))
            // Nobody has recorded it yet, but it is over.
            stage.clock.move(to: Stage.start + .hours(12))
            #expect(try await stage.standing(of: ask) == .over)
            #expect(try await stage.standing(of: message) == .over)
        }
    }

    @Test func letterIsOverAtTheEndOfItsTimeThoughTheRequestGoesOn() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer(notBefore: Stage.start + .hours(11))
            try await stage.post(id, by: Fixture.mark)
            try await stage.approve(id, Fixture.adam)
            let letter = try await stage.notice(id, .questionAnswered, to: Fixture.adam)
            #expect(letter.goodUntil == Stage.start + .hours(12))
            stage.clock.move(to: Stage.start + .hours(12) + TimeSpan(milliseconds: -1))
            #expect(try await isRight(stage, letter))
            stage.clock.move(to: Stage.start + .hours(12))
            #expect(try await stage.standing(of: letter) == .over)
        }
    }

    @Test func beginningIsNotToldToWhomTheEndIsToldAlready() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            try await stage.mute(.accessReports, by: Fixture.adam)
            try await stage.pass(to: Stage.start + .hours(2))
            for (person, isRight) in [(Fixture.gita, false), (Fixture.adam, true)] {
                let began = try await stage.notice(id, .accessBegan, to: person)
                #expect(try await self.isRight(stage, began) == isRight)
            }
            let approved = try await stage.notice(id, .approved, to: Fixture.eve)
            #expect(try await stage.standing(of: approved) == .over)
            let report = try await stage.notice(id, .accessReport, to: Fixture.gita)
            #expect(try await self.isRight(stage, report))
        }
    }

    @Test func letterGoesToTheAddressAsItIsNowInTheThreadOfWhatWasSent() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.deliver(id)
            try await stage.save(
                changed(Fixture.adam) { $0.email = EmailAddress("adam.new@contoso.test")! }
            )
            stage.clock.move(to: Stage.start + .hours(6))
            let ask = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            let reminder = try await stage.notice(id, .reminder, to: Fixture.adam)
            #expect(
                try await stage.standing(of: reminder)
                    == .right(
                        Mailbox(name: "Adam Cole", address: "adam.new@contoso.test"),
                        after: [ask.id]
                    )
            )
        }
    }

    // MARK: - Who becomes one

    @Test func whoBecomesAnApproverIsAskedAndRemindedOfWhatWaits() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let unreviewed = try await stage.submit()
            stage.clock.advance(by: .hours(7))
            let nora = Stage.newcomer()
            try await stage.save(nora)
            let hers = try await stage.notices(id).filter { $0.recipient == nora.id }
            #expect(hers.map(\.kind) == [.customerAsked, .lastReminder])
            #expect(hers.map(\.nextAttempt) == [stage.clock.now(), Stage.start + .minutes(648)])
            #expect(try await stage.notices(unreviewed).allSatisfy { $0.recipient != nora.id })
            // Once is enough: switched off and on again she is still asked.
            try await stage.deliver(id)
            try await stage.save(changed(nora) { $0.isDisabled = true })
            try await stage.save(nora)
            #expect(try await stage.notices(id).count { $0.recipient == nora.id } == 2)
        }
    }

    @Test func whoseYesCountsLaterIsAskedThenAndAtOnceWhenConfirmed() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            var nora = Stage.newcomer()
            let first = stage.clock.now() + .hours(7)
            nora.decisionDelay = DecisionDelay(endsAt: first, confirmedBy: [])
            try await stage.save(nora)
            func asked() async throws -> [Notice] {
                try await stage.notices(id).filter {
                    $0.recipient == nora.id && $0.delivery == .queued
                }
            }
            let hers = try await asked()
            #expect(hers.map(\.kind) == [.customerAsked, .lastReminder])
            #expect(hers.map(\.nextAttempt) == [first, Stage.start + .minutes(648)])
            nora.decisionDelay = nil
            try await stage.save(nora)
            let anew = try await asked()
            #expect(
                Set(anew.map(\.kind)) == [.customerAsked, .reminder, .lastReminder]
            )
            #expect(
                anew.first { $0.kind == .customerAsked }?.nextAttempt == stage.clock.now()
            )
            // Too late for this request.
            nora.decisionDelay = DecisionDelay(
                endsAt: stage.clock.now() + .hours(24),
                confirmedBy: []
            )
            try await stage.save(nora)
            #expect(try await asked() == [])
        }
    }

    @Test func memberWhoIsMadeApproverIsAsked() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.save(changed(Fixture.sue) { $0.roles = [.member, .approver] })
            #expect(
                try await stage.notices(id).filter { $0.recipient == Fixture.sue.id }
                    .map(\.kind.rawValue).sorted() == ["customerAsked", "lastReminder", "reminder"]
            )
        }
    }

    @Test func whoBecomesAManagerIsAskedToReview() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.save(changed(Fixture.olga) { $0.roles = .manager })
            #expect(
                try await stage.waiting(id)
                    == ["managerAsked → mark", "managerAsked → max", "managerAsked → olga"]
            )
        }
    }

    // MARK: - Settled

    @Test func everyoneWhoWasAskedHearsOnceHowItWasSettled() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.deliver(id)
            try await stage.approve(id, Fixture.mark)
            #expect(try await stage.waiting(id, .settled) == ["settled → max"])
            try await stage.deliver(id)
            try await stage.deny(id, Fixture.adam)
            #expect(try await stage.waiting(id, .settled) == ["settled → gita", "settled → max"])
            let letter = LetterContent(try await stage.notice(id, .settled, to: Fixture.gita))
            #expect(letter.lead == "Adam Cole of Contoso Ltd has denied it. No access was given.")
            #expect(
                try await stage.notices(id).allSatisfy { notice in
                    notice.delivery != .queued || !Notice.Kind.asks.contains(notice.kind)
                }
            )
        }
    }

    @Test func managersHearOfRejectionWithdrawalAndExpiry() async throws {
        try await Stage.with { stage in
            let rejected = try await stage.submit()
            let withdrawn = try await stage.submit()
            let expired = try await stage.submit()
            for id in [rejected, withdrawn, expired] { try await stage.deliver(id) }
            try await stage.deny(rejected, Fixture.max)
            try await stage.withdraw(withdrawn)
            try await stage.pass(to: Stage.start + Limits.managerWindow)
            #expect(try await stage.waiting(rejected, .settled) == ["settled → mark"])
            for id in [withdrawn, expired] {
                #expect(
                    try await stage.waiting(id, .settled) == ["settled → mark", "settled → max"]
                )
            }
        }
    }

    @Test func approvalByOthersIsToldWhereAccessDoesNotBeginAtOnce() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer(notBefore: Stage.start + .hours(3))
            try await stage.deliver(id)
            try await stage.approve(id, Fixture.adam)
            #expect(try await stage.waiting(id, .settled) == ["settled → gita"])
            let now = try await stage.askCustomer()
            try await stage.deliver(now)
            try await stage.approve(now, Fixture.adam)
            #expect(try await stage.waiting(now, .settled).isEmpty)
            #expect(
                try await stage.waiting(now, .accessBegan)
                    == ["accessBegan → adam", "accessBegan → gita"]
            )
        }
    }

    @Test func settledWaitsForTheAskThatIsOnItsWay() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let ask = try await stage.notice(id, .customerAsked, to: Fixture.gita)
            #expect(try await stage.store.write { try $0.beginNotice(ask.id, at: Stage.start) })
            try await stage.deny(id, Fixture.adam)
            let settled = try await stage.notice(id, .settled, to: Fixture.gita)
            #expect(try await stage.standing(of: settled) == .notYet)
            for (delivery, standsThen) in [
                (Notice.Delivery.sent, true), (.unconfirmed, true), (.cancelled, false),
            ] {
                try await stage.store.write { tx in
                    var outcome = try #require(try tx.notice(ask.id))
                    (outcome.delivery, outcome.begunAt) = (delivery, nil)
                    try tx.update(outcome)
                }
                #expect(try await isRight(stage, settled) == standsThen)
            }
        }
    }

    // MARK: - Cannot be switched off

    @Test func accessWithoutApprovalIsToldWhoeverMutedSuchLetters() async throws {
        let policy = Fixture.policy(requireApproval: false)
        try await Stage.with(contoso: Fixture.tenant(policy: policy)) { stage in
            try await stage.mute([.accessBegan, .accessReports], by: Fixture.adam)
            let id = try await stage.askCustomer()
            let began = try await stage.notice(id, .accessBegan, to: Fixture.adam)
            #expect(try await isRight(stage, began))
            try await stage.pass(to: Stage.start + .hours(2))
            let report = try await stage.notice(id, .accessReport, to: Fixture.adam)
            #expect(try await isRight(stage, report))
        }
    }

    @Test func askSaysHowOftenItWasDeniedBefore() async throws {
        try await Stage.with { stage in
            for _ in 1...2 {
                let id = try await stage.askCustomer()
                try await stage.deny(id, Fixture.adam)
                stage.clock.advance(by: Limits.waitAfterDenial)
            }
            let id = try await stage.askCustomer()
            for notice in try await stage.notices(id) where Notice.Kind.asks.contains(notice.kind) {
                #expect(LetterContent(notice).value("Denied before") == "2 times")
            }
        }
    }
}
