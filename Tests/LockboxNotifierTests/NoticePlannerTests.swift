import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

@Suite struct NoticePlannerTests {
    // MARK: - Asking

    @Test func submissionAsksEveryEnabledManagerButTheEngineer() async throws {
        try await Stage.with { stage in
            try await stage.save(
                changed(Fixture.olga) { ($0.roles, $0.isDisabled) = (.manager, true) }
            )
            let id = try await stage.submit()
            #expect(try await stage.waiting(id) == ["managerAsked → mark", "managerAsked → max"])
            // Max is an engineer too, and nobody reviews a request of their own.
            let his = try await stage.submit(by: Fixture.max)
            #expect(try await stage.waiting(his) == ["managerAsked → mark"])
            let notice = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            #expect(notice.nextAttempt == Stage.start)
            #expect(notice.goodUntil == Stage.start + Limits.managerWindow)
        }
    }

    @Test func managersYesAsksApproversAndAdminsAndNoLongerManagers() async throws {
        try await Stage.with { stage in
            try await stage.save(
                changed(Fixture.tom) { ($0.roles, $0.isDisabled) = (.approver, true) }
            )
            let id = try await stage.askCustomer()
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → gita", "lastReminder → adam",
                    "lastReminder → gita",
                    "reminder → adam", "reminder → gita",
                ]
            )
        }
    }

    @Test func remindersAreDueAtHalfAndNineTenthsOfTheTimeAndEndWithIt() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let adam = Fixture.adam
            let decideBy = Stage.start + .hours(12)
            for (kind, due) in [
                (Notice.Kind.customerAsked, Stage.start), (.reminder, Stage.start + .hours(6)),
                (.lastReminder, Stage.start + .minutes(648)),
            ] {
                let notice = try await stage.notice(id, kind, to: adam)
                #expect(notice.nextAttempt == due)
                #expect(notice.goodUntil == decideBy)
            }
        }
    }

    @Test func approvalShortOfTheQuorumTellsNobodyAndSparesThePersonReminders() async throws {
        let policy = Fixture.policy(approvalsNeeded: 2)
        try await Stage.with(contoso: Fixture.tenant(policy: policy)) { stage in
            let id = try await stage.askCustomer()
            try await stage.approve(id, Fixture.adam)
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → gita", "lastReminder → gita", "reminder → gita",
                ]
            )
            try await stage.approve(id, Fixture.gita)
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessBegan → gita", "approved → eve",
                ]
            )
        }
    }

    // MARK: - No

    @Test func rejectionTellsTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.deny(id, Fixture.mark)
            #expect(try await stage.waiting(id) == ["rejected → eve"])
        }
    }

    @Test func denialTellsTheEngineerAndEndsTheReminders() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.deny(id, Fixture.adam)
            #expect(try await stage.waiting(id) == ["denied → eve"])
        }
    }

    @Test func withdrawalTellsApproversOnlyIfTheyHadBeenAsked() async throws {
        try await Stage.with { stage in
            let unasked = try await stage.submit()
            let asked = try await stage.askCustomer()
            for id in [unasked, asked] {
                if id == asked { try await stage.deliver(id) }
                try await stage.withdraw(id)
            }
            #expect(try await stage.waiting(unasked).isEmpty)
            #expect(
                try await stage.waiting(asked, .withdrawn, .settled)
                    == ["withdrawn → adam", "withdrawn → gita"]
            )
            let letter = try await stage.notice(asked, .withdrawn, to: Fixture.adam)
            #expect(LetterContent(letter).subject == "Withdrawn: access request \(asked)")
        }
    }

    @Test func expiryBeforeAManagerTellsTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.pass(to: Stage.start + Limits.managerWindow)
            #expect(try await stage.waiting(id) == ["expired → eve"])
        }
    }

    @Test func expiryBeforeTheCustomerTellsEngineerAndApprovers() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.pass(to: Stage.start + .hours(12))
            #expect(
                try await stage.waiting(id) == [
                    "expired → adam", "expired → eve", "expired → gita",
                ]
            )
        }
    }

    // MARK: - Access

    @Test func approvalTellsTheEngineerAndThatAccessBeganTheApprovers() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessBegan → gita", "approved → eve",
                ]
            )
        }
    }

    @Test func scheduledAccessTellsTheEngineerWhenAndTheApproversOnceItBegins() async throws {
        try await Stage.with { stage in
            let start = Stage.start + .hours(3)
            let id = try await stage.approved(notBefore: start)
            #expect(try await stage.waiting(id) == ["accessScheduled → eve"])
            try await stage.pass(to: start)
            #expect(
                try await stage.waiting(id, .accessBegan) == [
                    "accessBegan → adam", "accessBegan → gita",
                ]
            )
        }
    }

    @Test func approversOfATenantWithoutApprovalHearOfAccessAllTheSame() async throws {
        let policy = Fixture.policy(requireApproval: false)
        try await Stage.with(contoso: Fixture.tenant(policy: policy)) { stage in
            let id = try await stage.askCustomer()
            try await stage.pass(to: Stage.start + .hours(2))
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessBegan → gita", "accessEnded → eve",
                    "accessReport → adam",
                    "accessReport → gita", "approved → eve",
                ]
            )
            let notice = try await stage.notice(id, .accessBegan, to: Fixture.adam)
            #expect(
                LetterContent(notice).lead.hasSuffix(
                    "Your rules do not require an approval for this."
                )
            )
        }
    }

    // MARK: - Removal

    @Test func onlyTheFirstFailureOfARemovalIsToldAndThenItsRecovery() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            let grant = try await stage.store.read { tx in
                try #require(try tx.request(id)?.state.grant)
            }
            var removal = Removal(
                tenant: Stage.tenant,
                request: id,
                grant: grant.id,
                service: Stage.mail,
                usernames: ["lbx-0"],
                nextAttempt: Stage.start
            )
            // A removal that simply succeeds is no news.
            try await stage.tell(.access(.removalConfirmed(removal)))
            #expect(try await stage.waiting(id, .removalFailed, .removalRecovered).isEmpty)

            for attempt in 1...3 {
                stage.clock.advance(by: .seconds(5))
                removal.attempts = attempt
                removal.progress = .failed
                try await stage.tell(.access(.removalFailed(removal)))
            }
            let told = ["adam", "gita", "mark", "max"]
            #expect(
                try await stage.waiting(id, .removalFailed) == told.map { "removalFailed → \($0)" }
            )

            for _ in 1...2 {
                stage.clock.advance(by: .seconds(5))
                try await stage.tell(.access(.removalConfirmed(removal)))
            }
            #expect(
                try await stage.waiting(id, .removalRecovered)
                    == told.map { "removalRecovered → \($0)" }
            )

            stage.clock.advance(by: .seconds(5))
            try await stage.tell(.access(.removalFailed(removal)))
            #expect(try await stage.waiting(id, .removalFailed).count == 2 * told.count)
        }
    }

    // MARK: - Nothing

    @Test func eventsThatConcernNobodyByMailAddNothing() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let before = try await stage.notices(id).count
            let notice = UndeliverableNotice(
                tenant: Stage.tenant,
                request: id,
                recipient: Fixture.mark.id,
                kind: "managerAsked"
            )
            let tenant = try await stage.store.read { tx in
                try #require(try tx.tenant(Stage.tenant))
            }
            for event: Event in [
                .request(.noticeUndeliverable(notice)),
                .directory(.providerRenamed("Example Cloud")),
                .directory(.tenantAdded(tenant)), .directory(.personAdded(Fixture.max)),
                .signIn(.signedIn(Fixture.sue)),
                .signIn(.locked(Fixture.sue, until: Stage.start)),
            ] {
                try await stage.tell(event)
            }
            #expect(try await stage.notices(id).count == before)
            #expect(try await stage.sideLetters().isEmpty)
        }
    }
}

extension LetterContent {
    func value(_ label: String) -> String? {
        rows.first { $0.label == label }?.values.joined(separator: " | ")
    }
}
