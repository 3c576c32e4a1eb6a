import LockboxDomain
import LockboxPorts

/// Writes the letters of one event: looks up who they go to and what they say.
struct NoticeWriter {
    let portal: Portal
    let kinds: ServiceKinds
    let now: Timestamp
    let entropy: any Entropy
    let tx: any StoreTransaction

    // MARK: - Asking

    func askManagers(_ request: AccessRequest) throws {
        try ask(managers: managers(), request)
    }

    private func ask(managers: [Person], _ request: AccessRequest) throws {
        let engineer = try person(request.terms.engineer)
        let facts = try asking(request)
        for manager in managers where !manager.isSame(as: engineer) {
            try send(
                .managerAsked,
                facts,
                to: manager,
                about: request.id,
                of: request.terms.tenant,
                goodUntil: request.state.decideBy
            )
        }
    }

    func askApprovers(_ request: AccessRequest) throws {
        try ask(approvers: approvers(of: request.terms.tenant), request)
    }

    /// Asks those of `approvers` who were not asked before, and reminds them when it is due. Whose yes
    /// does not count yet is asked when it does, if that is in time.
    private func ask(approvers: [Person], _ request: AccessRequest) throws {
        guard case .awaitingCustomer(let askedAt, let decideBy, let needed) = request.state else {
            return
        }
        let engineer = try person(request.terms.engineer)
        var facts = try asking(request)
        if needed > 1 { facts[.approvalsNeeded] = "\(needed)" }
        if let review = request.decisions.last(where: { $0.stage == .manager }) {
            facts[.manager] = try person(review.person).name
        }
        let window = (decideBy - askedAt).milliseconds
        let rows: [(kind: Notice.Kind, percent: Int64)] = [
            (.customerAsked, 0), (.reminder, NotifierLimits.reminderPercent),
            (.lastReminder, NotifierLimits.lastReminderPercent),
        ]
        let written = try tx.notices(about: request.id).filter(\.reaches)
        for approver in approvers where !approver.isSame(as: engineer) {
            let first = approver.decidesFrom(at: now) ?? now
            guard first < decideBy else { continue }
            for (kind, percent) in rows
            where !written.contains(where: { $0.recipient == approver.id && $0.kind == kind }) {
                let sendAt = askedAt + TimeSpan(milliseconds: window / 100 * percent)
                // Who comes late is asked, and not reminded of what she has just been asked.
                if kind != .customerAsked, sendAt < first { continue }
                try send(
                    kind,
                    facts,
                    to: approver,
                    about: request.id,
                    of: request.terms.tenant,
                    sendAt: max(sendAt, first),
                    goodUntil: decideBy
                )
            }
        }
    }

    /// Asks somebody who may decide from now on, or can be reached from now on, what waits for a
    /// decision.
    func askNewcomer(before: Person?, after: Person) throws {
        switch after.side {
        case .tenant(let tenant):
            let isNew = before?.mayDecide(for: tenant) != true || before?.email != after.email
            let isDelayed = before?.decisionDelay?.endsAt != after.decisionDelay?.endsAt
            guard after.mayDecide(for: tenant), isNew || isDelayed else {
                return
            }
            for request in try tx.openRequests(of: tenant, engineer: nil) {
                // What waits to leave at an instant that was true before.
                if isDelayed { try takeBack(Notice.Kind.asks, to: after.id, about: request.id) }
                try ask(approvers: [after], request.seen(at: now))
            }
        case .provider:
            func isManager(_ person: Person) -> Bool {
                person.holds(oneOf: .manager, at: .provider)
            }
            let isNew = before.map(isManager) != true || before?.email != after.email
            guard isManager(after), isNew else { return }
            for open in try tx.openRequests(of: nil, engineer: nil) {
                let request = open.seen(at: now)
                guard request.state.name == .awaitingManager else { continue }
                let isAsked = try tx.notices(about: request.id).contains {
                    $0.recipient == after.id && $0.kind == .managerAsked
                        && $0.reaches
                }
                if !isAsked { try ask(managers: [after], request) }
            }
        }
    }

    // MARK: - Outcomes of the request

