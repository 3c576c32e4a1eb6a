import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
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

    @Test func closingReportCountsTheUses() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            let entropy = stage.entropy
            try await stage.store.write { tx in
                let grant = try #require(try tx.request(id)?.state.grant)
                for (index, resource) in [Fixture.mailbox, Fixture.otherMailbox].enumerated() {
                    let credential = Credential(
                        id: entropy.id(),
                        request: id,
                        grant: grant.id,
                        tenant: Stage.tenant,
                        engineer: Fixture.eve.id,
                        resource: resource,
                        actions: .read,
                        username: "lbx-\(index)",
                        issuedAt: Stage.start,
                        expiresAt: grant.end
                    )
                    try tx.insert(credential, secretHash: Array(repeating: UInt8(index), count: 32))
                    let first = Stage.start + .minutes(Int64(10 + index))
                    _ = try tx.recordUse(
                        of: credential.id,
                        count: 2 + index,
                        first: first,
                        last: first + .minutes(5)
                    )
                }
                for (subject, reads, writes) in [("/inbox", 3, 1), (nil, 0, 2)] {
                    let total = OperationTotal(
                        service: Fixture.mailbox.service,
                        subject: subject,
                        reads: reads,
                        writes: writes
                    )
                    try tx.add([total], to: grant.id)
                }
            }
            try await stage.pass(to: Stage.start + .hours(2))
            let facts = Facts(try await stage.notice(id, .accessReport, to: Fixture.gita).facts)
            #expect(facts[.useCount] == "5")
            #expect(facts[.firstUse] == "Mon 23 Nov 2026, 09:10:00 UTC")
            #expect(facts[.lastUse] == "Mon 23 Nov 2026, 09:16:00 UTC")
            #expect(facts[.endedAt] == "Mon 23 Nov 2026, 11:00:00 UTC")
            let report = LetterContent(
                try await stage.notice(id, .accessReport, to: Fixture.gita)
            )
            #expect(report.value("What was done") == "3 reads and 3 changes")
            let done = report.rows.first { $0.label == "To what" }
            #expect(done?.values == ["/inbox: 3 reads and 1 change", "elsewhere: 2 changes"])
        }
    }

    /// What a server writes down itself is read a moment after it ran.
    @Test func reportOfWhatAServerWritesDownWaitsUntilItIsRead() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            let grant = try #require(try await stage.store.read { try $0.request(id)?.state.grant })
            let service = Fixture.mailbox.service
            try await stage.store.write { tx in
                var settings = try #require(try tx.service(service))
                settings.service = ProtectedService(
                    id: service,
                    kind: .postgres,
                    resourceType: settings.service.resourceType
                )
                settings.own = """
                    {"postgres":{"passwordFile":"/p","roles":{"read":"r"},"url":{"host":"h","port":1},
                    "statements":{"folder":"/l","form":"jsonlog"}}}
                    """
                try tx.save(settings)
                try tx.save(
                    Removal(
                        tenant: Stage.tenant,
                        request: id,
                        grant: grant.id,
                        service: service,
                        usernames: [],
                        nextAttempt: grant.end
                    )
                )
            }
            try await stage.pass(to: Stage.start + .hours(2))
            #expect(try await stage.waiting(id, .accessReport) == [])
            #expect(try await stage.waiting(id, .accessEnded) == ["accessEnded → eve"])
            let confirmed = try await stage.store.write { tx in
                let total = OperationTotal(service: service, subject: "select", reads: 2, writes: 0)
                try tx.add([total], to: grant.id)
                var removal = try #require(try tx.removals(of: id).first)
                removal.progress = .confirmed
                try tx.save(removal)
                return removal
            }
            for _ in 1...2 { try await stage.tell(.access(.removalConfirmed(confirmed))) }
            #expect(
                try await stage.waiting(id, .accessReport) == [
                    "accessReport → adam", "accessReport → gita",
                ]
            )
            let report = try await stage.notice(id, .accessReport, to: Fixture.gita)
            #expect(Facts(report.facts)[.subjects] == "select: 2 reads")
        }
    }

    @Test func reportNamesWhoStoppedAccessAndTheEngineersLetterOnlyTheCustomer() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            stage.clock.advance(by: .minutes(20))
            try await stage.revoke(id, by: Fixture.gita)
            let report = LetterContent(try await stage.notice(id, .accessReport, to: Fixture.gita))
            #expect(report.value("Why it ended") == "Gita Rao of Contoso Ltd stopped it.")
            #expect(report.value("To") == "Mon 23 Nov 2026, 09:20:00 UTC")
            #expect(report.value("Would have lasted to") == "Mon 23 Nov 2026, 11:00:00 UTC")
            #expect(report.value("Used") == "never")
            let letter = try await stage.notice(id, .accessEnded, to: Fixture.eve)
            #expect(LetterContent(letter).value("Why it ended") == "Contoso Ltd stopped it.")
            #expect(!letter.facts.values.contains { $0.contains("Adam") })
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
