package import LockboxDomain
package import LockboxPorts
import Mustache

/// Makes letters of notices: the same letter for the same notice each time, so that a copy after a
/// lost answer is a copy.
package struct Letters: Sendable {
    private let sender: Mailbox
    private let host: String
    private let text: MustacheTemplate
    private let html: MustacheTemplate

    /// `host` is the right-hand side of message identifiers: a name of ours that no one else makes
    /// identifiers under.
    package init(sender: Mailbox, host: String) throws {
        ScalarHTML.register()
        self.sender = sender
        self.host = host
        text = try MustacheTemplate(string: LetterTemplates.text)
        html = try MustacheTemplate(string: LetterTemplates.html)
    }

    /// The letter of `notice`, sent at `now`.
    package func letter(for notice: Notice, at now: Timestamp) -> Letter {
        let content = LetterContent(notice)
        let view = view(of: content)
        return Letter(
            messageID: "\(notice.id).lockbox@\(host)",
            // No letter bears this identifier. It only makes all letters about one request one
            // thread in each inbox, whichever of them a person gets first.
            references: ["\(notice.request).lockbox@\(host)"],
            date: now,
            from: sender,
            to: Mailbox(name: notice.recipientName, address: notice.recipientAddress.text),
            subject: content.subject,
            text: text.render(view),
            html: html.render(view)
        )
    }

    private func view(of content: LetterContent) -> [String: Any] {
        var view: [String: Any] = [
            "subject": content.subject, "heading": content.heading, "lead": content.lead,
            "advice": content.advice,
            "why": content.why, "caution": LetterTemplates.caution, "cell": LetterTemplates.cell,
        ]
        view["colour"] =
            switch content.tone {
            case .decide: "#b45309"
            case .inform: "#2563eb"
            case .alarm: "#dc2626"
            }
        view["rows"] = content.rows.map { row in
            var shown: [String: Any] = ["label": row.label, "several": row.values]
            if row.values.count == 1 { shown["single"] = row.values[0] }
            return shown
        }
        return view
    }
}
