package import LockboxDomain
package import LockboxPorts

// How many letters one person gets within a day. What asks for a decision, tells of access and of
// outcomes, or warns goes always. Of the rest none go beyond `Limits.lettersPerDay`, and one letter
// says so.

extension Notice {
    /// Whether its recipient got as many letters as one may, and need not have this one. What may have
    /// left is not left out.
    func isOneTooMany(
        for recipient: PersonID,
        at now: Timestamp,
        in tx: any StoreTransaction
    ) throws -> Bool {
        guard kind.onlyReminds, begunAt == nil else { return false }
        let latest = try tx.time(
            ofLatest: DailyQuota.letters.bound,
            .lettersTo(recipient),
            after: now - DailyQuota.span
        )
        return latest != nil
    }

    /// It is not sent, and its recipient is told so once a day.
    package mutating func leaveOut(
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        delivery = .leftOut
        lastReply = DailyQuota.letters.sentence
        try tx.update(self)
        guard let tenant, let recipient = try recipient.flatMap(tx.person) else { return }
        let told = try tx.sideNotices(of: .tenant(tenant), since: now - DailyQuota.span)
        guard !told.contains(where: { $0.kind == .lettersLeftOut && $0.recipient == recipient.id })
        else { return }
        let written = Facts(facts)
        var facts = Facts()
        for fact: Fact in [.provider, .tenant, .portal, .portalAddress, .audience] {
            facts[fact] = written[fact]
        }
        try tx.insert(
            Notice(
                id: entropy.id(),
                kind: .lettersLeftOut,
                tenant: tenant,
                request: nil,
                recipient: recipient,
                facts: facts.stored(for: recipient.timeZone),
                createdAt: now,
                sendAt: now
            )
        )
    }
}

extension Notice.Kind {
    /// Whether it only says again what another letter asked, or that there is something to read. Of
    /// access that begins and ends everybody hears, though it can be switched off: how much of it
    /// there is the grants bound, and it is what somebody who wants to hide it would drown. A program may
    /// ask often on somebody's behalf, and must not fill her day.
    fileprivate var onlyReminds: Bool {
        switch self {
        case .reminder, .lastReminder, .questionAsked, .questionAnswered, .askedOnBehalf,
            .takenBack, .supportWritten:
            true
        case .managerAsked, .customerAsked, .rejected, .approved, .denied, .expired, .withdrawn,
            .accessScheduled, .accessBegan, .accessEnded, .accessReport, .removalFailed,
            .removalRecovered, .settled, .sideChanged, .approverUnreached, .lettersLeftOut,
            .operatorsNeeded, .invitation, .supportClosed, .supportReopened:
            false
        }
    }
}

extension LetterContent {
    /// To who got as many letters as one may within a day.
    static func lettersLeftOut(_ source: LetterSource) -> LetterContent {
        let isEngineer = source.audience == .engineer
        return LetterContent(
            .inform,
            subject: "Lockbox: some e-mails are left out today",
            heading: "You got \(DailyQuota.letters.bound) e-mails within a day",
            lead: "More that only remind are not sent until it is fewer again: "
                + (isEngineer
                    ? "that there is a message to read."
                    : "reminders, and that there is a message to read."),
            rows: [],
            advice: [
                "Sign in to \(isEngineer ? source.requestTool : source.adminCentre): "
                    + "everything is there.",
                "What asks you for a decision, tells of access and how it ended, or warns you still "
                    + "comes at once.",
            ],
            why:
                "You get this e-mail at most once a day for each organisation, when e-mails are left "
                + "out."
        )
    }
}
