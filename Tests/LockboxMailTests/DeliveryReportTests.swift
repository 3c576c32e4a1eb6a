import Testing

@testable import LockboxMail

/// Reports as mail servers write them, and what is none.
@Suite struct DeliveryReportTests {
    static let to = "bounces+msg-7k3m9qpxab-0123456789abcdef0123@provider.example"

    /// As Postfix writes it.
    static func report(
        to: String = to,
        type: String =
            "multipart/report; report-type=delivery-status;\n\tboundary=\"A3C1.17/mx.example\"",
        status: String = "message/delivery-status",
        group: String = """
        Final-Recipient: rfc822; adam@contoso.example
        Original-Recipient: rfc822;adam@contoso.example
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mx.contoso.example
        Diagnostic-Code: smtp; 550 5.1.1 <adam@contoso.example>: Recipient address
            rejected: User unknown
        """
    ) -> String {
        """
        Return-Path: <>
        Date: Mon, 23 Nov 2026 20:15:00 +0000 (UTC)
        From: MAILER-DAEMON@mx.example (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: \(to)
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: \(type)

        This is a MIME-encapsulated message.

        --A3C1.17/mx.example
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        This is the mail system. Action: failed, it says here too.

        --A3C1.17/mx.example
        Content-Description: Delivery report
        Content-Type: \(status)

        Reporting-MTA: dns; mx.example
        X-Postfix-Queue-ID: A3C1

        \(group)

        --A3C1.17/mx.example
        Content-Type: message/rfc822

        To: adam@contoso.example
        Subject: Erik asks

        --A3C1.17/mx.example--
        """
    }

    private static func read(_ text: String) -> DeliveryReport? {
        DeliveryReport(message: Array(text.utf8))
    }

    @Test func failureIsReadWithItsStatusAndTheServersWords() throws {
        let expected =
            "5.1.1 550 5.1.1 <adam@contoso.example>: Recipient address rejected: User unknown"
        let text = Self.report()
        for form in [
            text,
            text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"),
            "From MAILER-DAEMON  Mon Nov 23 20:15:00 2026\n" + text,
        ] {
            let report = try #require(Self.read(form))
            #expect(report.failures.map(\.reason) == [expected])
            #expect(
                report.failures[0].recipients
                    == ["adam@contoso.example", "adam@contoso.example"]
            )
            #expect(report.recipients == [Self.to])
        }
    }

    @Test(arguments: [
        "MULTIPART/Report ; Report-Type=\"delivery-status\" ; boundary = A3C1.17/mx.example",
        "multipart/report; boundary=\"A3C1.17\\/mx.example\"; report-type=Delivery-Status",
    ])
    func mediaTypeMayBeWrittenInOtherWays(_ type: String) {
        #expect(
            Self.read(Self.report(type: type))?.failures.first?.reason.hasPrefix("5.1.1 550")
                == true
        )
    }

    @Test func internationalReportIsReadToo() {
        let report = Self.report(
            status: "message/global-delivery-status; charset=utf-8",
            group:
                "Final-Recipient: utf-8; ädam@contoso.example\nAction: failed (no)\nStatus: 5.2.1"
        )
        #expect(Self.read(report)?.failures.first?.reason == "5.2.1")
    }

    @Test func whatIsToldOfThePersonIsFitForPages() throws {
        let report = Self.report(
            group:
                "Action: FAILED\nDiagnostic-Code: smtp; 550 \u{202E}no\u{7} \(String(repeating: "x", count: 500))"
        )
        let failure = try #require(Self.read(report)?.failures.first).reason
        #expect(failure.hasPrefix("550 no xxx") && failure.unicodeScalars.count == 200)
        #expect(
            Self.read(Self.report(group: "Action: failed"))?.failures.first?.reason
                == "no reason given"
        )
    }

    @Test(arguments: ["delayed", "delivered", "relayed", "expanded", "", "failedish"])
    func whatDidNotFailForGoodIsNoFailure(_ action: String) throws {
        let report = try #require(
            Self.read(Self.report(group: "Action: \(action)\nStatus: 4.4.1"))
        )
        #expect(report.failures.isEmpty)
    }

    @Test func eachRecipientThatFailedIsToldWithItsAddresses() {
        let group = """
            Final-Recipient: rfc822; a@x.example
            Action: delayed

            Original-Recipient: rfc822;b@x.example
            Final-Recipient: rfc822; <c@x.example>
            Action: failed
            Status: 5.4.4

            Action: failed
            """
        #expect(
            Self.read(Self.report(group: group))?.failures == [
                .init(recipients: ["b@x.example", "c@x.example"], reason: "5.4.4"),
                .init(recipients: [], reason: "no reason given"),
            ]
        )
        let many = String(repeating: "Action: failed\n\n", count: 100)
        #expect(Self.read(Self.report(group: many))?.failures.count == DeliveryReport.most)
    }

    @Test func anyOfSeveralRecipientsCounts() {
        let group = "Action: delayed\nStatus: 4.0.0\n\nAction: failed\nStatus: 5.4.4"
        #expect(Self.read(Self.report(group: group))?.failures.first?.reason == "5.4.4")
    }

    @Test(arguments: [
        "", "\n\n\n", "Subject: I am away\nAuto-Submitted: auto-replied\n\nBack on Monday.",
        report(
            type:
                "multipart/report; report-type=disposition-notification; boundary=A3C1.17/mx.example"
        ),
        report(type: "multipart/mixed; boundary=\"A3C1.17/mx.example\""),
        report(type: "multipart/report; report-type=delivery-status"),
        report(type: "multipart/report; report-type=delivery-status; boundary=other"),
        report(status: "text/plain"),
    ])
    func whatIsNoDeliveryReportIsNone(_ text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func addressesOfTheHeaderAloneCount() {
        let text =
            "Delivered-To: <a@x.example>\nX-Original-To: b@x.example\n"
            + Self.report(to: "\"B, c\" <c@x.example>, d@x.example")
        #expect(
            Self.read(text)?.recipients == [
                "a@x.example", "b@x.example", "c@x.example", "d@x.example",
            ]
        )
    }

    @Test func fieldThatIsHardToTrimTakesNoTime() throws {
        // Finding one of these characters from behind means looking at all before it.
        let flags = String(repeating: "\u{1F1E6}", count: 30_000)
        let text = "Subject: \(flags)\n" + Self.report(group: "Action: failed\nStatus: \(flags)")
        #expect(Self.read(text)?.failures.first?.reason.unicodeScalars.first == "\u{1F1E6}")
    }

    @Test func endOfALongMessageIsNotRead() {
        let text = Self.report() + String(repeating: "x", count: 2 * DeliveryReport.longest)
        #expect(Self.read(text)?.failures.isEmpty == false)
        let late = Self.report(
            group: String(repeating: "X-Y: z\n", count: DeliveryReport.longest) + "Action: failed"
        )
        #expect(Self.read(late)?.failures.isEmpty == true)
    }
}
