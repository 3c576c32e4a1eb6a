package import LockboxDomain
package import LockboxPorts

/// Whether a letter is still right at the moment it leaves.
package enum Standing: Equatable {
    /// To this address, in one thread with these letters, which were sent before: the oldest first.
    case right(Mailbox, after: [NoticeID])
    /// Not before it is known whether what it follows has arrived.
    case notYet
    /// Its recipient may no longer have it, or it is not true any more.
    case over
    /// It only reminds, and its recipient got as many letters within a day as one may.
    case tooMany
}

extension Notice {
    /// Asked in the write that begins an attempt, so that nobody is written to for what he was when
    /// the letter was written.
    package func standing(at now: Timestamp, in tx: any StoreTransaction) throws -> Standing {
        if isUnwanted || goodUntil.map({ $0 <= now }) == true { return .over }
        let written = Mailbox(name: recipientName, address: recipientAddress.text)
        guard let recipient else { return .right(written, after: []) }
        // Of a change of their own account people hear where they were reached before it.
        if kind == .sideChanged, Facts(self.facts)[.isAffected] != "no" {
            return .right(written, after: [])
        }
        guard let person = try tx.person(recipient), !person.isDisabled else { return .over }
        let mailbox = Mailbox(name: person.name, address: person.email.text)
        if kind == .invitation {
            let invitation = try Facts(facts)[.invitation].flatMap(InvitationID.init)
                .flatMap(tx.invitation)
            return invitation?.standing(at: now) == .open ? .right(mailbox, after: []) : .over
        }
        if kind == .lettersLeftOut { return .right(mailbox, after: []) }
        if kind == .sideChanged || kind == .approverUnreached {
            return person.isAdministrator ? .right(mailbox, after: []) : .over
        }
        guard !isMuted(by: person.mutedLetters) else { return .over }
        if let supportRequest, let tenant {
            return try standing(
                on: supportRequest,
                of: tenant,
                to: person,
                mailbox,
                at: now,
                in: tx
            )
        }
        guard let about = request, let stored = try tx.request(about) else {
            throw StoreError.corrupt("notice \(id) is about no request")
        }
        let request = stored.seen(at: now)
        guard let engineer = try tx.person(request.terms.engineer) else {
            throw StoreError.corrupt("request \(request.id) is of nobody")
        }
        let others = try tx.notices(about: about).filter {
            $0.recipient == recipient && $0.id != id
        }
        guard isFor(person, request, engineer: engineer) else { return .over }
        switch try truth(of: request, others: others, in: tx) {
        case .over: return .over
        case .notYet: return .notYet
        case .stands:
            if try isOneTooMany(for: recipient, at: now, in: tx) { return .tooMany }
            let earlier = others.filter { $0.delivery == .sent }
                .sorted { ($0.sentAt ?? now, $0.id.text) < ($1.sentAt ?? now, $1.id.text) }
            return .right(mailbox, after: earlier.map(\.id))
        }
    }

    /// Of a letter about a support request: as long as its recipient takes part, and it is as it says.
    private func standing(
        on number: SupportRequestNumber,
        of tenant: TenantID,
        to person: Person,
        _ mailbox: Mailbox,
        at now: Timestamp,
        in tx: any StoreTransaction
    ) throws -> Standing {
        guard let support = try tx.supportRequest(number, of: tenant) else {
            throw StoreError.corrupt("notice \(id) is about no support request")
        }
        let isTrue = (kind == .supportClosed) == (support.state == .closed)
        guard support.mayTakePart(person), isTrue else { return .over }
        if try isOneTooMany(for: person.id, at: now, in: tx) { return .tooMany }
        let earlier = try tx.notices(about: number, of: tenant).filter {
            $0.recipient == person.id && $0.id != id && $0.delivery == .sent
        }
        .sorted { ($0.sentAt ?? now, $0.id.text) < ($1.sentAt ?? now, $1.id.text) }
        return .right(mailbox, after: earlier.map(\.id))
    }

