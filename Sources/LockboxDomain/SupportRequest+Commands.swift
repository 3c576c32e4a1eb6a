extension SupportRequest {
    /// Whether `person` may write, close and reopen: whoever opened it, an administrator of the tenant,
    /// and each engineer of the provider. No program does.
    public func mayTakePart(_ person: Person) -> Bool {
        switch person.side {
        case .provider: !person.isProgram && person.holds(oneOf: .engineer, at: .provider)
        case .tenant:
            person.holds(oneOf: .admin, at: .tenant(tenant))
                || person.id == openedBy && person.holds(oneOf: .ofTenant, at: .tenant(tenant))
        }
    }

    /// Writes in the thread. An engineer's words make it answered, the customer's open.
    public mutating func write(_ text: String, by person: Person, now: Timestamp) throws(Refusal)
        -> SupportEntry
    {
        try requireTakesPart(person)
        try requireNotClosed()
        let text = try Text.check(
            text,
            field: "text",
            length: Limits.messageLength,
            multiline: true
        )
        try requireRoom()
        let entry = add(.wrote, text, by: person, now)
        switch person.side {
        case .provider: (state, lastAnswer) = (.answered, Answer(person: person.id, at: now))
        case .tenant: state = .open
        }
        return entry
    }

    /// Closes it. There is always room for this: a full thread must not keep it open.
    public mutating func close(comment: String?, by person: Person, now: Timestamp) throws(Refusal)
        -> SupportEntry
    {
        try requireTakesPart(person)
        try requireNotClosed()
        let comment = try AccessRequest.checkComment(comment, required: false)
        state = .closed
        return add(.closed, comment, by: person, now)
    }

    /// Makes a closed one open again.
    public mutating func reopen(comment: String?, by person: Person, now: Timestamp) throws(Refusal)
        -> SupportEntry
    {
        try requireTakesPart(person)
        guard state == .closed else { throw .supportRequestNotClosed }
        let comment = try AccessRequest.checkComment(comment, required: false)
        try requireRoom()
        state = .open
        return add(.reopened, comment, by: person, now)
    }

    /// Throws where it is closed: then nobody asks for access for it.
    public func requireNotClosed() throws(Refusal) {
        guard state != .closed else { throw .supportRequestClosed }
    }

    /// For another tenant's people there is no such support request. They should never get as far as
    /// this.
    private func requireTakesPart(_ person: Person) throws(Refusal) {
        guard person.side == .provider || person.side == .tenant(tenant) else {
            throw .notFound(.supportRequest)
        }
        guard mayTakePart(person) else { throw .notPermitted(.writeOnSupportRequest) }
    }

    private func requireRoom() throws(Refusal) {
        guard entryCount < Limits.messagesPerRequest else {
            throw .limitReached(.supportEntries)
        }
    }

    private mutating func add(
        _ act: SupportEntry.Act,
        _ text: String?,
        by person: Person,
        _ now: Timestamp
    ) -> SupportEntry {
        entryCount += 1
        return SupportEntry(number: entryCount, person: person.id, act: act, text: text, at: now)
    }
}

extension AccessRequest {
    /// Takes it back where nobody has decided yet, because its support request was closed. Access that
    /// was given stays until it ends or somebody ends it.
    public mutating func supportRequestClosed(now: Timestamp) throws(Refusal) -> [Event] {
        try requireCurrent(at: now)
        guard state.decideBy != nil else { return [] }
        let comment = "Support request \(terms.supportRequest) was closed."
        move(to: .withdrawn(at: now, comment: comment))
        return [.request(.withdrawn(self))]
    }
}
