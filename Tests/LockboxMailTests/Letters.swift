import LockboxDomain
import LockboxPorts

@testable import LockboxMail

extension Letter {
    /// A letter with something difficult everywhere.
    static func example(to address: String = "adam@contoso.test") -> Letter {
        Letter(
            messageID: "request-7Q4K.2.f00d@lockbox.example-cloud.test",
            references: ["request-7Q4K.1.beef@lockbox.example-cloud.test"],
            date: Timestamp("2026-11-23T20:15:09.987Z")!,
            from: Mailbox(name: "Example Cloud, Lockbox", address: "lockbox@example-cloud.test"),
            to: Mailbox(name: "Ádám Kővári", address: address),
            subject:
                "Zugriff für „Postfach“ bis 04:00 UTC genehmigen? ✓ 承認が必要です — 7Q4K, noch zwölf Stunden 🔐",
            text: """
                Grüße, Ádám ✓ = 100 %\t
                .a line with a dot
                ..
                .
                From here on: \(String(repeating: "long ✓ ", count: 40))\u{20}
                \r\nlast line\rand one more
                """,
            html: "<p>Grüße, <b>Ádám</b> ✓ &amp; 承認</p>\n"
        )
    }

    /// `text` as a reader with LF line ends sees it.
    var readText: String { Self.withLineFeeds(text) }
    var readHTML: String { Self.withLineFeeds(html) }

    private static func withLineFeeds(_ text: String) -> String {
        String(text.flatMap { $0 == "\r\n" || $0 == "\r" ? ["\n"] : [$0] })
    }
}

/// How sending `letter` fails.
func failure(of mailer: SMTPMailer, sending letter: Letter = .example()) async -> MailError? {
    do throws(MailError) {
        _ = try await mailer.send(letter)
        return nil
    } catch { return error }
}