    func tell(of decision: Decision, on request: AccessRequest) throws {
        switch (decision.stage, decision.verdict) {
        case (.manager, .approve):
            try settle(request, .reviewed, by: decision.person)
        case (.manager, .deny):
            try settle(request, .rejected, by: decision.person)
            let facts = try asking(request).with(.manager, person(decision.person).name)
            try sendToEngineer(.rejected, facts, request)
        case (.customer, .deny):
            try settle(request, .denied, by: decision.person)
            try sendToEngineer(.denied, asking(request), request)
        case (.customer, .approve):
            // Where this completes the quorum, the grant's own event tells. Else the others are
            // still asked, but who has decided needs no reminder.
            try takeBack(Notice.Kind.asks, to: decision.person, about: request.id)
        }
    }

    /// Letters to somebody that have not left do not leave.
    private func takeBack(
        _ kinds: [Notice.Kind],
        to recipient: PersonID,
        about request: AccessRequestID
    ) throws {
        for var notice in try tx.notices(about: request)
        where notice.recipient == recipient && notice.delivery == .queued
            && kinds.contains(notice.kind)
        {
            notice.cancel()
            try tx.update(notice)
        }
    }

    /// A program asked on somebody's behalf: she hears of it at once.
    func tellOfAsking(_ request: AccessRequest) throws {
        guard request.terms.askedOnBehalfBy != nil else { return }
        try sendToEngineer(
            .askedOnBehalf,
            asking(request),
            request,
            goodUntil: request.state.decideBy
        )
    }

    func tellOfWithdrawal(_ request: AccessRequest, by actor: Actor) throws {
        let engineer = try person(request.terms.engineer)
        // Who may no longer ask hears so otherwise.
        let mayAsk = !engineer.isProgram && engineer.holds(oneOf: .engineer, at: .provider)
        let isOnBehalf = request.terms.askedOnBehalfBy != nil
        if mayAsk || isOnBehalf, actor.person?.id != engineer.id {
            try sendToEngineer(.takenBack, asking(request), request)
        }
        let (number, tenant) = (request.terms.supportRequest, request.terms.tenant)
        let isClosed = try tx.supportRequest(number, of: tenant)?.state == .closed
        try settle(request, .withdrawn, isClosed: isClosed, butFor: actor.person?.id)
    }

    func tellOfExpiry(_ request: AccessRequest) throws {
        guard case .expired(let at, let stage) = request.state else { return }
        let customerAsked = stage == .awaitingCustomer
        let outcome = customerAsked ? UndecidedOutcome.customerSilent : .managerSilent
        var facts = try asking(request).with(.outcome, outcome.rawValue)
        facts.set(.decideBy, to: at)
        try sendToEngineer(.expired, facts, request)
        if customerAsked { try sendToApprovers(.expired, facts, request) }
        try settle(request, .expired)
    }

    /// Takes back what was asked and has not left, and tells those whom it may have reached, and who
    /// did not decide themselves, that nothing needs to be done any more: once each.
    private func settle(
        _ request: AccessRequest,
        _ outcome: SettledOutcome,
        by decider: PersonID? = nil,
        isToldByGrant: Bool = false,
        isClosed: Bool = false,
        butFor actor: PersonID? = nil
    ) throws {
        let notices = try tx.notices(about: request.id)
        try tx.cancelNotices(about: request.id, kinds: Notice.Kind.asks)
        let asks = notices.filter { Notice.Kind.asks.contains($0.kind) && $0.mayHaveArrived }
        guard !asks.isEmpty else { return }
        var facts = try asking(request).with(.outcome, outcome.rawValue)
        let decider = try decider.map(person)
        let last: [Notice.Kind] = [.settled, .withdrawn, .expired]
        var told = Set(
            request.decisions.map(\.person)
                + notices.filter { last.contains($0.kind) }.compactMap(\.recipient)
                + [actor].compactMap(\.self)
        )
        if isClosed { facts[.isClosed] = "yes" }
        for ask in asks {
            guard let asked = ask.recipient, told.insert(asked).inserted else { continue }
            let audience: Audience = ask.kind == .managerAsked ? .manager : .approver
            let recipient = try person(asked)
            facts[.decidedBy] = decider?.nameShown(to: recipient.side)
            // Who was asked hears the outcome, also where the letter that access began is muted.
            guard audience.includes(recipient, request),
                !isToldByGrant || audience == .manager
                    || Notice.Kind.accessBegan.isMuted(by: recipient.mutedLetters)
            else { continue }
            try send(
                audience == .approver && outcome == .withdrawn ? .withdrawn : .settled,
                facts.with(.audience, audience.rawValue),
                to: recipient,
                about: request.id,
                of: request.terms.tenant
            )
        }
    }

