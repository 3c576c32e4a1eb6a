import LockboxDomain

extension LetterContent {
    /// To somebody who was asked and need not decide any more.
    static func settled(_ source: LetterSource) -> LetterContent {
        let isManager = source.audience == .manager
        return LetterContent(
            .inform,
            subject: "Settled, nothing to do: request \(source.number)",
            heading: "You need not decide any more",
            lead: outcome(source),
            rows: [
                source.engineerRow, isManager ? source.customer : nil, source.resourcesRow,
                source.supportRequest, source.request,
            ],
            advice: ["You need not do anything. You were asked about this request before."],
            why: isManager ? source.whyManager : source.whyApprover
        )
    }

    private static func outcome(_ source: LetterSource) -> String {
        let outcome = source.facts[.outcome].flatMap(SettledOutcome.init)
        let side = outcome == .denied ? source.tenant : source.provider
        let by = source.facts[.decidedBy].map { "\(shownName($0)) of \(side)" } ?? side
        switch outcome {
        case .reviewed: return "\(by) has reviewed and approved it."
        case .rejected: return "\(by) has rejected it. No access was given."
        case .approved: return "\(source.tenant) has approved it."
        case .denied: return "\(by) has denied it. No access was given."
        case .withdrawn: return "\(source.whyWithdrawn). No access was given."
        case .expired: return "Nobody decided in time. No access was given."
        case nil: return "It has been decided."
        }
    }

    /// To administrators: somebody whom a question should have reached.
    static func approverUnreached(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .alarm,
            subject: "One of your approvers cannot be reached",
            heading: "A question did not reach one of your approvers",
            lead: "\(source.tenant) was asked to decide on access, and the e-mail to a person of "
                + "yours could not be delivered.",
            rows: [
                source.row("Who", source.facts.text(.unreached)),
                source.row("What the mail server said", .detail),
            ],
            advice: [
                "Have the address corrected, or let another person decide: sign in to "
                    + "\(source.adminCentre), People. Who has an address that works is asked anew.",
                "Nobody gets access for want of an answer: what is undecided in time expires.",
            ],
            why: "You get this e-mail because you administer Lockbox for \(source.tenant). "
                + "It comes once a day for each person, and cannot be switched off."
        )
    }

    /// To administrators and to whom it is about.
    static func sideChanged(_ source: LetterSource) -> LetterContent {
        let lines = source.facts.lines(.change)
        let listed = Array(lines.prefix(NotifierLimits.changesListed))
        let more = lines.count - listed.count
        // Of the provider's people, each hears of her own account alone.
        let isOwn = source.facts[.tenant] == nil
        return LetterContent(
            .alarm,
            subject: isOwn
                ? "Changed: your own account" : "Changed: people or rules of your organisation",
            heading: isOwn
                ? "Your account was changed" : "People or rules of your organisation were changed",
            lead: "This was changed in Lockbox for \(isOwn ? source.provider : source.tenant).",
            rows: [
                Row(
                    label: "What",
                    values: listed
                        + (more > 0 ? ["and \(counted(Int64(more), "more change"))"] : [])
                ),
                source.row("By", source.facts.text(.changedBy)),
            ],
            advice: [
                "If that is as it should be, you need not do anything.",
                isOwn
                    ? "If not, tell whoever runs Lockbox at \(source.provider) at once: somebody else "
                        + "may act in your name."
                    : "If not, sign in to \(source.adminCentre) and change it back, or call "
                        + "\(source.provider). Your audit log says when it was done.",
            ],
            why: isOwn
                ? "You get this e-mail because it is about you. It cannot be switched off."
                : "You get this e-mail because you administer Lockbox for \(source.tenant), or "
                    + "because it is about you. It cannot be switched off."
        )
    }
}
