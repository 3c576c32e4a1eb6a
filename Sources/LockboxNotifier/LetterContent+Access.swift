import LockboxDomain

extension LetterContent {
    static func began(_ source: LetterSource) -> LetterContent {
        let basis =
            source.facts[.basis] == "policy"
            ? "Your rules do not require an approval for this." : "Your organisation approved it."
        return LetterContent(
            .inform,
            subject: "Access has begun, until \(source.facts.text(.end)): \(source.number)",
            heading: "\(source.provider) can open your data now",
            lead:
                "\(source.engineer) of \(source.provider) has access until \(source.facts.text(.end)). \(basis)",
            rows: [
                source.engineerRow, source.resourcesRow, source.supportRequest,
                source.row("From", .start),
                source.row("Until", .end), source.row("Approved by", .approvedBy),
                source.row("Asked for was more", .insteadOf), source.request,
            ],
            advice: [
                "You need not do anything: access ends by itself, and you then get a report.",
                "To stop it at once, sign in to \(source.adminCentre), open \(source.number) and stop the access.",
            ],
            why: source.whyApprover
        )
    }

    /// The closing report.
    static func report(_ source: LetterSource) -> LetterContent {
        let hasBegun = source.facts[.began] == "yes"
        let rows: [Row?] =
            [
                source.engineerRow, source.resourcesRow, source.supportRequest,
                source.row("Approved by", .approvedBy),
                source.row("Asked for was more", .insteadOf),
            ]
            + (hasBegun
                ? [
                    source.row("From", .start), source.row("To", .endedAt),
                    source.row("Would have lasted to", .plannedEnd),
                ]
                : [source.row("Was to begin", .start), source.row("Called off", .endedAt)])
            + [source.row("Why it ended", why(source))] + (hasBegun ? usage(source) : []) + [
                source.request
            ]
        let doubt = hasBegun ? doubt(source) : nil
        return LetterContent(
            doubt == nil ? .inform : .alarm,
            subject: hasBegun
                ? "Access has ended, \(doubt?.brief ?? "closing report"): \(source.number)"
                : "Called off: access \(source.number)",
            heading: hasBegun
                ? doubt?.heading ?? "\(source.provider) no longer has this access"
                : "The planned access was called off",
            lead: hasBegun
                ? "The access of \(source.engineer) ended at \(source.facts.text(.endedAt))"
                    + (doubt.map { "; \($0.words)." } ?? ".")
                : "It was called off before it began. No access was given.",
            rows: rows,
            advice: [
                doubt?.advice ?? "You need not do anything.",
                "Every step is in your audit log, with a receipt to keep that can be checked without "
                    + "\(source.provider): sign in to \(source.adminCentre) and look for \(source.number).",
            ],
            why: source.whyApprover
        )
    }

    /// What keeps a closing report from saying that it is all over.
    private struct Doubt {
        let brief, heading, words, advice: String
    }

    private static func doubt(_ source: LetterSource) -> Doubt? {
        let unconfirmed = source.facts[.unconfirmed].map { "not yet confirmed closed at \($0)" }
        let words = [unconfirmed, source.facts[.leftOpen]].compactMap(\.self)
        if words.isEmpty { return nil }
        let call = "If that worries you, call \(source.provider) and name \(source.number)."
        return Doubt(
            brief: unconfirmed == nil ? "connections may be open" : "not confirmed closed",
            heading: unconfirmed == nil
                ? "Access has ended; connections may still be open"
                : "Access has ended, and is not confirmed closed",
            words: words.joined(separator: "; "),
            advice: unconfirmed == nil
                ? call
                : "Lockbox goes on trying by itself. You get another e-mail when it is confirmed. "
                    + call
        )
    }

    static func endedForEngineer(_ source: LetterSource) -> LetterContent {
        let hasBegun = source.facts[.began] == "yes"
        return LetterContent(
            .inform,
            subject: "Access has ended: \(source.number)",
            heading: hasBegun ? "Your access has ended" : "Your scheduled access was called off",
            lead: hasBegun
                ? "It ended at \(source.facts.text(.endedAt)). "
                    + "Your credentials no longer work, and \(source.endOfConnections)."
                : "It was called off at \(source.facts.text(.endedAt)), before it began.",
            rows: [
                source.customer, source.resourcesRow, source.supportRequest,
                source.row("Why it ended", why(source)),
                source.request,
            ],
            advice: ["If access is still needed, make a new request in \(source.requestTool)."],
            why: source.whyEngineer
        )
    }

    static func removalFailed(_ source: LetterSource) -> LetterContent {
        let service = source.facts.text(.service)
        let isManager = source.audience == .manager
        return LetterContent(
            .alarm,
            subject: "Attention, not confirmed closed: access \(source.number)",
            heading: "Ended access is not confirmed closed",
            lead:
                "The access of \(source.engineer) has ended and its credentials no longer work. But the service "
                + "\"\(service)\" has not confirmed that connections still open were cut.",
            rows: [
                source.engineerRow, isManager ? source.customer : nil,
                source.row("Service", service),
                source.supportRequest,
                source.request,
            ],
            advice: [
                "Lockbox goes on trying by itself. You get another e-mail when it is confirmed.",
                isManager
                    ? "See to it that the service answers Lockbox again; until then a connection may still be open."
                    : "Until then a connection may still be open. If that worries you, call \(source.provider) "
                        + "and name \(source.number).",
            ],
            why: isManager ? source.whyManager : source.whyApprover
        )
    }

    static func removalRecovered(_ source: LetterSource) -> LetterContent {
        let service = source.facts.text(.service)
        let isManager = source.audience == .manager
        return LetterContent(
            .inform,
            subject: "Resolved, confirmed closed: access \(source.number)",
            heading: "The ended access is confirmed closed",
            lead:
                "The service \"\(service)\" has now confirmed that no connection of \(source.engineer) is left.",
            rows: [
                source.engineerRow, isManager ? source.customer : nil,
                source.row("Service", service),
                source.supportRequest,
                source.request,
            ],
            advice: ["You need not do anything."],
            why: isManager ? source.whyManager : source.whyApprover
        )
    }

    /// Why access ended and who ended it.
    private static func why(_ source: LetterSource) -> String {
        let isOfProvider = source.facts[.endedBySide] == "provider"
        let organisation = isOfProvider ? source.provider : source.tenant
        let person = source.facts[.endedBy].map { "\(shownName($0)) of \(organisation)" }
        switch source.facts[.endReason].flatMap(Ending.Reason.init) {
        case .expired: return "The approved time was over."
        case .finished: return "\(source.engineer) finished the work."
        case .revoked:
            // Without a person, Lockbox itself took it away.
            guard source.facts[.endedBySide] != nil else {
                return "The engineer is no longer allowed to have access."
            }
            return "\(person ?? organisation) stopped it."
        case .policyChanged:
            let change = "The rules or the licence of \(source.tenant) changed"
            return person.map { "\(change) (by \($0))." } ?? "\(change)."
        case nil: return "The reason is not known."
        }
    }

    private static func usage(_ source: LetterSource) -> [Row?] {
        let count = source.facts[.useCount].flatMap { Int64($0) } ?? 0
        guard count > 0 else { return [source.row("Used", "never")] }
        let done = source.facts.text(.subjects).split(separator: "\n").map(String.init)
        return [
            source.row("Used", counted(count, "time")), source.row("First use", .firstUse),
            source.row("Last use", .lastUse), source.row("What was done", .operations),
            done.isEmpty ? nil : .init(label: "To what", values: done),
        ]
    }
}
