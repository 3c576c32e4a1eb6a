import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

/// Changes of a customer's own side are told to all its administrators, whoever made them.
@Suite struct SideChangeTests {
    private func told(_ stage: Stage, to address: String = "gita@contoso.test") async throws
        -> [String]
    {
        let letters = try await stage.sideLetters().filter { $0.recipientAddress.text == address }
        return letters.map { LetterContent($0).value("What") ?? "" }
    }

    @Test func changesOfPeopleAreToldToAdministratorsAndToThoseConcerned() async throws {
        try await Stage.with { stage in
            var adam = Fixture.adam
            adam.email = EmailAddress("adam.new@contoso.test")!
            adam.roles = .member
            try await stage.save(adam)
            let line =
                "Adam Cole (adam@contoso.test): has the address adam.new@contoso.test; "
                + "member, until now approver"
            for address in ["gita@contoso.test", "adam@contoso.test", "adam.new@contoso.test"] {
                #expect(try await told(stage, to: address) == [line])
            }
            let letter = LetterContent(try #require(try await stage.sideLetters().first))
            #expect(letter.value("By") == "Example Cloud, on the server itself")
        }
    }

    @Test(arguments: UnknownAccess.Kind.allCases, [false, true])
    func accessThatNobodyGrantedIsToldToAdministrators(
        _ kind: UnknownAccess.Kind,
        _ isClosed: Bool
    ) async throws {
        try await Stage.with { stage in
            let found = UnknownAccess(
                tenant: Fixture.contoso.id,
                service: Fixture.mail.service.id,
                loginName: "lbx-intruder",
                kind: kind,
                oddity: "its role has no comment",
                isClosed: isClosed
            )
            try await stage.tell(.access(.unknownFound(found)))
            let lines = try await told(stage)
            #expect(lines.count == 1)
            #expect(lines[0].contains("lbx-intruder (its role has no comment)"))
            #expect(lines[0].hasSuffix("It was closed") == isClosed)
            #expect(try await told(stage, to: "adam@contoso.test") == [])
        }
    }

    @Test func whoStopsBeingAnAdministratorHearsOfIt() async throws {
        try await Stage.with { stage in
            var gita = Fixture.gita
            gita.isDisabled = true
            try await stage.save(gita, by: .person(Fixture.adam))
            #expect(try await told(stage) == ["Gita Rao (gita@contoso.test): was switched off"])
            let letter = try #require(try await stage.sideLetters().first)
            guard case .right(let mailbox, _) = try await stage.standing(of: letter) else {
                Issue.record("not sent")
                return
            }
            #expect(mailbox.address == "gita@contoso.test")
            #expect(LetterContent(letter).value("By") == "Adam Cole, Contoso Ltd")
        }
    }

    /// A letter of a change that is not about her own account goes to who administers when it leaves.
    @Test func changesOfOthersGoToWhoAdministersThen() async throws {
        let her = EmailAddress("gita.new@contoso.test")!
        let changes: [(change: (inout Person) -> Void, address: String?)] = [
            ({ _ in }, "gita@contoso.test"), ({ $0.email = her }, her.text),
            ({ $0.roles = .approver }, nil), ({ $0.isDisabled = true }, nil),
        ]
        for (change, address) in changes {
            try await Stage.with { stage in
                try await stage.save(changed(Fixture.adam) { $0.roles = .member })
                let letters = try await stage.sideLetters()
                stage.clock.advance(by: .seconds(1))
                try await stage.save(changed(Fixture.gita, change))
                func sent(to recipient: Person) async throws -> String? {
                    let letter = try #require(letters.first { $0.recipient == recipient.id })
                    switch try await stage.standing(of: letter) {
                    case .right(let mailbox, _): return mailbox.address
                    case .over, .notYet, .tooMany: return nil
                    }
                }
                #expect(try await sent(to: Fixture.gita) == address)
                // He never administered: it is about him.
                #expect(try await sent(to: Fixture.adam) == "adam@contoso.test")
            }
        }
    }

    /// What is about others does not follow an administrator to where only her own letter may go.
    @Test func whatIsAboutHerselfIsALetterOfItsOwn() async throws {
        try await Stage.with { stage in
            try await stage.save(changed(Fixture.adam) { $0.roles = .member })
            try await stage.save(changed(Fixture.gita) { $0.roles = .member })
            let letters = try await stage.sideLetters().filter { $0.recipient == Fixture.gita.id }
            var sent: [String] = []
            for letter in letters {
                if case .right = try await stage.standing(of: letter) {
                    sent.append(try #require(LetterContent(letter).value("What")))
                }
            }
            #expect(sent == ["Gita Rao (gita@contoso.test): member, until now admin"])
        }
    }

    @Test func whatOneWriteChangesIsOneLetter() async throws {
        try await Stage.with { stage in
            for number in UInt8(101)...140 { try await stage.save(Stage.newcomer(number)) }
            let lines = try #require(try await told(stage).first)
            #expect(try await told(stage).count == 1)
            #expect(lines.hasSuffix(" | and 10 more changes"))
            // Who was added is nobody who administers.
            #expect(try await stage.sideLetters().count == 1)
        }
    }

    @Test func rulesLicenceAndWaysInByTheConsoleAreTold() async throws {
        try await Stage.with { stage in
            let before = try await stage.store.read { try #require(try $0.tenant(Stage.tenant)) }
            var after = before
            after.policy.requireApproval = false
            after.policy.approvalsNeeded = 2
            after.isLicensed = false
            try await stage.tell(.directory(.policyChanged(before: before, after: after)))
            try await stage.tell(.directory(.licenceChanged(after)))
            try await stage.tell(.signIn(.passwordSet(Fixture.adam)), by: .console)
            let token = APIToken(
                id: Fixture.id(1),
                person: Fixture.gita.id,
                label: "laptop",
                scopes: .standard,
                createdAt: Stage.start,
                expiresAt: nil
            )
            try await stage.tell(
                .signIn(.tokenIssued(token, Fixture.gita)),
                by: .person(Fixture.gita)
            )
            #expect(
                try await told(stage) == [
                    "The rules: access no longer needs your approval; "
                        + "approvals needed 2, until now 1 | "
                        + "The licence for Lockbox was withdrawn: access needs no approval of yours",
                    "Adam Cole (adam@contoso.test): a password was set",
                ]
            )
        }
    }

    /// Somebody else may sit at her keyboard.
    /// A token that decides stays when the password is changed back, and asks for none.
    @Test func tokenThatDecidesIsToldToItsOwnerAndToAllAdministrators() async throws {
        for (scopes, by, isTold) in [
            ([.read, .decide], Actor.person(Fixture.adam), true),
            (.administer, .person(Fixture.adam), true), (.standard, .person(Fixture.adam), false),
            (.read, .console, true),
        ] as [(TokenScopes, Actor, Bool)] {
            try await Stage.with { stage in
                let token = APIToken(
                    id: Fixture.id(1),
                    person: Fixture.adam.id,
                    label: "ci",
                    scopes: scopes,
                    createdAt: Stage.start,
                    expiresAt: nil
                )
                try await stage.tell(.signIn(.tokenIssued(token, Fixture.adam)), by: by)
                let line =
                    "Adam Cole (adam@contoso.test): an API token was issued (ci) for: "
                    + scopes.names.joined(separator: ", ")
                for address in ["gita@contoso.test", "adam@contoso.test"] {
                    #expect(try await told(stage, to: address) == (isTold ? [line] : []))
                }
            }
        }
    }

    @Test func tokenThatAnAdministratorEndsIsToldToItsOwner() async throws {
        let token = APIToken(
            id: Fixture.id(1),
            person: Fixture.adam.id,
            label: "",
            scopes: .standard,
            createdAt: Stage.start,
            expiresAt: nil
        )
        for (by, isTold) in [(Fixture.gita, true), (Fixture.adam, false)] {
            try await Stage.with { stage in
                try await stage.tell(.signIn(.tokenRevoked(token, Fixture.adam)), by: .person(by))
                let line = "Adam Cole (adam@contoso.test): an API token was revoked (\(token.id))"
                #expect(
                    try await told(stage, to: "adam@contoso.test") == (isTold ? [line] : [])
                )
            }
        }
    }

    /// A sign-in of a command line is told as a token is; and that somebody may have a copy of it, always.
    @Test func loginsAreToldAsTokensAre() async throws {
        for (scopes, isTold) in [(TokenScopes.standard, false), ([.read, .decide], true)] {
            try await Stage.with { stage in
                let login = APIToken(
                    id: Fixture.id(1),
                    person: Fixture.adam.id,
                    label: "lockbox on laptop",
                    scopes: scopes,
                    createdAt: Stage.start,
                    expiresAt: nil,
                    login: .init(accessEndsAt: Stage.start, idleEndsAt: Stage.start)
                )
                let name = "Adam Cole (adam@contoso.test)"
                try await stage.tell(
                    .signIn(.tokenIssued(login, Fixture.adam)),
                    by: .person(Fixture.adam)
                )
                let begun =
                    "\(name): a command line was signed in (lockbox on laptop) for: "
                    + scopes.names.joined(separator: ", ")
                for address in ["gita@contoso.test", "adam@contoso.test"] {
                    #expect(try await told(stage, to: address) == (isTold ? [begun] : []))
                }
                try await stage.tell(.signIn(.loginReused(login, Fixture.adam)), by: .system)
                let copied =
                    "\(name): what a command line signed in with (lockbox on laptop) was used a "
                    + "second time. Somebody may have a copy, so that sign-in was ended"
                for address in ["gita@contoso.test", "adam@contoso.test"] {
                    #expect(
                        Set(try await told(stage, to: address))
                            == Set((isTold ? [begun] : []) + [copied])
                    )
                }
            }
        }
    }