    // MARK: - Access

    func tellOfApproval(_ request: AccessRequest, _ grant: Grant) throws {
        let isScheduled = grant.start > now
        let facts = try window(request, grant)
        // Where access begins at once, the letter that it began says that it was approved.
        try settle(
            request,
            .approved,
            by: request.decisions.last?.person,
            isToldByGrant: !isScheduled
        )
        try sendToEngineer(isScheduled ? .accessScheduled : .approved, facts, request)
    }

    func tellOfBeginning(_ request: AccessRequest, _ grant: Grant) throws {
        var facts = try window(request, grant)
        try addApproval(to: &facts, request, grant)
        try sendToApprovers(.accessBegan, facts, request)
    }

    // MARK: - Questions and answers

    /// What was written stays inside: a letter only says that there is something to read, and until
    /// when it matters.
    func tell(of message: Message, on request: AccessRequest) throws {
        var facts = try asking(request)
        facts.set(.start, to: request.state.grant?.start)
        facts.set(.end, to: request.state.grant?.end)
        facts[.stage] = request.state.name.rawValue
        let useless = request.state.decideBy ?? request.state.grant?.end
        switch try person(message.person).side {
        case .tenant:
            let engineer = try person(request.terms.engineer)
            if engineer.isDisabled { return }
            try digest(
                .questionAsked,
                facts.with(.audience, Audience.engineer.rawValue),
                to: engineer,
                about: request,
                goodUntil: useless
            )
        case .provider:
            let askers = try askers(on: request)
            // What waits for the provider's own manager is no affair of the customer's yet: the
            // question, when it comes, shows what was written.
            if askers.isEmpty, request.state.name == .awaitingManager { return }
            facts[.isAnswer] = askers.isEmpty ? "no" : "yes"
            let engineer = try person(request.terms.engineer)
            let recipients = askers.isEmpty ? try approvers(of: request.terms.tenant) : askers
            for recipient in recipients where !recipient.isSame(as: engineer) {
                try digest(
                    .questionAnswered,
                    facts.with(.audience, Audience.approver.rawValue),
                    to: recipient,
                    about: request,
                    goodUntil: useless
                )
            }
        }
    }

    /// A letter that there is something to read: one that waits says it for all that was written
    /// since, and after one was sent the next waits a little.
    private func digest(
        _ kind: Notice.Kind,
        _ facts: Facts,
        to recipient: Person,
        about request: AccessRequest,
        goodUntil: Timestamp?
    ) throws {
        let earlier = try tx.notices(about: request.id).filter {
            $0.kind == kind && $0.recipient == recipient.id
        }
        let waits = earlier.contains {
            $0.delivery == .queued && $0.begunAt == nil && Facts($0.facts)[.stage] == facts[.stage]
        }
        if waits { return }
        let last = earlier.filter(\.mayHaveArrived).compactMap { $0.sentAt ?? $0.begunAt }.max()
        try send(
            kind,
            facts,
            to: recipient,
            about: request.id,
            of: request.terms.tenant,
            sendAt: last.map { max(now, $0 + NotifierLimits.digestInterval) },
            goodUntil: goodUntil
        )
    }

    /// Who of the customer has written on the request and may still read what is answered.
    private func askers(on request: AccessRequest) throws -> [Person] {
        var askers: [Person] = []
        for message in try tx.messages(on: request.id)
        where !askers.contains(where: { $0.id == message.person }) {
            let author = try person(message.person)
            if author.mayDecide(for: request.terms.tenant) { askers.append(author) }
        }
        return askers
    }

    // MARK: - Letters that a person does not want

    /// Reminders are written long before they are due: those that wait are stopped too.
    func stopLetters(before: Person, after: Person) throws {
        let stopped = after.mutedLetters.subtracting(before.mutedLetters)
        guard !stopped.isEmpty, let tenant = after.side.tenant else { return }
        for request in try tx.openRequests(of: tenant, engineer: nil) {
            for var notice in try tx.notices(about: request.id)
            where notice.recipient == after.id && notice.delivery == .queued
                && notice.isMuted(by: stopped)
            {
                notice.cancel()
                try tx.update(notice)
            }
        }
    }

