import LockboxDomain
import LockboxPorts

extension NoticeWriter {
    /// Somebody wrote on a support request, closed or reopened it: who opened it hears of it, and the
    /// engineers who have written there; but not who did it. What was written stays inside.
    func tell(of entry: SupportEntry, on support: SupportRequest) throws {
        var facts = try facts(about: tx.tenant(support.tenant))
        facts[.supportRequest] = support.number.text
        let author = try person(entry.person)
        for recipient in try takingPart(in: support) where recipient.id != entry.person {
            let isOfProvider = recipient.side == .provider
            let audience: Audience = isOfProvider ? .engineer : .approver
            // Engineers see each other's words on the page; a letter is for the other side.
            if entry.act == .wrote, author.side == recipient.side { continue }
            // To the other side, an organisation speaks: who approves there is not for engineers.
            facts[.by] =
                recipient.side == author.side
                ? author.name : author.side == .provider ? facts[.provider] : facts[.tenant]
            try send(
                entry.act.letter,
                facts.with(.audience, audience.rawValue),
                to: recipient,
                about: support
            )
        }
    }

    /// Who opened it and each engineer who has written on it, as far as they still may.
    private func takingPart(in support: SupportRequest) throws -> [Person] {
        var ids = [support.openedBy]
        for entry in try tx.entries(on: support.number, of: support.tenant)
        where !ids.contains(entry.person) {
            ids.append(entry.person)
        }
        return try ids.map(person).filter {
            support.mayTakePart($0) && ($0.side == .provider || $0.id == support.openedBy)
        }
    }

    /// One that waits gives way to what is so now, and after one was sent the next waits a little.
    private func send(
        _ kind: Notice.Kind,
        _ facts: Facts,
        to recipient: Person,
        about support: SupportRequest
    ) throws {
        if kind.isMuted(by: recipient.mutedLetters) { return }
        let earlier = try tx.notices(about: support.number, of: support.tenant).filter {
            $0.kind == kind && $0.recipient == recipient.id
        }
        for waiting in earlier where waiting.delivery == .queued && waiting.begunAt == nil {
            try tx.remove(waiting.id)
        }
        let last = earlier.filter(\.mayHaveArrived).compactMap { $0.sentAt ?? $0.begunAt }.max()
        var notice = Notice(
            id: entropy.id(),
            kind: kind,
            tenant: support.tenant,
            request: nil,
            recipient: recipient,
            facts: facts.stored(for: recipient.timeZone),
            createdAt: now,
            sendAt: last.map { max(now, $0 + NotifierLimits.digestInterval) } ?? now
        )
        notice.supportRequest = support.number
        try tx.insert(notice)
    }
}

extension SupportEntry.Act {
    fileprivate var letter: Notice.Kind {
        switch self {
        case .wrote: .supportWritten
        case .closed: .supportClosed
        case .reopened: .supportReopened
        }
    }
}

extension LetterContent {
    static func supportWritten(_ source: LetterSource) -> LetterContent {
        support(
            source,
            subject: source.audience == .engineer
                ? "Reply from the customer" : "Answer from \(source.provider)",
            heading: source.audience == .engineer
                ? "\(source.tenant) has written on a support request"
                : "\(source.provider) has answered your support request",
            lead: "There is a message for you to read."
        )
    }

    static func supportClosed(_ source: LetterSource) -> LetterContent {
        support(
            source,
            subject: "Closed",
            heading: "A support request was closed",
            lead:
                "\(source.facts.name(.by)) closed it. Nobody asks for access for it any more, unless it "
                + "is reopened, and requests for access that waited were withdrawn."
        )
    }

    static func supportReopened(_ source: LetterSource) -> LetterContent {
        support(
            source,
            subject: "Reopened",
            heading: "A support request was reopened",
            lead:
                "\(source.facts.name(.by)) reopened it. Engineers can ask for access for it again."
        )
    }

    private static func support(
        _ source: LetterSource,
        subject: String,
        heading: String,
        lead: String
    ) -> LetterContent {
        let number = withoutLinks(source.facts.text(.supportRequest))
        let isForEngineer = source.audience == .engineer
        return LetterContent(
            .inform,
            subject: "\(subject): support request \(number)",
            heading: heading,
            lead: lead,
            rows: [isForEngineer ? source.customer : nil, source.supportRequest],
            advice: [
                "Sign in to \(isForEngineer ? source.requestTool : source.supportPlace) and open "
                    + "\(number). There you read it and can write back."
            ],
            why: isForEngineer
                ? "You get this e-mail because you have written on this support request."
                : "You get this e-mail because you opened this support request."
        )
    }
}

extension LetterSource {
    /// Members have no admin centre.
    fileprivate var supportPlace: String {
        let name = facts.name(.portal)
        return facts[.portalAddress].map { "\(name) (\($0))" } ?? name
    }
}