    @Test func passkeysThatComeAndGoAreToldWhoeverDoesIt() async throws {
        let passkey = Fixture.passkey(of: Fixture.adam)
        for (event, words) in [
            (.registered, "the passkey “My own phone” was added, and signs in from now on"),
            (.removed, "the passkey “My own phone” was removed"),
            (.refused(problem: "why"), "the passkey “My own phone” was turned away: why"),
            (.confirmed, nil), (.counterFell(from: 3), nil),
        ] as [(PasskeyEvent, String?)] {
            try await Stage.with { stage in
                try await stage.tell(
                    .signIn(.passkey(event, passkey, Fixture.adam)),
                    by: .person(Fixture.adam)
                )
                let lines = words.map { ["Adam Cole (adam@contoso.test): \($0)"] } ?? []
                for address in ["gita@contoso.test", "adam@contoso.test"] {
                    #expect(try await told(stage, to: address) == lines)
                }
            }
        }
    }

    @Test func whatNoTokenMayDoIsToldToAllAdministrators() async throws {
        try await Stage.with { stage in
            let before = Fixture.contoso
            var after = before
            after.policy.withheldFromTokens = .weighty
            try await stage.tell(.directory(.policyChanged(before: before, after: after)))
            #expect(
                try await told(stage) == [
                    "The rules: what no API token may do: decide, administer, "
                        + "until now nothing is forbidden"
                ]
            )
        }
    }

    @Test func looserRulesThatWaitAreToldToAllWhoDecide() async throws {
        try await Stage.with { stage in
            for event in [PolicyChangeEvent.asked, .agreed, .stopped, .withdrawn] {
                try await stage.tell(
                    .directory(.policyChange(event, Fixture.policyChange, of: Fixture.contoso)),
                    by: .person(Fixture.gita)
                )
            }
            let instant = Fixture.policyChange.takesEffectAt
            let lines = [
                "Looser rules were asked for, and do not hold yet: longest access 8 hours, until now "
                    + "4 hours. They hold from \(instant) on, or once 1 of your approvers and "
                    + "administrators have agreed. Until then any administrator can stop them, under "
                    + "Settings",
                "One more person agrees to the looser rules that wait: longest access 8 hours, until "
                    + "now 4 hours",
                "The looser rules that waited were stopped: the rules stay as they are",
                "Nothing comes of the looser rules that waited: they were taken back",
            ]
            for address in ["gita@contoso.test", "adam@contoso.test"] {
                #expect(
                    try await told(stage, to: address) == [lines.joined(separator: " | ")]
                )
            }
            #expect(try await told(stage, to: "sue@contoso.test") == [])
        }
    }

    @Test func approvalsThatDoNotCountYetAreTold() async throws {
        try await Stage.with { stage in
            var sue = Fixture.sue
            sue.roles = [.member, .approver]
            let first = Stage.start + .hours(24)
            sue.decisionDelay = DecisionDelay(endsAt: first, confirmedBy: [])
            try await stage.save(sue)
            stage.clock.advance(by: .minutes(1))
            sue.decisionDelay?.confirmedBy = [Fixture.adam.id]
            try await stage.save(sue)
            stage.clock.advance(by: .minutes(1))
            sue.decisionDelay = nil
            try await stage.save(sue)
            let name = "Sue Reyes (sue@contoso.test): "
            #expect(
                Set(try await told(stage)) == [
                    name
                        + "member, approver, until now member; approvals count from \(first) on, or "
                        + "once enough of your approvers and administrators have confirmed that, under "
                        + "People",
                    name + "one more person has confirmed that these approvals count",
                    name + "approvals count from now on",
                ]
            )
        }
    }

    @Test func newPasswordOfHerOwnIsToldToHerAndToAllAdministrators() async throws {
        try await Stage.with { stage in
            try await stage.tell(.signIn(.passwordSet(Fixture.sue)), by: .person(Fixture.sue))
            let letters = try await stage.sideLetters()
            #expect(
                Set(letters.map(\.recipientAddress)) == [Fixture.sue.email, Fixture.gita.email]
            )
            #expect(
                try await told(stage) == [
                    "\(Fixture.sue.name) (\(Fixture.sue.email)): a password was set"
                ]
            )
        }
    }

    @Test func ofTheProvidersPeopleEachHearsOfHerOwnAccountAlone() async throws {
        try await Stage.with { stage in
            var eve = Fixture.eve
            eve.email = EmailAddress("eve.new@example-cloud.test")!
            try await stage.save(eve)
            for event in [SignInEvent.passwordSet(Fixture.mark), .newBrowser(Fixture.mark)] {
                try await stage.tell(.signIn(event), by: .person(Fixture.mark))
            }
            let letters = try await stage.store.read { tx in
                try tx.sideNotices(of: .provider, since: Stage.start)
            }
            #expect(
                letters.map(\.recipientAddress.text).sorted() == [
                    "eve.new@example-cloud.test", "eve@example-cloud.test",
                    "mark@example-cloud.test",
                ]
            )
            let letter = try #require(
                letters.first { $0.recipientAddress == Fixture.mark.email }
            )
            #expect(letter.tenant == nil)
            let content = LetterContent(letter)
            #expect(content.subject == "Changed: your own account")
            #expect(content.value("By") == "Mark Lee, Example Cloud")
            let lines = try #require(content.value("What"))
            #expect(lines.contains("a password was set") && lines.contains("new here"))
            guard case .right = try await stage.standing(of: letter) else {
                Issue.record("not sent")
                return
            }
            #expect(try await stage.sideLetters().isEmpty, "no affair of a customer's")
        }
    }

    @Test func lettersThatSomebodySwitchesOffAreHerOwnAffair() async throws {
        try await Stage.with { stage in
            try await stage.mute(.reminders, by: Fixture.adam)
            #expect(try await stage.sideLetters().isEmpty)
        }
    }

    // MARK: - Operators

    @Test func operatorsAreToldOncePerCauseAndHour() async throws {
        try await Stage.with { stage in
            func tell(_ cause: Operators.Cause) async throws {
                let (now, entropy) = (stage.clock.now(), stage.entropy)
                try await stage.store.write { tx in
                    _ = try Stage.operators.tell(
                        cause,
                        detail: "550 5.4.5 quota",
                        at: now,
                        entropy: entropy,
                        in: tx
                    )
                }
            }
            func written() async throws -> [Notice] {
                try await stage.store.read { try $0.operatorNotices(since: Stage.start) }
            }
            for _ in 1...3 { try await tell(.relayRefuses) }
            try await tell(.removalFailing(Stage.mail))
            try await tell(.removalFailing(ServiceID("web")!))
            #expect(try await written().count == 3)
            // One that waits is enough, however old.
            stage.clock.advance(by: .hours(2))
            try await tell(.relayRefuses)
            #expect(try await written().count == 3)
            try await stage.store.write { tx in
                for var notice in try tx.operatorNotices(since: Stage.start) {
                    notice.delivery = .sent
                    try tx.update(notice)
                }
            }
            try await tell(.relayRefuses)
            let all = try await written()
            #expect(all.count == 4)
            #expect(Set(all.map(\.recipientAddress.text)) == ["ops@example-cloud.test"])
            let letter = LetterContent(all[0])
            #expect(letter.value("What was said") == "550 5.4.5 quota")
        }
    }

    @Test func operatorsHearWhatDiffersAtAServiceAndWhetherTheyHaveHeard() async throws {
        try await Stage.with { stage in
            func tell(_ detail: String) async throws -> Bool {
                let (now, entropy) = (stage.clock.now(), stage.entropy)
                return try await stage.store.write { tx in
                    try Stage.operators.tell(
                        .drift(Stage.mail),
                        detail: detail,
                        at: now,
                        entropy: entropy,
                        in: tx
                    )
                }
            }
            for _ in 1...2 { #expect(try await tell("lbx-whatever: nobody's")) }
            #expect(try await !tell("lbx-other: nobody's"))
            let written = try await stage.store.read { tx in
                try tx.operatorNotices(since: Stage.start)
            }
            #expect(written.count == 1)
            let letter = LetterContent(try #require(written.first))
            #expect(letter.value("What differs") == "lbx-whatever: nobody's")
            #expect(letter.value("Service") == "mail")
        }
    }
}
