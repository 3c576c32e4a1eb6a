import LockboxDomain
import LockboxPorts

/// A letter as the bytes that go over the wire (RFC 5322, RFC 2045): the same letter is always the
/// same bytes, so that a copy sent again after an unknown outcome is a true copy.
struct MailMessage: Sendable {
    static let largestBody = 1 << 20
    static let mostReferences = 20

    let bytes: [UInt8]
    let from: String
    let returnPath: String?
    let to: String
    let messageID: String

    /// Refuses with `.invalid` whatever could end a header early or address someone else.
    init(_ letter: Letter) throws(MailError) {
        try Self.check(letter)
        (from, to, messageID) = (letter.from.address, letter.to.address, letter.messageID)
        returnPath = letter.returnPath
        let head =
            Self.headers(of: letter) + [
                "MIME-Version: 1.0",
                "Content-Type: multipart/alternative;\r\n boundary=\"\(Self.boundary)\"", "", "",
            ]
        // RFC 2046 §5.1.4: the plainest first, the best last.
        let parts = [("text/plain", letter.text), ("text/html", letter.html)].flatMap {
            type,
            body in
            Array(Self.partHead(type).utf8) + QuotedPrintable.encoded(body) + Array("\r\n".utf8)
        }
        bytes =
            Array(head.joined(separator: "\r\n").utf8) + parts
            + Array("--\(Self.boundary)--\r\n".utf8)
    }

    /// Quoted-printable never has `=_`, so no body can hold this line.
    private static let boundary = "=_lockbox_alternative"

    private static func partHead(_ type: String) -> String {
        """
        --\(boundary)\r
        Content-Type: \(type); charset=utf-8\r
        Content-Transfer-Encoding: quoted-printable\r
        \r

        """
    }

    private static func check(_ letter: Letter) throws(MailError) {
        func require(_ isRight: Bool, _ field: String) throws(MailError) {
            if !isRight { throw .invalid(field: field) }
        }
        try require(MailText.isMessageID(letter.messageID), "messageID")
        try require(letter.references.count <= mostReferences, "references")
        try require(letter.references.allSatisfy(MailText.isMessageID), "references")
        for (field, mailbox) in [("from", letter.from), ("to", letter.to)] {
            try require(MailText.isAddress(mailbox.address), "\(field).address")
            try require(
                MailText.isOneLine(mailbox.name) && mailbox.name.utf8.count <= MailText.longestName,
                "\(field).name"
            )
        }
        try require(
            MailText.isOneLine(letter.subject)
                && letter.subject.utf8.count <= MailText.longestSubject,
            "subject"
        )
        try require(letter.returnPath.map(MailText.isAddress) ?? true, "returnPath")
        try require(letter.text.utf8.count <= largestBody, "text")
        try require(letter.html.utf8.count <= largestBody, "html")
    }

    private static func headers(of letter: Letter) -> [String] {
        var lines = [
            "Date: \(letter.date.internetDate) +0000",
            MailText.mailbox("From", letter.from),
            MailText.mailbox("To", letter.to),
            MailText.unstructured("Subject", letter.subject),
            "Message-ID: <\(letter.messageID)>",
        ]
        if let parent = letter.references.last {
            lines.append("In-Reply-To: <\(parent)>")
            lines.append(MailText.folded("References:", letter.references.map { "<\($0)>" }))
        }
        // RFC 3834, and Exchange's own: no out-of-office reply to a machine.
        lines.append("Auto-Submitted: auto-generated")
        lines.append("X-Auto-Response-Suppress: All")
        return lines
    }
}