    // MARK: - Removal

    /// The first failure of a grant's removal from a service. It is tried again many times, and
    /// each failure is an event, but one letter is enough.
    func tellOfFailure(_ removal: Removal) throws {
        guard try !isFailing(removal) else { return }
        let request = try request(removal.request)
        let facts = try common(request).with(.service, removal.service.text)
        try sendToApprovers(.removalFailed, facts, request)
        for manager in try managers() {
            try send(
                .removalFailed,
                facts.with(.audience, Audience.manager.rawValue),
                to: manager,
                about: request.id,
                of: removal.tenant
            )
        }
    }

    /// Only those who heard of the failure need to hear that it is over.
    func tellOfRecovery(_ removal: Removal) throws {
        guard try isFailing(removal) else { return }
        var recipients: Set<PersonID> = []
        for notice in try notices(on: removal) where notice.kind == .removalFailed {
            guard let told = notice.recipient, recipients.insert(told).inserted else { continue }
            let recipient = try person(told)
            if recipient.isDisabled { continue }
            try send(
                .removalRecovered,
                Facts(notice.facts),
                to: recipient,
                about: removal.request,
                of: removal.tenant
            )
        }
    }

    private func notices(on removal: Removal) throws -> [Notice] {
        try tx.notices(about: removal.request).filter {
            Facts($0.facts)[.service] == removal.service.text
        }
    }

    /// Whether the last that people heard of this removal is that it failed.
    private func isFailing(_ removal: Removal) throws -> Bool {
        let told = try notices(on: removal)
        func last(_ kind: Notice.Kind) -> Timestamp? {
            told.filter { $0.kind == kind }.map(\.createdAt).max()
        }
        guard let failed = last(.removalFailed) else { return false }
        return last(.removalRecovered).map { $0 < failed } ?? true
    }

    // MARK: - Facts

    private func common(_ request: AccessRequest) throws -> Facts {
        guard let tenant = try tx.tenant(request.terms.tenant) else {
            throw StoreError.corrupt("request \(request.id) is of an unknown tenant")
        }
        let engineer = try person(request.terms.engineer)
        var facts = try facts(about: tenant)
        facts[.engineer] = engineer.name
        facts[.isProgram] = engineer.isProgram ? "yes" : nil
        facts[.askedBy] = try request.terms.askedOnBehalfBy.map { try person($0).name }
        facts[.supportRequest] = request.terms.supportRequest.text
        return facts
    }

    /// What every letter to people of `tenant`, or about it, says.
    func facts(about tenant: Tenant?) throws -> Facts {
        var facts = Facts()
        facts[.provider] = try tx.providerName()
        facts[.tenant] = tenant?.name
        facts[.portal] = portal.name
        facts[.portalAddress] = portal.address
        return facts
    }

    /// What is asked for.
    private func asking(_ request: AccessRequest) throws -> Facts {
        var facts = try common(request)
        facts[.resources] = request.terms.scope.words.joined(separator: "\n")
        facts[.duration] = request.terms.duration.words
        facts.set(.notBefore, to: request.terms.notBefore)
        facts.set(.decideBy, to: request.state.decideBy)
        let denied = try tx.denials(
            of: request.terms.engineer,
            on: request.terms.supportRequest,
            of: request.terms.tenant
        ).count
        if denied > 0 { facts[.deniedBefore] = counted(Int64(denied), "time") }
        return facts
    }

    /// By whom of the customer it was granted, for its own people: the engineer is not told.
    func addApproval(to facts: inout Facts, _ request: AccessRequest, _ grant: Grant) throws {
        guard grant.basis == .approval else { return }
        let approvals = request.decisions.filter { $0.stage == .customer && $0.isApproval }
        facts[.approvedBy] = try approvals.map { try shownName(person($0.person).name) }
            .joined(separator: ", ")
        if facts[.isNarrowed] == "yes" {
            let (terms, asked) = (request.terms, request.terms.scope.countedWords)
            facts[.insteadOf] = "\(asked), for \(terms.duration.words)"
        }
    }

