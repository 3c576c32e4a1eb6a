extension LetterContent {
    /// Which of the letters that ask for a customer's decision.
    enum Ask {
        case first, reminder, lastReminder
    }

    static func managerAsked(_ source: LetterSource) -> LetterContent {
        let decideBy = source.facts.text(.decideBy)
        return LetterContent(
            .decide,
            subject: "Request\(source.ofProgram) \(source.briefly), review by \(decideBy): "
                + source.number,
            heading: "An access request awaits your review",
            lead: "\(source.asker) asks\(source.onBehalf) \(source.askedAccess) "
                + "of \(source.tenant).",
            rows: [
                source.engineerRow, source.customer, source.resourcesRow, source.supportRequest,
                source.howLong,
                source.row("Not before", .notBefore), source.row("Review by", decideBy),
                source.row("Denied before", .deniedBefore),
                source.request,
            ],
            advice: [
                "Sign in to \(source.requestTool) and open \(source.number) to approve or reject it.",
                "If no manager reviews it by then, it expires and nobody gets access.",
            ],
            why: source.whyManager
        )
    }

    static func customerAsked(_ source: LetterSource, _ ask: Ask) -> LetterContent {
        let decideBy = source.facts.text(.decideBy)
        let (prefix, heading) =
            switch ask {
            case .first: ("", "\(source.askingSide) asks for access to your data")
            case .reminder: ("Reminder: ", "Half of the time to decide has passed")
            case .lastReminder: ("Last reminder: ", "Little time is left to decide")
            }
        let approvals = source.facts[.approvalsNeeded].map {
            source.row("Approvals needed", "\($0) people must agree")
        }
        let review = source.facts[.manager].map { _ in
            source.row("Reviewed by", "\(source.facts.name(.manager)), \(source.provider)")
        }
        return LetterContent(
            .decide,
            subject: "\(prefix)\(source.askingSide) asks \(source.briefly), decide by \(decideBy): "
                + source.number,
            heading: heading,
            lead:
                "\(source.asker) of \(source.provider) asks\(source.onBehalf) \(source.askedAccess). "
                + "There is no access unless \(source.tenant) agrees.",
            rows: [
                source.engineerRow, source.resourcesRow, source.supportRequest, source.howLong,
                source.row("Not before", .notBefore), review, approvals,
                source.row("Decide by", decideBy), source.row("Denied before", .deniedBefore),
                source.request,
            ],
            advice: [
                "Sign in to \(source.adminCentre) and open \(source.number). There you read the reason, "
                    + "and approve or deny. You can also approve less than is asked for.",
                "If nobody decides by then, the request expires and nobody gets access.",
            ],
            why: source.whyApprover
        )
    }

    /// To the engineer whom a program asks for.
    static func askedOnBehalf(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .inform,
            subject: "A program asks for access on your behalf: \(source.number)",
            heading: "A program asks for access on your behalf",
            lead: "\(source.asker) asks\(source.onBehalf) \(source.askedAccess) "
                + "of \(source.tenant).",
            rows: [
                source.engineerRow, source.customer, source.resourcesRow, source.supportRequest,
                source.howLong, source.row("Not before", .notBefore), source.request,
            ],
            advice: [
                "If it is approved, the access is yours alone, and you get an e-mail.",
                "If you do not want it, sign in to \(source.requestTool), open \(source.number) and "
                    + "withdraw it.",
            ],
            why: source.whyEngineer
        )
    }

    /// To the engineer, who need not wait any more: the program that asked for her took it back, or the
    /// support request was closed.
    static func takenBack(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .inform,
            subject: "Withdrawn: access request \(source.number)",
            heading: source.program == nil
                ? "Your access request was withdrawn"
                : "What a program asked for on your behalf was withdrawn",
            lead: "It was taken back before it was decided. No access was given.",
            rows: [source.customer, source.resourcesRow, source.supportRequest, source.request],
            advice: [
                "To read why, sign in to \(source.requestTool) and open \(source.number). "
                    + "If access is still needed, make a new request."
            ],
            why: source.whyEngineer
        )
    }
}
