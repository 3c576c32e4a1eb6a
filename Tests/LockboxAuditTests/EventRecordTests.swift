import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

/// Every event becomes exactly one record, in the log of whom it concerns, without a personal or
/// free text in its bytes.
struct EventRecordTests {
    private static let question = Message(
        number: 1,
        request: Fixture.id(1),
        person: Fixture.adam.id,
        text: "Whose calendar is it?",
        at: Fixture.now
    )

    /// One of every event there is, with the texts that must not be in the record's bytes.
    private static func everyEvent() throws -> [Event] {
        func last(_ state: AccessRequest.StateName) throws -> AccessRequest {
            try #require(try Fixture.history(to: state).last)
        }
        func grant(_ request: AccessRequest) throws -> Grant { try #require(request.state.grant) }
        let support = Fixture.supportRequest(url: "https://tickets.example/4711")
        let (active, ended) = (try last(.active), try last(.ended))
        let (asked, denied) = (try last(.awaitingCustomer), try last(.denied))
        let credential = Fixture.credential(of: active)
        let token = APIToken(
            id: Fixture.id(1),
            person: Fixture.eve.id,
            label: "Eve's laptop",
            createdAt: Fixture.now,
            expiresAt: Fixture.now + .days(90)
        )
        var promoted = Fixture.sue
        promoted.roles = [.member, .approver]
        promoted.mutedLetters = .reminders
        var strict = Fixture.contoso
        strict.policy.approvalsNeeded = 2
        strict.version = 2
        return [
            .supportRequestOpened(support), .requestSubmitted(try last(.awaitingManager)),
            .decisionMade(asked, try #require(asked.decisions.last)),
            .decisionMade(active, try #require(active.decisions.last)),
            .decisionMade(denied, try #require(denied.decisions.last)),
            .decisionMade(try last(.rejected), try #require(try last(.rejected).decisions.last)),
            .customerAsked(asked), .requestWithdrawn(try last(.withdrawn)),
            .requestExpired(try last(.expired)),
            .messagePosted(asked, Self.question), .grantOpened(active, try grant(active)),
            .grantStarted(active, try grant(active)),
            .grantEnded(ended, try grant(ended), try #require(ended.state.ending)),
            .credentialIssued(credential),
            .resourceOpened(credential), .removalConfirmed(Fixture.removal(of: ended)),
            .removalFailed(
                Fixture.removal(of: ended, problem: "the mail server could not be reached")
            ),
            .noticeUndeliverable(
                UndeliverableNotice(
                    tenant: Fixture.contoso.id,
                    request: asked.id,
                    recipient: Fixture.adam.id,
                    kind: "customerAsked"
                )
            ),
            .tenantAdded(Fixture.contoso), .policyChanged(before: Fixture.contoso, after: strict),
            .licenceChanged(Fixture.contoso), .personAdded(Fixture.sue),
            .personChanged(before: Fixture.sue, after: promoted), .personAdded(Fixture.eve),
            .tenantRenamed(Fixture.contoso), .providerRenamed("Example Cloud"),
            .resourceAdded(Fixture.mailbox, Fixture.contoso.id),
            .serviceAdded(Fixture.mail.service), .serviceChanged(Fixture.mail.service),
            .tokenIssued(token, Fixture.eve), .tokenRevoked(token, Fixture.eve),
            .passwordSet(Fixture.frida),
            .signInLocked(Fixture.adam, until: Fixture.now + .minutes(15)),
            .clientHeldOff(Fixture.adam, until: Fixture.now + .minutes(15)),
            .signedIn(Fixture.adam),
            .sessionsEnded(Fixture.eve),
        ]
    }

    /// Which log and under which name. A new event does not compile until it is told here.
    private static func expected(_ event: Event) -> (log: LogID, activity: String) {
        switch event {
        case .supportRequestOpened: (AuditHouse.contoso, "support.opened")
        case .requestSubmitted: (AuditHouse.contoso, "request.submitted")
        case .decisionMade(_, let decision):
            switch (decision.stage, decision.isApproval) {
            case (.manager, true): (AuditHouse.contoso, "request.approvedByManager")
            case (.manager, false): (AuditHouse.contoso, "request.rejected")
            case (.customer, true): (AuditHouse.contoso, "request.approved")
            case (.customer, false): (AuditHouse.contoso, "request.denied")
            }
        case .customerAsked: (AuditHouse.contoso, "request.customerAsked")
        case .requestWithdrawn: (AuditHouse.contoso, "request.withdrawn")
        case .messagePosted: (AuditHouse.contoso, "request.message")
        case .requestExpired: (AuditHouse.contoso, "request.expired")
        case .grantOpened: (AuditHouse.contoso, "access.granted")
        case .grantStarted: (AuditHouse.contoso, "access.started")
        case .grantEnded: (AuditHouse.contoso, "access.ended")
        case .credentialIssued: (AuditHouse.contoso, "access.credentialIssued")
        case .resourceOpened: (AuditHouse.contoso, "access.used")
        case .removalConfirmed: (AuditHouse.contoso, "access.removed")
        case .removalFailed: (AuditHouse.contoso, "access.removalFailed")
        case .noticeUndeliverable: (AuditHouse.contoso, "notice.undeliverable")
        case .tenantAdded: (AuditHouse.contoso, "tenant.added")
        case .policyChanged: (AuditHouse.contoso, "tenant.policyChanged")
        case .licenceChanged: (AuditHouse.contoso, "tenant.licenceChanged")
        case .personAdded(let person): (log(of: person), "person.added")
        case .personChanged(_, let person): (log(of: person), "person.changed")
        case .tenantRenamed: (.tenant(Fixture.contoso.id), "tenant.renamed")
        case .providerRenamed: (.provider, "provider.renamed")
        case .resourceAdded: (.tenant(Fixture.contoso.id), "resource.added")
        case .serviceAdded: (.provider, "service.added")
        case .serviceChanged: (.provider, "service.changed")
        case .tokenIssued: (.provider, "token.issued")
        case .tokenRevoked: (.provider, "token.revoked")
        case .passwordSet(let person): (log(of: person), "password.set")
        case .signInLocked(let person, _): (log(of: person), "signIn.locked")
        case .clientHeldOff(let person, _): (log(of: person), "signIn.clientHeldOff")
        case .signedIn(let person): (log(of: person), "signIn.succeeded")
        case .sessionsEnded(let person): (log(of: person), "sessions.ended")
        }
    }

    private static func log(of person: Person) -> LogID {
        switch person.id {
        case Fixture.eve.id, Fixture.mark.id: .provider
        case Fixture.frida.id: AuditHouse.fabrikam
        case _: AuditHouse.contoso
        }
    }

    @Test func everyEventBecomesOneRecordInTheLogOfWhomItConcerns() async throws {
        try await AuditHouse.with { house in
            let logs = [LogID.provider, AuditHouse.contoso, AuditHouse.fabrikam]
            for event in try Self.everyEvent() {
                var before: [UInt64] = []
                for log in logs { before.append(try await house.size(of: log)) }
                try await house.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
                let expected = Self.expected(event)
                for (log, size) in zip(logs, before) {
                    #expect(
                        try await house.size(of: log) == size + (log == expected.log ? 1 : 0),
                        "\(event)"
                    )
                }
                let entry = try #require(try await house.entries(of: expected.log).last)
                let leaf = try members(of: entry)
                #expect(entry.activity == expected.activity)
                #expect(leaf["activity"] as? String == expected.activity)
                #expect(leaf["log"] as? String == expected.log.logName)
                #expect(leaf["index"] as? Int == Int(entry.index))
                #expect(leaf["time"] as? String == Fixture.now.description)
                #expect(
                    leaf["actor"] as? String
                        == (event.isCausedByTime ? "system" : Fixture.gita.id.text)
                )
                #expect(entry.hash == Hash.leaf(entry.bytes))
            }
        }
    }

    @Test func personalAndFreeTextsAreInNoRecordsBytes() async throws {
        let personal =
            Fixture.everyone.flatMap { [$0.name, $0.email.text, $0.email.canonical] }
            + [
                "Mail does not arrive", "Since this morning", "tickets.example", "Look why mail",
                "One hour will do",
                "Not this mailbox", "Not needed", "Solved without", "Enough.", "Whose calendar",
                "Eve's laptop",
                "mailbox:", "secrets/",
                "127.0.0.1",
            ]
        try await AuditHouse.with { house in
            for event in try Self.everyEvent() {
                try await house.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
            }
            for log in [LogID.provider, AuditHouse.contoso, AuditHouse.fabrikam] {
                for entry in try await house.entries(of: log) {
                    let bytes = String(decoding: entry.bytes, as: UTF8.self)
                    for text in personal {
                        #expect(
                            !bytes.localizedCaseInsensitiveContains(text),
                            "\(text) is in \(bytes)"
                        )
                    }
                }
            }
        }
    }

    @Test func everyCommitmentOpensWithItsTextAndNoOther() async throws {
        try await AuditHouse.with { house in
            for event in try Self.everyEvent() {
                try await house.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
            }
            var salts: Set<[UInt8]> = []
            var opened = 0
            for log in [LogID.provider, AuditHouse.contoso, AuditHouse.fabrikam] {
                for entry in try await house.entries(of: log) {
                    let commitments = try #require(
                        try members(of: entry)["commitments"] as? [String: String]
                    )
                    #expect(Set(commitments.keys) == Set(entry.texts.map(\.field)))
                    for text in entry.texts {
                        let committed = try #require(
                            SaltedCommitment(base64: commitments[text.field] ?? "")
                        )
                        let content = try #require(text.text)
                        #expect(
                            committed.isOpened(salt: text.salt, field: text.field, text: content)
                        )
                        #expect(
                            !committed.isOpened(
                                salt: text.salt,
                                field: text.field,
                                text: content + " "
                            )
                        )
                        #expect(
                            !committed.isOpened(
                                salt: text.salt,
                                field: text.field + "s",
                                text: content
                            )
                        )
                        #expect(salts.insert(text.salt).inserted, "a salt is used twice")
                        opened += 1
                    }
                }
            }
            #expect(opened > 50)
        }
    }

    @Test func theTextsBesideARecordAreThoseOfItsEvent() async throws {
        try await AuditHouse.with { house in
            let denied = try #require(try Fixture.history(to: .denied).last)
            try await house.audited.write(by: .person(Fixture.adam)) {
                $0.emit(.decisionMade(denied, denied.decisions[1]))
                $0.emit(
                    .supportRequestOpened(
                        Fixture.supportRequest(url: "https://tickets.example/4711")
                    )
                )
                $0.emit(.requestSubmitted(denied))
                $0.emit(.messagePosted(denied, Self.question))
            }
            let entries = try await house.entries()
            func texts(_ entry: LogEntry) -> [String: String] {
                entry.texts.reduce(into: [:]) { $0[$1.field] = $1.text }
            }
            let actor = ["actorName": "Adam Cole", "actorAddress": "adam@contoso.test"]
            #expect(texts(entries[0]) == actor.merging(["comment": "Not this mailbox."]) { $1 })
            #expect(
                texts(entries[1])
                    == actor.merging([
                        "subject": "Mail does not arrive", "url": "https://tickets.example/4711",
                        "description": "Since this morning\nno mail reaches my mailbox.",
                    ]) { $1 }
            )
            #expect(
                texts(entries[2])
                    == actor.merging([
                        "reason": "Look why mail does not arrive.",
                        "resource0": "mailbox:sue@contoso.test",
                    ]) { $1 }
            )
            #expect(try members(of: entries[2])["request"] as? String == denied.id.text)
            #expect(texts(entries[3]) == actor.merging(["message": "Whose calendar is it?"]) { $1 })
            #expect((try members(of: entries[3])["data"] as? [String: Any])?["number"] as? Int == 1)
        }
    }

    /// A person's record is as it always was, until that person switches letters off.
    @Test func mutedLettersAreInThePersonsRecordWhereThereAreAny() async throws {
        try await AuditHouse.with { house in
            var muted = Fixture.sue
            muted.mutedLetters = [.reminders, .accessReports]
            try await house.audited.write(by: .person(Fixture.sue)) { [muted] in
                $0.emit(.personAdded(Fixture.sue))
                $0.emit(.personChanged(before: Fixture.sue, after: muted))
                $0.emit(.personChanged(before: muted, after: Fixture.sue))
            }
            let data = try await house.entries().map {
                try #require(try members(of: $0)["data"] as? [String: Any])
            }
            #expect(Set(data[0].keys) == ["person", "roles", "disabled"])
            #expect(data[1]["mutedLetters"] as? [String] == ["reminders", "accessReports"])
            #expect(data[2]["mutedLetters"] == nil)
        }
    }

    @Test func actorsAreNamedByIdentifierConsoleSystemOrService() async throws {
        try await AuditHouse.with { house in
            let actors: [Actor] = [
                .person(Fixture.adam), .console, .system, .service(Fixture.mail.service.id),
            ]
            for actor in actors {
                try await house.audited.write(by: actor) { $0.emit(.passwordSet(Fixture.sue)) }
            }
            let expired = try #require(try Fixture.history(to: .expired).last)
            try await house.audited.write(by: .person(Fixture.adam)) {
                $0.emit(.requestExpired(expired))
            }
            let named = try await house.entries().map(\.actor)
            #expect(named == [Fixture.adam.id.text, "console", "system", "service:mail", "system"])
        }
    }
}
