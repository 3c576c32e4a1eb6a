import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier

@Suite struct LettersTests {
    private static let letters = try? Letters(
        sender: Mailbox(name: "Example Lockbox", address: "lockbox@example-cloud.test"),
        host: "mail.example-cloud.test",
        codes: FixedCodes()
    )

    private struct FixedCodes: InvitationCodes {
        static let code = "7K3M-9QPX-AB2C"

        func code(of invitation: InvitationID, to person: PersonID) -> String { Self.code }
    }

    private func render(_ notice: Notice) throws -> Letter {
        try #require(Self.letters).letter(
            for: notice,
            to: Mailbox(name: notice.recipientName, address: notice.recipientAddress.text),
            after: [],
            at: Stage.start
        )
    }

    /// One notice of every kind, from requests that went every way.
    private func everyKind(_ stage: Stage) async throws -> [Notice] {
        let rejected = try await stage.submit()
        try await stage.deny(rejected, Fixture.mark)
        let denied = try await stage.askCustomer()
        try await stage.deliver(denied)
        try await stage.deny(denied, Fixture.adam)
        stage.clock.advance(by: Limits.waitAfterDenial)
        let withdrawn = try await stage.askCustomer()
        try await stage.deliver(withdrawn)
        try await stage.withdraw(withdrawn)
        try await stage.save(Fixture.robot)
        let taken = try await stage.submit(by: Fixture.robot, for: Fixture.eve)
        try await stage.deliver(taken)
        try await stage.withdraw(taken, by: Fixture.robot)
        let unanswered = try await stage.askCustomer()
        for person in [Fixture.mark, Fixture.adam, Fixture.eve] {
            try await stage.post(unanswered, by: person)
        }
        let planned = try await stage.approved(notBefore: Stage.start + .hours(20))
        let used = try await stage.approved()
        try await stage.revoke(used, by: Fixture.gita)
        let removal = Removal(
            tenant: Stage.tenant,
            request: used,
            grant: stage.entropy.id(),
            service: Stage.mail,
            usernames: ["lbx-0"],
            nextAttempt: Stage.start
        )
        try await stage.tell(.access(.removalFailed(removal)))
        stage.clock.advance(by: .seconds(1))
        try await stage.tell(.access(.removalConfirmed(removal)))
        try await stage.pass(to: Stage.start + .hours(13))
        var notices: [Notice] = []
        for id in [rejected, denied, withdrawn, taken, unanswered, planned, used] {
            notices += try await stage.notices(id)
        }
        let (now, entropy) = (stage.clock.now(), stage.entropy)
        try await stage.store.write { tx in
            for var notice in try tx.notices(about: planned) {
                try notice.leaveOut(at: now, entropy: entropy, in: tx)
            }
        }
        try await stage.tell(.signIn(.passwordSet(Fixture.adam)), by: .console)
        try await stage.invite(Fixture.sue)
        try await stage.tell(
            .request(
                .noticeUndeliverable(
                    UndeliverableNotice(
                        tenant: Stage.tenant,
                        request: used,
                        recipient: Fixture.adam.id,
                        kind: "customerAsked",
                        reply: "550 5.1.1 no such user"
                    )
                )
            )
        )
        for act in SupportEntry.Act.allCases {
            try await stage.support(act, by: act == .wrote ? Fixture.eve : Fixture.sue)
        }
        notices += try await stage.supportNotices()
        notices += try await stage.sideLetters()
        notices += try await stage.store.read { tx in try tx.operatorNotices(since: Stage.start) }
        return notices
    }

    @Test func everyKindOfLetterTellsItsFactsAndNoFreeText() async throws {
        try await Stage.with { stage in
            let notices = try await everyKind(stage)
            #expect(Set(notices.map(\.kind)) == Set(Notice.Kind.allCases))
            for notice in notices {
                let letter = try render(notice)
                for body in [letter.subject, letter.text, letter.html, "\(notice.facts)"] {
                    #expect(!Stage.freeTexts.contains { body.contains($0) })
                }
                for body in [letter.subject, letter.text, letter.html] {
                    #expect(body.contains(notice.request?.text ?? ""))
                    #expect(!body.contains("not known"))
                    #expect(!body.contains("somebody"))
                }
                let isOfRequest = notice.request != nil || notice.supportRequest != nil
                #expect(letter.text.contains("SR-1001") == isOfRequest)
                #expect(letter.subject.unicodeScalars.count <= 120)
                #expect(letter.subject.unicodeScalars.allSatisfy { (32...126).contains($0.value) })
            }
        }
    }

    @Test func textAndHTMLSayTheSame() async throws {
        try await Stage.with { stage in
            for notice in try await everyKind(stage) {
                let letter = try render(notice)
                let html = readable(letter.html)
                let text = words(letter.text)
                let content = LetterContent(
                    notice,
                    code: notice.kind == .invitation ? FixedCodes.code : nil
                )
                let parts =
                    [content.heading, content.lead, content.why] + content.advice
                    + content.rows.flatMap { [$0.label] + $0.values }
                for part in parts.map(words) {
                    #expect(html.contains(part), "HTML of \(notice.kind)")
                    #expect(text.contains(part), "text of \(notice.kind)")
                }
            }
        }
    }

    @Test func askTellsAnApproverAllSheNeeds() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let letter = try render(
                try await stage.notice(id, .customerAsked, to: Fixture.adam)
            )
            #expect(
                letter.subject
                    == "Example Cloud asks to change 2 mailboxes, decide by Mon 23 Nov 2026, 21:00 UTC: \(id)"
            )
            #expect(letter.to == Mailbox(name: "Adam Cole", address: "adam@contoso.test"))
            #expect(
                letter.text == """
                    Example Cloud asks for access to your data

                    Eve Park of Example Cloud asks for access to 2 resources. There is no access unless Contoso Ltd agrees.

                    Who: Eve Park, Example Cloud
                    What:
                      - Read the mailbox adam@contoso.test
                      - Read and change the mailbox sue@contoso.test
                    Support request: SR-1001
                    How long: at most 2 hours
                    Reviewed by: Mark Lee, Example Cloud
                    Decide by: Mon 23 Nov 2026, 21:00 UTC
                    Request: \(id)

                    Sign in to the admin centre (Example Lockbox, https://lockbox.example-cloud.test) and open \(id). There \
                    you read the reason, and approve or deny. You can also approve less than is asked for.

                    If nobody decides by then, the request expires and nobody gets access.

                    --\u{20}
                    You get this e-mail because you may approve data access for Contoso Ltd. No e-mail of Lockbox decides \
                    anything, holds a link that does, or asks for your password.

                    """
            )
        }
    }

    @Test func htmlLoadsNothingLinksNowhereAndHasALanguage() async throws {
        try await Stage.with { stage in
            for notice in try await everyKind(stage) {
                var html = try render(notice).html
                if notice.kind == .invitation {
                    // To a page that changes nothing by being opened.
                    let link =
                        #/<a href="https://lockbox\.example-cloud\.test/invitation/[0-9a-f]{32}">/#
                    #expect(html.matches(of: link).count == 1)
                    html.replace(link, with: "")
                }
                #expect(html.contains("<html lang=\"en\">"))
                for forbidden in [
                    "<a ", "href", "src=", "url(", "<img", "<script", "<form", "<link", "?x=1",
                    "/admin",
                ] {
                    #expect(!html.contains(forbidden), "\(forbidden) in \(notice.kind)")
                }
            }
        }
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
        "'\u{301}\"\u{301} <\u{301}script\u{301}>",
        "Erik\r\nBcc: all@evil.test", "Erik\u{2028}Bcc: all@evil.test", "{{why}}{{{cell}}}",
        "https://evil.test/sign-in",
    ])
    func hostileNamesStayText(_ name: String) async throws {
        try await Stage.with(contoso: Fixture.tenant(name: name)) { stage in
            try await stage.save(changed(Fixture.eve) { $0.name = name })
            for notice in try await everyKind(stage) {
                let letter = try render(notice)
                let body = try #require(letter.html.split(separator: "<body", maxSplits: 1).last)
                let tags = body.unicodeScalars.split(separator: "<").dropFirst().map { rest in
                    String(
                        String.UnicodeScalarView(
                            rest.prefix { $0.isASCII && $0.properties.isAlphabetic }
                        )
                    )
                }
                let ours = Set(["", "div", "h", "p", "table", "tr", "th", "td"])
                #expect(
                    Set(tags).isSubset(of: notice.kind == .invitation ? ours.union(["a"]) : ours),
                    "\(tags)"
                )
                #expect(!letter.html.unicodeScalars.contains("\u{2028}"))
                let lines = letter.text.unicodeScalars.split {
                    $0 == "\n" || $0 == "\r" || $0 == "\u{2028}"
                }
                #expect(!lines.contains { String(String.UnicodeScalarView($0)).hasPrefix("Bcc") })
                #expect(!letter.text.contains("https://evil"))
                #expect(letter.subject.unicodeScalars.allSatisfy { (32...126).contains($0.value) })
            }
        }
    }

    @Test(arguments: ["login.lockbox-provider.com", "https://evil.test/x", "www.evil.test"])
    func whatLooksLikeAHostBecomesNoLink(_ text: String) {
        let shown = withoutLinks(text)
        #expect(!shown.contains(/[A-Za-z0-9]\.[A-Za-z]/) && !shown.contains("://"))
        #expect(
            shown.unicodeScalars.filter { $0 != "\u{200B}" && $0 != " " }.map(String.init)
                == text.unicodeScalars.map(String.init)
        )
        #expect(withoutLinks("SR-1001") == "SR-1001" && withoutLinks("3.14") == "3.14")
    }

    @Test func longNamesAreCutOff() {
        let shown = shownName(String(repeating: "long ", count: 20))
        #expect(shown.unicodeScalars.count == 60)
        #expect(shown.hasSuffix("…"))
    }

    @Test func eachLetterHasItsOwnStableIdentifier() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let notices = try await stage.notices(id)
            let letters = try notices.map(render)
            #expect(
                letters.map(\.messageID)
                    == notices.map { "\($0.id).lockbox@mail.example-cloud.test" }
            )
            #expect(try notices.map(render) == letters)
        }
    }

    @Test(arguments: [
        ("https://lockbox.test/admin?token=1#x", true, "https://lockbox.test"),
        ("http://127.0.0.1:8443/", true, "http://127.0.0.1:8443"),
        ("https://[::1]:1/x", true, "https://[::1]:1"),
        ("https://lockbox.test@evil.test/", true, nil), ("javascript:alert(1)", true, nil),
        ("https://lockbox.test", false, nil),
    ])
    func portalShowsItsRootOrNothing(_ url: String, _ show: Bool, _ shown: String?) {
        #expect(Portal(name: "Lockbox", publicURL: url, showAddress: show).address == shown)
    }

    @Test func timesAndSpansAreSpelledForPeople() {
        #expect(Timestamp("2026-11-23T20:15:59.999Z")!.words() == "Mon 23 Nov 2026, 20:15 UTC")
        #expect(
            Timestamp("2027-01-02T03:04:05Z")!.words(withSeconds: true)
                == "Sat 2 Jan 2027, 03:04:05 UTC"
        )
        #expect(TimeSpan.minutes(90).words == "1 hour 30 minutes")
        #expect(TimeSpan.hours(24).words == "1 day")
        #expect(TimeSpan.seconds(61).words == "1 minute 1 second")
        #expect(TimeSpan(milliseconds: 900).words == "less than a second")
    }

    @Test func servicesAreNamedWhereSeveralAreAskedFor() throws {
        let other = Resource(service: ServiceID("mail-eu")!, name: "mailbox:sue@contoso.test")!
        let scope = try Scope([Access(Fixture.mailbox, .read), Access(other, .read)])
        #expect(
            scope.words == [
                "read the mailbox sue@contoso.test (service mail)",
                "read the mailbox sue@contoso.test (service mail-eu)",
            ]
        )
    }

    // MARK: - Reading HTML

    /// The body's text without tags, as `words`.
    private func readable(_ html: String) -> String {
        var text = ""
        var inTag = false
        for character in html.split(separator: "<body", maxSplits: 1).last ?? "" {
            if character == "<" { inTag = true }
            if !inTag { text.append(character) }
            if character == ">" {
                inTag = false
                text.append(" ")
            }
        }
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] {
            text.replace(entity, with: character)
        }
        return words(text)
    }

    private func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