    /// What was granted.
    func window(_ request: AccessRequest, _ grant: Grant) throws -> Facts {
        var facts = try common(request)
        let duration = grant.end - grant.start
        let isShort = duration < NotifierLimits.shortWindow
        facts[.resources] = grant.scope.words.joined(separator: "\n")
        facts[.duration] = duration.words
        facts.set(.start, to: grant.start, withSeconds: isShort)
        facts.set(.end, to: grant.end, withSeconds: isShort)
        facts[.basis] = grant.basis.rawValue
        facts[.endOfConnections] = try kinds.endOfConnections(of: grant.scope, in: tx).words()
        let isNarrowed = grant.scope != request.terms.scope || duration < request.terms.duration
        facts[.isNarrowed] = isNarrowed ? "yes" : "no"
        return facts
    }

    // MARK: - People and rows

    private func managers() throws -> [Person] {
        try tx.people(at: .provider).filter { $0.holds(oneOf: .manager, at: .provider) }
    }

    func approvers(of tenant: TenantID) throws -> [Person] {
        try tx.people(at: .tenant(tenant)).filter { $0.mayDecide(for: tenant) }
    }

    func person(_ id: PersonID) throws -> Person {
        guard let person = try tx.person(id) else {
            throw StoreError.corrupt("person \(id) is not there")
        }
        return person
    }

    func request(_ id: AccessRequestID) throws -> AccessRequest {
        guard let request = try tx.request(id) else {
            throw StoreError.corrupt("request \(id) is not there")
        }
        return request
    }

    func sendToEngineer(
        _ kind: Notice.Kind,
        _ facts: Facts,
        _ request: AccessRequest,
        goodUntil: Timestamp? = nil
    ) throws {
        let engineer = try person(request.terms.engineer)
        if engineer.isDisabled { return }
        try send(
            kind,
            facts.with(.audience, Audience.engineer.rawValue),
            to: engineer,
            about: request.id,
            of: request.terms.tenant,
            goodUntil: goodUntil
        )
    }

    func sendToApprovers(
        _ kind: Notice.Kind,
        _ facts: Facts,
        _ request: AccessRequest,
        who isMeant: (Person) -> Bool = { _ in true }
    ) throws {
        for approver in try approvers(of: request.terms.tenant) where isMeant(approver) {
            try send(
                kind,
                facts.with(.audience, Audience.approver.rawValue),
                to: approver,
                about: request.id,
                of: request.terms.tenant
            )
        }
    }

    private func send(
        _ kind: Notice.Kind,
        _ facts: Facts,
        to recipient: Person,
        about request: AccessRequestID,
        of tenant: TenantID,
        sendAt: Timestamp? = nil,
        goodUntil: Timestamp? = nil
    ) throws {
        if kind.isMuted(by: recipient.mutedLetters, facts) { return }
        try tx.insert(
            Notice(
                id: entropy.id(),
                kind: kind,
                tenant: tenant,
                request: request,
                recipient: recipient,
                facts: facts.stored(for: recipient.timeZone),
                createdAt: now,
                sendAt: sendAt ?? now,
                goodUntil: goodUntil
            )
        )
    }

}

extension Notice.Kind {
    /// Whether someone who muted `letters` does not get one that says `facts`. Of access that
    /// nobody of the customer approved everybody hears.
    func isMuted(by letters: MutedLetters, _ facts: Facts) -> Bool {
        facts[.basis] != Grant.Basis.policy.rawValue && isMuted(by: letters)
    }

    /// Whether someone who muted `letters` does not get it. A new kind says here whether it can be
    /// muted at all.
    func isMuted(by letters: MutedLetters) -> Bool {
        switch self {
        case .reminder, .lastReminder: letters.contains(.reminders)
        case .accessBegan: letters.contains(.accessBegan)
        case .accessReport: letters.contains(.accessReports)
        case .supportWritten: letters.contains(.supportMessages)
        case .managerAsked, .customerAsked, .rejected, .approved, .denied, .expired, .withdrawn,
            .accessEnded,
            .accessScheduled, .removalFailed, .removalRecovered, .questionAsked,
            .questionAnswered, .supportClosed, .supportReopened,
            .askedOnBehalf, .takenBack, .settled, .sideChanged,
            .approverUnreached, .lettersLeftOut, .operatorsNeeded, .invitation:
            false
        }
    }
}
