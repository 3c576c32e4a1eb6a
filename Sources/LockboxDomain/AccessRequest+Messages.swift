extension AccessRequest {
    /// Writes a question or an answer. `number` is the next in the thread; `engineer` is the
    /// engineer's record as it is now.
    ///
    /// The request stays as it is: a question must neither stop the clock nor make the form stale
    /// that somebody else has open.
    public func post(
        _ text: String,
        number: Int,
        by person: Person,
        engineer: Person,
        now: Timestamp
    ) throws(Refusal) -> (message: Message, events: [Event]) {
        precondition(engineer.id == terms.engineer && number > 0)
        try requireCurrent(at: now)
        try requireExists(for: person)
        guard mayPost(person, engineer: engineer) else { throw .notPermitted(.postMessage) }
        guard !state.name.isTerminal else { throw .wrongState(state.name) }
        let text = try Text.check(
            text,
            field: "text",
            length: Limits.messageLength,
            multiline: true
        )
        guard number <= Limits.messagesPerRequest else { throw .limitReached(.messages) }
        let message = Message(number: number, request: id, person: person.id, text: text, at: now)
        return (message, [.request(.messagePosted(self, message))])
    }

    private func mayPost(_ person: Person, engineer: Person) -> Bool {
        switch person.side {
        case .provider:
            person.holds(oneOf: .manager, at: .provider)
                || (person.id == engineer.id && engineer.holds(oneOf: .engineer, at: .provider))
        // Who asked for access does not also speak for the customer.
        case .tenant(let tenant): person.mayDecide(for: tenant) && !person.isSame(as: engineer)
        }
    }
}
