extension LetterContent {
    static func rejected(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .inform,
            subject: "Rejected: access request \(source.number)",
            heading: "A manager rejected your access request",
            lead:
                "\(source.facts.name(.manager)) rejected it. \(source.tenant) was not asked, and no access was given.",
            rows: askedRows(source),
            advice: [
                "To read why, sign in to \(source.requestTool) and open \(source.number). "
                    + "If access is still needed, make a new request."
            ],
            why: source.whyEngineer
        )
    }

    static func denied(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .inform,
            subject: "Denied: access request \(source.number)",
            heading: "The customer denied your access request",
            lead: "\(source.tenant) denied it. No access was given.",
            rows: askedRows(source),
            advice: [
                "To read why, sign in to \(source.requestTool) and open \(source.number). "
                    + "Talk to the customer before you ask again."
            ],
            why: source.whyEngineer
        )
    }

    /// Expired or withdrawn: nobody said no, and nobody got access.
    static func lapsed(_ source: LetterSource) -> LetterContent {
        let outcome = source.facts[.outcome].flatMap(UndecidedOutcome.init) ?? .customerSilent
        let deadline = source.facts.text(.decideBy)
        let (point, heading, lead) =
            switch outcome {
            case .withdrawn:
                (
                    "Withdrawn", "An access request was withdrawn",
                    "\(source.whyWithdrawn) before you decided. No access was given, and you need not decide."
                )
            case .managerSilent:
                (
                    "Expired", "The access request expired",
                    "No manager of \(source.provider) reviewed it by \(deadline). No access was given."
                )
            case .customerSilent:
                (
                    "Expired", "The access request expired",
                    "Nobody at \(source.tenant) decided by \(deadline). No access was given."
                )
            }
        let isForEngineer = source.audience == .engineer
        let advice =
            isForEngineer
            ? "If access is still needed, make a new request in \(source.requestTool)."
            : "You need not do anything. The request is kept in your audit log."
        return LetterContent(
            .inform,
            subject: "\(point): access request \(source.number)",
            heading: heading,
            lead: lead,
            rows: isForEngineer
                ? askedRows(source)
                : [source.engineerRow, source.resourcesRow, source.supportRequest, source.request],
            advice: [advice],
            why: isForEngineer ? source.whyEngineer : source.whyApprover
        )
    }

    static func approved(_ source: LetterSource) -> LetterContent {
        let end = source.facts.text(.end)
        return LetterContent(
            .inform,
            subject: "Approved: access until \(end), \(source.number)",
            heading: "You have access now",
            lead: "\(approval(source)) Access ends by itself at \(end).",
            rows: grantedRows(source),
            advice: [
                "Sign in to \(source.requestTool) and open \(source.number) to obtain a credential.",
                "Finish once you are done. At the end your credentials stop working, "
                    + "and \(source.endOfConnections).",
            ],
            why: source.whyEngineer
        )
    }

    static func scheduled(_ source: LetterSource) -> LetterContent {
        let start = source.facts.text(.start)
        return LetterContent(
            .inform,
            subject: "Approved: access from \(start), \(source.number)",
            heading: "Your access is scheduled",
            lead: "\(approval(source)) Access opens at \(start), not earlier.",
            rows: grantedRows(source),
            advice: [
                "From then on, sign in to \(source.requestTool) and open \(source.number) to obtain a credential.",
                "At the end your credentials stop working and \(source.endOfConnections).",
            ],
            why: source.whyEngineer
        )
    }

    private static func approval(_ source: LetterSource) -> String {
        let isPolicy = source.facts[.basis] == "policy"
        let less = source.facts[.isNarrowed] == "yes" ? " It gives less than you asked for." : ""
        return isPolicy
            ? "Your request was approved; \(source.tenant) does not require an approval of its own.\(less)"
            : "\(source.tenant) approved your request.\(less)"
    }

    private static func askedRows(_ source: LetterSource) -> [Row] {
        [source.customer, source.resourcesRow, source.supportRequest, source.request]
    }

    private static func grantedRows(_ source: LetterSource) -> [Row?] {
        [
            source.customer, source.resourcesRow, source.supportRequest, source.row("From", .start),
            source.row("Until", .end),
            source.request,
        ]
    }
}
