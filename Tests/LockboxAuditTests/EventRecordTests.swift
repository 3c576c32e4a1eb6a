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

    private static func entry(_ act: SupportEntry.Act) -> SupportEntry {
        SupportEntry(
            number: 1,
            person: Fixture.adam.id,
            act: act,
            text: "Whose folder is it?",
            at: Fixture.now
        )
    }

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
        return [
            .request(.supportRequestOpened(support)),
            .request(.supportRequestMoved(support, Self.entry(.wrote))),
            .request(.supportRequestMoved(support, Self.entry(.closed))),
            .request(.supportRequestMoved(support, Self.entry(.reopened))),
            .request(.submitted(try last(.awaitingManager))),
            .request(.decisionMade(asked, try #require(asked.decisions.last))),
            .request(.decisionMade(active, try #require(active.decisions.last))),
            .access(.grantOpened(active, try grant(active))),
            .request(.decisionMade(denied, try #require(denied.decisions.last))),
            .request(
                .decisionMade(try last(.rejected), try #require(try last(.rejected).decisions.last))
            ),
            .request(.customerAsked(asked)),
            .request(.withdrawn(try last(.withdrawn))),
            .request(.expired(try last(.expired))),
            .request(.messagePosted(asked, Self.question)),
            .access(.grantStarted(active, try grant(active))),
            .access(.grantEnded(ended, try grant(ended), try #require(ended.state.ending))),
            .access(.credentialIssued(credential)),
            .access(.resourceOpened(credential)),
            .access(.operationsRecorded(Fixture.operations(with: credential))),
            .access(.removalConfirmed(Fixture.removal(of: ended))),
            .access(
                .removalFailed(
                    Fixture.removal(of: ended, problem: "the mail server could not be reached")
                )
            ),
            .access(.unknownFound(Fixture.unknownAccess)),
            .request(
                .noticeUndeliverable(
                    UndeliverableNotice(
                        tenant: Fixture.contoso.id,
                        request: asked.id,
                        recipient: Fixture.adam.id,
                        kind: "customerAsked"
                    )
                )
            ),
        ] + directoryAndSignInEvents
    }

    private static var directoryAndSignInEvents: [Event] {
        let token = APIToken(
            id: Fixture.id(1),
            person: Fixture.eve.id,
            label: "Eve's laptop",
            scopes: .every,
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
            .directory(.tenantAdded(Fixture.contoso)),
            .directory(.policyChanged(before: Fixture.contoso, after: strict)),
            .directory(.policyChange(.asked, Fixture.policyChange, of: Fixture.contoso)),
            .directory(.policyChange(.agreed, Fixture.policyChange, of: Fixture.contoso)),
            .directory(.policyChange(.stopped, Fixture.policyChange, of: Fixture.contoso)),
            .directory(.policyChange(.withdrawn, Fixture.policyChange, of: Fixture.contoso)),
            .directory(.licenceChanged(Fixture.contoso)),
            .directory(.domainsChanged(Fixture.contoso)),
            .directory(
                .signInChanged(.tenant(Fixture.contoso.id), Fixture.signsInElsewhere)
            ),
            .directory(.signInChangeAsked(Fixture.signInChange)),
            .directory(.signInChangeStopped(Fixture.signInChange)),
            .directory(.tenantAdministered(Fixture.contoso)),
            .directory(.personAdded(Fixture.sue)),
            .directory(.personChanged(before: Fixture.sue, after: promoted)),
            .directory(.personAdded(Fixture.eve)),
            .directory(.personProposal(.made, Fixture.proposal, Fixture.sue)),
            .directory(.personProposal(.accepted, Fixture.proposal, Fixture.sue)),
            .directory(.personProposal(.declined, Fixture.proposal, Fixture.sue)),
            .directory(.personProposal(.withdrawn, Fixture.proposal, Fixture.sue)),
            .directory(.tenantRenamed(Fixture.contoso)),
            .directory(.providerRenamed("Example Cloud")),
            .directory(.resourceAdded(Fixture.mailbox, Fixture.contoso.id)),
            .directory(.serviceAdded(Fixture.mail.service)),
            .directory(.serviceChanged(Fixture.mail.service)),
            .directory(
                .textsErased(
                    TextErasure(
                        tenant: Fixture.contoso.id,
                        texts: [],
                        cause: .asked(reason: "Asked for by the person concerned.")
                    )
                )
            ),
            .signIn(.tokenIssued(token, Fixture.eve)),
            .signIn(.tokenRevoked(token, Fixture.eve)),
            .signIn(.loginReused(token, Fixture.eve)),
            .signIn(.passwordSet(Fixture.frida)),
            .signIn(.invited(Fixture.frida, Fixture.invitation(to: Fixture.frida))),
            .signIn(.invitationUsed(Fixture.adam, Fixture.invitation(to: Fixture.adam))),
            .signIn(.invitationGuessed(Fixture.eve, Fixture.invitation(to: Fixture.eve))),
            .signIn(.locked(Fixture.adam, until: Fixture.now + .minutes(15))),
            .signIn(.throttled(Fixture.adam, until: Fixture.now + .minutes(15))),
            .signIn(.signedIn(Fixture.adam)),
            .signIn(.signedIn(Fixture.adam, with: Fixture.id(7))),
            .signIn(.sessionsEnded(Fixture.eve)),
            .signIn(.newBrowser(Fixture.eve)),
            .signIn(.passkey(.registered, Fixture.passkey(of: Fixture.adam), Fixture.adam)),
            .signIn(.passkey(.removed, Fixture.passkey(of: Fixture.eve), Fixture.eve)),
            .signIn(.passkey(.confirmed, Fixture.passkey(of: Fixture.adam), Fixture.adam)),
            .signIn(
                .passkey(.counterFell(from: 9), Fixture.passkey(of: Fixture.adam), Fixture.adam)
            ),
            .signIn(.signingKey(.added, sshKey, Fixture.adam)),
            .signIn(.signingKey(.confirmed, sshKey, Fixture.adam)),
            .signIn(.signingKey(.removed, sshKey, Fixture.adam)),
            .signIn(
                .passkey(
                    .refused(problem: "another origin"),
                    Fixture.passkey(of: Fixture.adam),
                    Fixture.adam
                )
            ),
            .signIn(
                .identityLinked(
                    Identity(issuer: Fixture.issuer, subject: "adam-1"),
                    Fixture.adam
                )
            ),
            .signIn(.identityRefused(Fixture.adam, issuer: Fixture.issuer)),
            .signIn(.signedOutByProvider(Fixture.adam, issuer: Fixture.issuer)),
            .log(.keyChanged(AuditWorld.contoso, Fixture.keyChange)),
            .log(.recovered(AuditWorld.contoso, Fixture.recovery)),
            .log(.recovered(.provider, Fixture.recovery)),
            .provisioning(.tokenIssued(Fixture.provisioningToken())),
            .provisioning(.tokenRevoked(Fixture.provisioningToken())),
            .provisioning(.refused(Fixture.provisioningToken(), .lastAdministrator)),
            .provisioning(
                .rolesMapped(
                    before: [],
                    after: GroupRoles(
                        side: .tenant(Fixture.contoso.id),
                        group: "Approvers",
                        roles: .approver
                    )
                )
            ),
        ]
    }

    /// Which log and under which name. A new event does not compile until it is told here.
    private static func expected(_ event: Event) -> (log: LogID, activity: String) {
        switch event {
        case .request(let event): (AuditWorld.contoso, expected(event))
        case .access(let event): (AuditWorld.contoso, expected(event))
        case .directory(let event): expected(event)
        case .signIn(let event): expected(event)
        case .provisioning(let event): (AuditWorld.contoso, expected(event))
        case .log(.keyChanged(let log, _)): (log, "key.changed")
        case .log(.recovered(let log, _)): (log, "log.recovered")
        }
    }

    private static func expected(_ event: RequestEvent) -> String {
        switch event {
        case .supportRequestOpened: "support.opened"
        case .supportRequestMoved(_, let entry):
            switch entry.act {
            case .wrote: "support.message"
            case .closed: "support.closed"
            case .reopened: "support.reopened"
            }
        case .submitted: "request.submitted"
        case .decisionMade(_, let decision, _):
            switch (decision.stage, decision.isApproval) {
            case (.manager, true): "request.approvedByManager"
            case (.manager, false): "request.rejected"
            case (.customer, true): "request.approved"
            case (.customer, false): "request.denied"
            }
        case .customerAsked: "request.customerAsked"
        case .withdrawn: "request.withdrawn"
        case .messagePosted: "request.message"
        case .expired: "request.expired"
        case .noticeUndeliverable: "notice.undeliverable"
        }
    }

    private static func expected(_ event: AccessEvent) -> String {
        switch event {
        case .grantOpened: "access.granted"
        case .grantStarted: "access.started"
        case .grantEnded: "access.ended"
        case .credentialIssued: "access.credentialIssued"
        case .resourceOpened: "access.used"
        case .operationsRecorded: "access.operations"
        case .removalConfirmed: "access.removed"
        case .removalFailed: "access.removalFailed"
        case .unknownFound: "access.unknown"
        }
    }

    private static func expected(_ event: DirectoryEvent) -> (log: LogID, activity: String) {
        switch event {
        case .tenantAdded: (AuditWorld.contoso, "tenant.added")
        case .policyChanged: (AuditWorld.contoso, "tenant.policyChanged")
        case .policyChange(.asked, _, _, _): (AuditWorld.contoso, "tenant.policyChangeAsked")
        case .policyChange(.agreed, _, _, _): (AuditWorld.contoso, "tenant.policyChangeAgreed")
        case .policyChange(.stopped, _, _, _): (AuditWorld.contoso, "tenant.policyChangeStopped")
        case .policyChange(.withdrawn, _, _, _):
            (AuditWorld.contoso, "tenant.policyChangeWithdrawn")
        case .licenceChanged: (AuditWorld.contoso, "tenant.licenceChanged")
        case .domainsChanged: (AuditWorld.contoso, "tenant.domainsChanged")
        case .signInChanged(let side, _): (side, "signIn.settingsChanged")
        case .signInChangeAsked: (AuditWorld.contoso, "signIn.changeAsked")
        case .signInChangeStopped: (AuditWorld.contoso, "signIn.changeStopped")
        case .tenantAdministered: (AuditWorld.contoso, "tenant.administered")
        case .personAdded(let person): (log(of: person), "person.added")
        case .personChanged(_, let person): (log(of: person), "person.changed")
        case .personProposal(.made, _, _): (AuditWorld.contoso, "person.proposed")
        case .personProposal(.accepted, _, _): (AuditWorld.contoso, "person.proposalAccepted")
        case .personProposal(.declined, _, _): (AuditWorld.contoso, "person.proposalDeclined")
        case .personProposal(.withdrawn, _, _): (AuditWorld.contoso, "person.proposalWithdrawn")
        case .tenantRenamed: (.tenant(Fixture.contoso.id), "tenant.renamed")
        case .providerRenamed: (.provider, "provider.renamed")
        case .resourceAdded: (.tenant(Fixture.contoso.id), "resource.added")
        case .serviceAdded: (.provider, "service.added")
        case .serviceChanged: (.provider, "service.changed")
        case .textsErased: (AuditWorld.contoso, "texts.erased")
        }
    }

    private static func expected(_ event: ProvisioningEvent) -> String {
        switch event {
        case .tokenIssued: "provisioning.tokenIssued"
        case .tokenRevoked: "provisioning.tokenRevoked"
        case .rolesMapped: "provisioning.rolesMapped"
        case .refused: "provisioning.refused"
        }
    }

    private static func expected(_ event: SignInEvent) -> (log: LogID, activity: String) {
        switch event {
        case .tokenIssued: (.provider, "token.issued")
        case .tokenRevoked: (.provider, "token.revoked")
        case .loginReused: (.provider, "login.reused")
        case .passwordSet(let person): (log(of: person), "password.set")
        case .invited(let person, _): (log(of: person), "invitation.sent")
        case .invitationUsed(let person, _): (log(of: person), "invitation.used")
        case .invitationGuessed(let person, _): (log(of: person), "signIn.invitationGuessed")
        case .locked(let person, _): (log(of: person), "signIn.locked")
        case .throttled(let person, _): (log(of: person), "signIn.clientHeldOff")
        case .newBrowser(let person): (log(of: person), "signIn.newBrowser")
        case .passkey(.registered, _, let person): (log(of: person), "passkey.registered")
        case .passkey(.removed, _, let person): (log(of: person), "passkey.removed")
        case .passkey(.confirmed, _, let person): (log(of: person), "passkey.confirmed")
        case .passkey(.counterFell, _, let person): (log(of: person), "passkey.counterFell")
        case .passkey(.refused, _, let person): (log(of: person), "passkey.refused")
        case .signingKey(.added, _, let person): (log(of: person), "signingKey.added")
        case .signingKey(.confirmed, _, let person): (log(of: person), "signingKey.confirmed")
        case .signingKey(.removed, _, let person): (log(of: person), "signingKey.removed")
        case .signedIn(let person, _): (log(of: person), "signIn.succeeded")
        case .sessionsEnded(let person): (log(of: person), "sessions.ended")
        case .identityLinked(_, let person): (log(of: person), "identity.linked")
        case .identityRefused(let person, _): (log(of: person), "identity.refused")
        case .signedOutByProvider(let person, _): (log(of: person), "sessions.endedByProvider")
        }
    }

    private static let sshKey = SigningKey(
        identity: .ssh(Fixture.id(3)),
        person: Fixture.adam.id,
        publicKey: "ssh-ed25519 AAAA",
        name: "laptop"
    )

    private static func log(of person: Person) -> LogID {
        switch person.id {
        case Fixture.eve.id, Fixture.mark.id: .provider
        case Fixture.frida.id: AuditWorld.fabrikam
        case _: AuditWorld.contoso
        }
    }

    @Test func everyEventBecomesOneRecordInTheLogOfWhomItConcerns() async throws {
        try await AuditWorld.with { world in
            let logs = [LogID.provider, AuditWorld.contoso, AuditWorld.fabrikam]
            for event in try Self.everyEvent() {
                var before: [UInt64] = []
                for log in logs { before.append(try await world.size(of: log)) }
                try await world.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
                let expected = Self.expected(event)
                for (log, size) in zip(logs, before) {
                    #expect(
                        try await world.size(of: log) == size + (log == expected.log ? 1 : 0),
                        "\(event)"
                    )
                }
                let entry = try #require(try await world.entries(of: expected.log).last)
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
                "Whose folder", "Not this mailbox", "Not needed", "Solved without", "Enough.",
                "Whose calendar",
                "Eve's laptop", "My own phone",
                "mailbox:", "secrets/",
                "127.0.0.1",
            ]
        try await AuditWorld.with { world in
            for event in try Self.everyEvent() {
                try await world.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
            }
            for log in [LogID.provider, AuditWorld.contoso, AuditWorld.fabrikam] {
                for entry in try await world.entries(of: log) {
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
        try await AuditWorld.with { world in
            for event in try Self.everyEvent() {
                try await world.audited.write(by: .person(Fixture.gita)) { $0.emit(event) }
            }
            var salts: Set<[UInt8]> = []
            var opened = 0
            for log in [LogID.provider, AuditWorld.contoso, AuditWorld.fabrikam] {
                for entry in try await world.entries(of: log) {
                    let commitments = try #require(
                        try members(of: entry)["commitments"] as? [String: String]
                    )
                    #expect(Set(commitments.keys) == Set(entry.texts.map(\.field)))
                    for text in entry.texts {
                        let committed = try #require(
                            SaltedCommitment(base64: commitments[text.field] ?? "")
                        )
                        let content = try #require(text.text)
                        let salt = try #require(text.salt)
                        #expect(committed.isOpened(salt: salt, field: text.field, text: content))
                        #expect(
                            !committed.isOpened(
                                salt: salt,
                                field: text.field,
                                text: content + " "
                            )
                        )
                        #expect(
                            !committed.isOpened(
                                salt: salt,
                                field: text.field + "s",
                                text: content
                            )
                        )
                        #expect(salts.insert(salt).inserted, "a salt is used twice")
                        opened += 1
                    }
                }
            }
            #expect(opened > 50)
        }
    }

    @Test func theTextsBesideARecordAreThoseOfItsEvent() async throws {
        try await AuditWorld.with { world in
            let denied = try #require(try Fixture.history(to: .denied).last)
            try await world.audited.write(by: .person(Fixture.adam)) {
                $0.emit(.request(.decisionMade(denied, denied.decisions[1])))
                $0.emit(
                    .request(
                        .supportRequestOpened(
                            Fixture.supportRequest(url: "https://tickets.example/4711")
                        )
                    )
                )
                $0.emit(.request(.submitted(denied)))
                $0.emit(.request(.messagePosted(denied, Self.question)))
            }
            let entries = try await world.entries()
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
        try await AuditWorld.with { world in
            var muted = Fixture.sue
            muted.mutedLetters = [.reminders, .accessReports]
            try await world.audited.write(by: .person(Fixture.sue)) { [muted] in
                $0.emit(.directory(.personAdded(Fixture.sue)))
                $0.emit(.directory(.personChanged(before: Fixture.sue, after: muted)))
                $0.emit(.directory(.personChanged(before: muted, after: Fixture.sue)))
            }
            let data = try await world.entries().map {
                try #require(try members(of: $0)["data"] as? [String: Any])
            }
            #expect(Set(data[0].keys) == ["person", "roles", "disabled"])
            #expect(data[1]["mutedLetters"] as? [String] == ["reminders", "accessReports"])
            #expect(data[2]["mutedLetters"] == nil)
        }
    }

    @Test func actorsAreNamedByIdentifierConsoleSystemOrService() async throws {
        try await AuditWorld.with { world in
            let actors: [Actor] = [
                .person(Fixture.adam), .console, .system, .service(Fixture.mail.service.id),
            ]
            for actor in actors {
                try await world.audited.write(by: actor) {
                    $0.emit(.signIn(.passwordSet(Fixture.sue)))
                }
            }
            let expired = try #require(try Fixture.history(to: .expired).last)
            try await world.audited.write(by: .person(Fixture.adam)) {
                $0.emit(.request(.expired(expired)))
            }
            let named = try await world.entries().map(\.actor)
            #expect(named == [Fixture.adam.id.text, "console", "system", "service:mail", "system"])
        }
    }
}