    /// Whether `person` is still one whom such a letter is for.
    private func isFor(_ person: Person, _ request: AccessRequest, engineer: Person) -> Bool {
        switch kind {
        case .managerAsked:
            return Audience.manager.includes(person, request) && !person.isSame(as: engineer)
        case .customerAsked, .reminder, .lastReminder:
            let hasDecided = request.decisions.contains { $0.person == person.id }
            return Audience.approver.includes(person, request) && !person.isSame(as: engineer)
                && !hasDecided
        case .rejected, .approved, .denied, .accessScheduled, .accessEnded, .questionAsked,
            .askedOnBehalf, .takenBack:
            return Audience.engineer.includes(person, request)
        case .expired, .withdrawn, .settled, .accessBegan, .accessReport, .removalFailed,
            .removalRecovered, .questionAnswered:
            let audience = Facts(facts)[.audience].flatMap(Audience.init) ?? .approver
            return audience.includes(person, request)
        case .sideChanged, .approverUnreached, .lettersLeftOut, .operatorsNeeded, .invitation,
            .supportWritten, .supportClosed, .supportReopened:
            return true
        }
    }

    private enum Truth {
        case stands, notYet, over
    }

    /// What the letter says, against the request as it is now.
    private func truth(
        of request: AccessRequest,
        others: [Notice],
        in tx: any StoreTransaction
    ) throws -> Truth {
        func stands(_ isTrue: Bool) -> Truth { isTrue ? .stands : .over }
        switch kind {
        case .managerAsked: return stands(request.state.name == .awaitingManager)
        case .customerAsked, .reminder, .lastReminder:
            return stands(request.state.name == .awaitingCustomer)
        case .questionAsked, .questionAnswered: return stands(!request.state.name.isTerminal)
        case .askedOnBehalf: return stands(request.state.decideBy != nil)
        case .takenBack:
            // Who asked herself needs no earlier letter to know of it.
            guard request.terms.askedOnBehalfBy != nil else { return .stands }
            return Self.following(others.filter { $0.kind == .askedOnBehalf && $0.mayHaveArrived })
        case .approved, .accessScheduled: return stands(!request.state.name.isTerminal)
        case .accessBegan:
            // The report says it too; who does not get one learns of the access by this letter.
            let isReported = others.contains {
                $0.kind == .accessReport && $0.reaches
            }
            return stands(request.state.name == .active || !isReported)
        case .removalFailed:
            let service = Facts(facts)[.service]
            return stands(
                try tx.removals(of: request.id).contains {
                    $0.service.text == service && $0.progress != .confirmed
                }
            )
        case .withdrawn, .settled:
            let asks = others.filter { Kind.asks.contains($0.kind) && $0.mayHaveArrived }
            return Self.following(asks)
        case .removalRecovered:
            let service = Facts(facts)[.service]
            return Self.following(
                others.filter {
                    $0.kind == .removalFailed && Facts($0.facts)[.service] == service
                        && $0.mayHaveArrived
                }
            )
        case .rejected, .denied, .expired, .accessEnded, .accessReport, .sideChanged,
            .approverUnreached, .lettersLeftOut, .operatorsNeeded, .invitation, .supportWritten,
            .supportClosed, .supportReopened:
            return .stands
        }
    }

    /// Of a letter that is nothing without what it follows: `earlier` are those that may have
    /// arrived.
    private static func following(_ earlier: [Notice]) -> Truth {
        if earlier.contains(where: { $0.delivery == .queued }) { return .notYet }
        return earlier.isEmpty ? .over : .stands
    }

    func isMuted(by letters: MutedLetters) -> Bool {
        kind.isMuted(by: letters, Facts(facts))
    }
}

extension Audience {
    /// Whether `person` belongs to it now.
    func includes(_ person: Person, _ request: AccessRequest) -> Bool {
        switch self {
        case .engineer: person.id == request.terms.engineer && !person.isDisabled
        case .manager: person.holds(oneOf: .manager, at: .provider)
        case .approver: person.mayDecide(for: request.terms.tenant)
        }
    }
}
