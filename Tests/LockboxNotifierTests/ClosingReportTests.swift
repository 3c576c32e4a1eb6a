import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import Testing

@testable import LockboxNotifier

/// What is told once access has ended, and when.
@Suite struct ClosingReportTests {
    /// The customer's people read who of them said yes, and to how much less; the engineer does not.
    @Test func whoApprovedLessIsToldToTheCustomersOwnPeopleAlone() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            try await stage.approve(id, Fixture.adam, duration: .minutes(30))
            try await stage.revoke(id, by: Fixture.gita)
            for kind in [Notice.Kind.accessBegan, .accessReport] {
                let letter = LetterContent(try await stage.notice(id, kind, to: Fixture.gita))
                #expect(letter.value("Approved by") == "Adam Cole")
                #expect(
                    letter.value("Asked for was more")
                        == "change 1 and read 1 mailboxes, for 2 hours"
                )
            }
            for kind in [Notice.Kind.approved, .accessEnded] {
                let told = try await stage.notice(id, kind, to: Fixture.eve).facts.values
                #expect(!told.contains { $0.contains("Adam Cole") }, "\(kind)")
            }
            let all = try await stage.approved()
            let letter = LetterContent(
                try await stage.notice(all, .accessBegan, to: Fixture.gita)
            )
            #expect(letter.value("Approved by") == "Adam Cole")
            #expect(letter.value("Asked for was more") == nil)
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
            try await settle(stage, id, Stage.mail, .confirmed)
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
                let request = try #require(try tx.request(id))
                try tx.save(Fixture.removal(of: request, from: service, nextAttempt: grant.end))
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

    // MARK: - What the services confirm

    private static let services = [Fixture.mailbox.service, ServiceID("web")!]

    /// Access that ended and was used at `services`, which are told to close it.
    private func ended(_ stage: Stage) async throws -> AccessRequestID {
        let id = try await stage.approved()
        let grant = try #require(try await stage.store.read { try $0.request(id)?.state.grant })
        try await stage.store.write { tx in
            for service in Self.services {
                let request = try #require(try tx.request(id))
                try tx.save(Fixture.removal(of: request, from: service, nextAttempt: grant.end))
            }
        }
        try await stage.pass(to: Stage.start + .hours(2))
        return id
    }

    /// The engineer got a credential for the mailbox, which whoever has it may still use.
    private func issue(_ stage: Stage, _ id: AccessRequestID) async throws {
        let entropy = stage.entropy
        try await stage.store.write { tx in
            let grant = try #require(try tx.request(id)?.state.grant)
            try tx.insert(
                Credential(
                    id: entropy.id(),
                    request: id,
                    grant: grant.id,
                    tenant: Stage.tenant,
                    engineer: Fixture.eve.id,
                    resource: Fixture.mailbox,
                    actions: .read,
                    username: "lbx-0",
                    issuedAt: Stage.start,
                    expiresAt: grant.end
                ),
                secretHash: Fixture.secretHash(1)
            )
        }
    }

    private func settle(
        _ stage: Stage,
        _ id: AccessRequestID,
        _ service: ServiceID,
        _ progress: Removal.Progress
    ) async throws {
        let removal = try await stage.store.write { tx in
            var removal = try #require(try tx.removals(of: id).first { $0.service == service })
            removal.progress = progress
            try tx.save(removal)
            return removal
        }
        try await stage.tell(
            .access(progress == .failed ? .removalFailed(removal) : .removalConfirmed(removal))
        )
    }

    private func report(_ stage: Stage, _ id: AccessRequestID) async throws -> LetterContent {
        LetterContent(try await stage.notice(id, .accessReport, to: Fixture.gita))
    }

    @Test func reportSaysThatAccessIsOverOnceEveryServiceHasConfirmed() async throws {
        try await Stage.with { stage in
            let id = try await ended(stage)
            #expect(try await stage.waiting(id, .accessReport) == [])
            try await settle(stage, id, Self.services[0], .confirmed)
            #expect(try await stage.waiting(id, .accessReport) == [])
            try await settle(stage, id, Self.services[1], .confirmed)
            #expect(
                try await stage.waiting(id, .accessReport) == [
                    "accessReport → adam", "accessReport → gita",
                ]
            )
            let report = try await report(stage, id)
            #expect(report.heading == "Example Cloud no longer has this access")
            #expect(report.subject == "Access has ended, closing report: \(id)")
        }
    }

    @Test func reportNamesTheServiceThatHasNotConfirmed() async throws {
        try await Stage.with { stage in
            let id = try await ended(stage)
            try await settle(stage, id, Self.services[0], .confirmed)
            for _ in 1...2 { try await settle(stage, id, Self.services[1], .failed) }
            #expect(try await stage.waiting(id, .accessReport).count == 2)
            let first = try await report(stage, id)
            #expect(first.subject == "Access has ended, not confirmed closed: \(id)")
            #expect(first.heading == "Access has ended, and is not confirmed closed")
            #expect(
                first.lead == "The access of Eve Park ended at Mon 23 Nov 2026, 11:00:00 UTC; "
                    + "not yet confirmed closed at web."
            )
            // Hers has left, and his has not.
            try await stage.store.write { tx in
                for var notice in try tx.notices(about: id)
                where notice.kind == .accessReport && notice.recipient == Fixture.gita.id {
                    (notice.delivery, notice.sentAt) = (.sent, notice.createdAt)
                    try tx.update(notice)
                }
            }
            stage.clock.advance(by: .seconds(5))
            try await settle(stage, id, Self.services[1], .confirmed)
            #expect(try await stage.waiting(id, .accessReport).count == 2)
            #expect(try await report(stage, id).heading == first.heading)
            let his = LetterContent(try await stage.notice(id, .accessReport, to: Fixture.adam))
            #expect(his.heading == "Example Cloud no longer has this access")
            #expect(
                try await stage.waiting(id, .removalRecovered).contains("removalRecovered → gita")
            )
        }
    }

    @Test func reportWaitsForTheSecondServiceWhereTheFirstFails() async throws {
        try await Stage.with { stage in
            let id = try await ended(stage)
            try await settle(stage, id, Self.services[0], .failed)
            #expect(try await stage.waiting(id, .accessReport) == [])
            try await settle(stage, id, Self.services[1], .failed)
            let lead = try await report(stage, id).lead
            #expect(lead.hasSuffix("; not yet confirmed closed at mail, web."))
        }
    }

    @Test func reportSaysWhereNobodyCutsWhatIsOpen() async throws {
        try await Stage.with { stage in
            try await stage.store.write { tx in
                try tx.save(Fixture.service("mail", kind: "http", doveadm: nil))
            }
            let unused = try await stage.approved()
            try await stage.revoke(unused, by: Fixture.gita)
            #expect(
                try await report(stage, unused).heading == "Example Cloud no longer has this access"
            )
            let id = try await stage.approved()
            try await issue(stage, id)
            try await stage.pass(to: Stage.start + .hours(2))
            let report = try await report(stage, id)
            #expect(report.subject == "Access has ended, connections may be open: \(id)")
            #expect(report.heading == "Access has ended; connections may still be open")
            #expect(
                report.lead == "The access of Eve Park ended at Mon 23 Nov 2026, 11:00:00 UTC; "
                    + "connections that are open at mail cannot be cut, and nobody confirms that "
                    + "they are closed."
            )
        }
    }
}
