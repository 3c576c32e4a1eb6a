import LockboxDomain
import LockboxPorts
import LockboxServices
import Testing

@testable import LockboxNotifier

@Suite struct NoticePlannerTests {
    // MARK: - Asking

    @Test func submissionAsksEveryEnabledManagerButTheEngineer() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            // Erik is a manager too, and nobody reviews a request of their own.
            #expect(try await stage.waiting(id) == ["managerAsked → max", "managerAsked → mona"])
            let notice = try await stage.notice(id, .managerAsked, to: stage.cast.mona)
            #expect(notice.nextAttempt == Stage.start)
            #expect(notice.goodUntil == Stage.start + Limits.managerWindow)
        }
    }

    @Test func managersYesAsksApproversAndAdminsAndNoLongerManagers() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "customerAsked → alice", "lastReminder → adam",
                    "lastReminder → alice",
                    "reminder → adam", "reminder → alice",
                ]
            )
        }
    }

    @Test func remindersAreDueAtHalfAndNineTenthsOfTheTimeAndEndWithIt() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let alice = stage.cast.alice
            let decideBy = Stage.start + .hours(12)
            for (kind, due) in [
                (Notice.Kind.customerAsked, Stage.start), (.reminder, Stage.start + .hours(6)),
                (.lastReminder, Stage.start + .minutes(648)),
            ] {
                let notice = try await stage.notice(id, kind, to: alice)
                #expect(notice.nextAttempt == due)
                #expect(notice.goodUntil == decideBy)
            }
        }
    }

    @Test func approvalShortOfTheQuorumTellsNobodyAndSparesThePersonReminders() async throws {
        let policy = try Policy(
            requireApproval: true,
            decisionWindow: .hours(12),
            maxAccess: .hours(4),
            approvalsNeeded: 2
        )
        try await Stage.with(policy: policy) { stage in
            let id = try await stage.askCustomer()
            try await stage.decide(id, stage.cast.alice)
            #expect(
                try await stage.waiting(id) == [
                    "customerAsked → adam", "lastReminder → adam", "reminder → adam",
                ]
            )
            try await stage.decide(id, stage.cast.adam)
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessBegan → alice", "approved → erik",
                ]
            )
        }
    }

    // MARK: - No

    @Test func rejectionTellsTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.decide(id, stage.cast.mona, .deny)
            #expect(try await stage.waiting(id) == ["rejected → erik"])
        }
    }

    @Test func denialTellsTheEngineerAndEndsTheReminders() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.decide(id, stage.cast.alice, .deny)
            #expect(try await stage.waiting(id) == ["denied → erik"])
        }
    }

    @Test func withdrawalTellsApproversOnlyIfTheyHadBeenAsked() async throws {
        try await Stage.with { stage in
            let unasked = try await stage.submit()
            let asked = try await stage.askCustomer()
            for id in [unasked, asked] {
                let erik = stage.cast.erik
                if id == asked { try await stage.deliver(id) }
                try await stage.change(id) {
                    try $0.withdraw(comment: Stage.comment, by: erik, now: $1)
                }
            }
            #expect(try await stage.waiting(unasked).isEmpty)
            #expect(
                try await stage.waiting(asked, .withdrawn, .settled)
                    == ["withdrawn → adam", "withdrawn → alice"]
            )
            let letter = try await stage.notice(asked, .withdrawn, to: stage.cast.alice)
            #expect(LetterContent(letter).subject == "Withdrawn: access request \(asked)")
        }
    }

    @Test func expiryBeforeAManagerTellsTheEngineerAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            try await stage.pass(id, to: Stage.start + Limits.managerWindow)
            #expect(try await stage.waiting(id) == ["expired → erik"])
        }
    }

    @Test func expiryBeforeTheCustomerTellsEngineerAndApprovers() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.pass(id, to: Stage.start + .hours(12))
            #expect(
                try await stage.waiting(id) == [
                    "expired → adam", "expired → alice", "expired → erik",
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
                    "accessBegan → adam", "accessBegan → alice", "approved → erik",
                ]
            )
        }
    }

    @Test func scheduledAccessTellsTheEngineerWhenAndTheApproversOnceItBegins() async throws {
        try await Stage.with { stage in
            let start = Stage.start + .hours(3)
            let id = try await stage.approved(notBefore: start)
            #expect(try await stage.waiting(id) == ["accessScheduled → erik"])
            try await stage.pass(id, to: start)
            #expect(
                try await stage.waiting(id, .accessBegan) == [
                    "accessBegan → adam", "accessBegan → alice",
                ]
            )
        }
    }

    @Test func approversOfATenantWithoutApprovalHearOfAccessAllTheSame() async throws {
        let policy = try Policy(
            requireApproval: false,
            decisionWindow: .hours(12),
            maxAccess: .hours(4),
            approvalsNeeded: 1
        )
        try await Stage.with(policy: policy) { stage in
            let id = try await stage.askCustomer()
            try await stage.pass(id, to: Stage.start + .hours(2))
            #expect(
                try await stage.waiting(id) == [
                    "accessBegan → adam", "accessBegan → alice", "accessEnded → erik",
                    "accessReport → adam",
                    "accessReport → alice", "approved → erik",
                ]
            )
            let notice = try await stage.notice(id, .accessBegan, to: stage.cast.alice)
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
            let (entropy, erik) = (stage.entropy, stage.cast.erik)
            try await stage.store.write { tx in
                let grant = try #require(try tx.request(id)?.state.grant)
                for (index, resource) in [Stage.mailbox, Stage.secondMailbox].enumerated() {
                    let credential = Credential(
                        id: entropy.id(),
                        request: id,
                        grant: grant.id,
                        tenant: Stage.tenant,
                        engineer: erik.id,
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
                        service: Stage.mailbox.service,
                        subject: subject,
                        reads: reads,
                        writes: writes
                    )
                    try tx.add([total], to: grant.id)
                }
            }
            try await stage.pass(id, to: Stage.start + .hours(2))
            let facts = Facts(try await stage.notice(id, .accessReport, to: stage.cast.adam).facts)
            #expect(facts[.useCount] == "5")
            #expect(facts[.firstUse] == "Mon 23 Nov 2026, 08:25:00 UTC")
            #expect(facts[.lastUse] == "Mon 23 Nov 2026, 08:31:00 UTC")
            #expect(facts[.endedAt] == "Mon 23 Nov 2026, 10:15:00 UTC")
            let report = LetterContent(
                try await stage.notice(id, .accessReport, to: stage.cast.adam)
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
            let service = Stage.mailbox.service
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
            try await stage.pass(id, to: Stage.start + .hours(2))
            #expect(try await stage.waiting(id, .accessReport) == [])
            #expect(try await stage.waiting(id, .accessEnded) == ["accessEnded → erik"])
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
                    "accessReport → adam", "accessReport → alice",
                ]
            )
            let report = try await stage.notice(id, .accessReport, to: stage.cast.adam)
            #expect(Facts(report.facts)[.subjects] == "select: 2 reads")
        }
    }

    @Test func reportNamesWhoStoppedAccessAndTheEngineersLetterOnlyTheCustomer() async throws {
        try await Stage.with { stage in
            let id = try await stage.approved()
            let adam = stage.cast.adam
            stage.clock.advance(by: .minutes(20))
            try await stage.change(id) { try $0.revoke(comment: Stage.comment, by: adam, now: $1) }
            let report = LetterContent(try await stage.notice(id, .accessReport, to: adam))
            #expect(report.value("Why it ended") == "Adam Admin of Contoso stopped it.")
            #expect(report.value("To") == "Mon 23 Nov 2026, 08:35:00 UTC")
            #expect(report.value("Would have lasted to") == "Mon 23 Nov 2026, 10:15:00 UTC")
            #expect(report.value("Used") == "never")
            let letter = try await stage.notice(id, .accessEnded, to: stage.cast.erik)
            #expect(LetterContent(letter).value("Why it ended") == "Contoso stopped it.")
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
            let told = ["adam", "alice", "erik", "max", "mona"]
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
            #expect(try await stage.waiting(id, .removalFailed).count == 10)
        }
    }

    // MARK: - Nothing

    @Test func eventsThatConcernNobodyByMailAddNothing() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let before = try await stage.notices(id).count
            let cast = stage.cast
            let notice = UndeliverableNotice(
                tenant: Stage.tenant,
                request: id,
                recipient: cast.mona.id,
                kind: "managerAsked"
            )
            let tenant = try await stage.store.read { tx in
                try #require(try tx.tenant(Stage.tenant))
            }
            for event: Event in [
                .request(.noticeUndeliverable(notice)), .directory(.providerRenamed("Adatum")),
                .directory(.tenantAdded(tenant)), .directory(.personAdded(cast.max)),
                .signIn(.passwordSet(cast.sue)),
                .signIn(.locked(cast.sue, until: Stage.start)),
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
