package import LockboxDomain
package import LockboxPorts
import Mustache

/// Makes letters of notices: the same letter for the same notice each time, so that a copy after a
/// lost answer is a copy.
package struct Letters: Sendable {
    private let sender: Mailbox
    private let host: String
    private let bounces: BounceAddresses?
    private let codes: (any InvitationCodes)?
    private let appearance: Appearance
    private let text: MustacheTemplate
    private let html: MustacheTemplate

    /// `host` is the right-hand side of message identifiers: a name of ours that no one else makes
    /// identifiers under. `bounces` gives each letter an envelope sender of its own; `codes`
    /// the codes of invitations, which are in no notice. Of `appearance` letters have the colour and
    /// where there is help; no picture, since nothing is loaded from anywhere.
    package init(
        sender: Mailbox,
        host: String,
        bounces: BounceAddresses? = nil,
        codes: (any InvitationCodes)? = nil,
        appearance: Appearance = .plain
    ) throws {
        ScalarHTML.register()
        self.codes = codes
        self.appearance = appearance
        self.sender = sender
        self.host = host
        self.bounces = bounces
        text = try MustacheTemplate(string: LetterTemplates.text)
        html = try MustacheTemplate(string: LetterTemplates.html)
    }

    /// The letter of `notice` to `recipient`, sent at `now`, in one thread with the letters
    /// `after`, which that person got before: the oldest first.
    package func letter(
        for notice: Notice,
        to recipient: Mailbox,
        after: [NoticeID],
        at now: Timestamp
    ) -> Letter {
        let content = LetterContent(notice, code: code(of: notice))
        var view = view(of: content)
        view["provider"] = Facts(notice.facts)[.provider].map(shownName)
        view["place"] = appearance.colour ?? "#5b6672"
        view["help"] = [appearance.help, appearance.helpLink].compactMap(\.self).joined(
            separator: ", "
        )
        return Letter(
            messageID: messageID(notice.id),
            // RFC 5322 §3.6.4: the root, and the nearest; a thread may be long.
            references: (after.prefix(1) + after.dropFirst().suffix(8)).map(messageID),
            date: now,
            from: sender,
            returnPath: bounces?.address(of: notice.id, to: recipient.address),
            to: recipient,
            subject: content.subject,
            text: text.render(view),
            html: html.render(view)
        )
    }

    private func code(of notice: Notice) -> String? {
        guard let person = notice.recipient,
            let id = Facts(notice.facts)[.invitation].flatMap(InvitationID.init)
        else { return nil }
        return codes?.code(of: id, to: person)
    }

    private func messageID(_ id: NoticeID) -> String { "\(id).lockbox@\(host)" }

    private func view(of content: LetterContent) -> [String: Any] {
        var view: [String: Any] = [
            "subject": content.subject, "heading": content.heading, "lead": content.lead,
            "advice": content.advice,
            "why": content.why, "caution": LetterTemplates.caution, "cell": LetterTemplates.cell,
        ]
        view["link"] = content.link
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
