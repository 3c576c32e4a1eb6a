import LockboxDomain

extension LetterContent {
    /// To the engineer: somebody of the customer wrote.
    static func questionAsked(_ source: LetterSource) -> LetterContent {
        LetterContent(
            .decide,
            subject: "Question from the customer: access request \(source.number)",
            heading: "\(source.tenant) has a question about your access request",
            lead: "The clock goes on while you answer: \(clock(source))",
            rows: [source.customer] + rows(source),
            advice: [
                "Sign in to \(source.requestTool) and open \(source.number). There you read the question and answer it."
            ],
            why: source.whyEngineer
        )
    }

    /// To the customer: the engineer or a manager wrote.
    static func questionAnswered(_ source: LetterSource) -> LetterContent {
        let isAnswer = source.facts[.isAnswer] == "yes"
        return LetterContent(
            .decide,
            subject: isAnswer
                ? "Answer to your question: access request \(source.number)"
                : "Message from the provider: access request \(source.number)",
            heading: isAnswer
                ? "\(source.provider) has answered your question"
                : "\(source.provider) has written to you about an access request",
            lead: "The clock goes on meanwhile: \(clock(source))",
            rows: [source.engineerRow] + rows(source),
            advice: [
                "Sign in to \(source.adminCentre) and open \(source.number). There you read it and can write back."
            ],
            why: isAnswer
                ? "You get this e-mail because you wrote about this request." : source.whyApprover
        )
    }

    private static func rows(_ source: LetterSource) -> [Row?] {
        [
            source.resourcesRow, source.supportRequest, source.row("Decide by", .decideBy),
            source.row("From", .start),
            source.row("Until", .end), source.request,
        ]
    }

    /// What happens next, however long the answer takes.
    private static func clock(_ source: LetterSource) -> String {
        let (decideBy, start, end) = (
            source.facts.text(.decideBy), source.facts.text(.start), source.facts.text(.end)
        )
        switch source.facts[.stage].flatMap(AccessRequest.StateName.init) {
        case .awaitingManager:
            return "a manager of \(source.provider) must review the request by \(decideBy)."
        case .awaitingCustomer:
            return "\(source.tenant) must decide by \(decideBy), or the request expires."
        case .scheduled: return "the approved access still opens at \(start)."
        case .active: return "the access still ends at \(end)."
        case .ended, .rejected, .denied, .withdrawn, .expired, nil: return "no deadline has moved."
        }
    }
}
