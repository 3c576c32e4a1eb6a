import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofRequests = [
        Promise(
            "every version of a request in every state is read back as it was saved",
            everyStateIsReadBack
        ),
        Promise("terms, narrowings and comments are read back whole", contentIsReadBack),
        Promise("one of several approvals is a version of its own", approvalsAreCounted),
        Promise("a version other than the next is refused", versionsAreSteps),
        Promise("a transition that the domain does not know is refused", transitionsAreLegal),
        Promise("a terminal state is never left", terminalStatesStay),
        Promise("terms never change", termsNeverChange),
        Promise("decisions never change and never go", decisionsNeverChange),
        Promise("one person decides once on one request", oneDecisionEach),
        Promise("a grant never changes", grantsNeverChange),
        Promise("requests are due from their deadline on, earliest first", dueAtTheInstant),
        Promise("open requests are those that time can change", openRequestsAreOpen),
        Promise(
            "open grants are those of scheduled and active requests",
            openGrantsAreThoseOfOpenRequests
        ),
        Promise("how often somebody asked is counted, by tenant, person and time", askingIsCounted),
        Promise("lists of requests show what the filter says", filtersFilter),
        Promise("lists of requests go both ways in each order", ordersAreKept),
        Promise("what waits for one person is counted, up to a bound", awaitedIsCounted),
        Promise("what a program asked is counted as its own alone", programsAreCounted),
        Promise("a program stays one, and decides nothing", programsStayPrograms),
        Promise(
            "pages of requests are complete and stable while requests are added",
            requestPagesAreStable
        ),
    ]
}

/// Saves versions one after another, each in its own transaction.
private func save(_ versions: [AccessRequest], in store: any Store) async throws {
    for version in versions { try await store.write { try $0.save(version) } }
}

private func everyStateIsReadBack(_ store: any Store) async throws {
    try await store.populate()
    for (number, state) in AccessRequest.StateName.allCases.enumerated() {
        let versions = try Fixture.history(UInt8(number + 1), to: state)
        for version in versions {
            try await store.write { try $0.save(version) }
            #expect(try await store.read { try $0.request(version.id) } == version)
        }
        #expect(versions.last?.state.name == state)
    }
    #expect(try await store.read { try $0.request(Fixture.id(31)) } == nil)
}

private func contentIsReadBack(_ store: any Store) async throws {
    try await store.populate()
    let wide = Fixture.scope([
        Access(Fixture.otherMailbox, [.read, .write]), Access(Fixture.mailbox, .read),
    ])
    let terms = Fixture.terms(
        reason: "Zeile 1\n\tZeile 2 – “quoted”, 100 %_\\ 'done'; -- 👩‍🔧",
        duration: .seconds(3601),
        scope: wide,
        notBefore: Fixture.now + .days(2)
    )
    var request = try Fixture.request(1, terms)
    try await store.write { [request] in try $0.save(request) }
    _ = try request.decide(
        .approve(.init(duration: .minutes(5), scope: nil)),
        comment: "kürzer",
        by: Fixture.mark,
        version: 1,
        in: Fixture.context(),
        now: Fixture.now
    )
    try await store.write { [request] in try $0.save(request) }
    _ = try request.decide(
        .approve(.init(duration: nil, scope: Fixture.scope)),
        comment: nil,
        by: Fixture.adam,
        version: 2,
        in: Fixture.context(),
        now: Fixture.now
    )
    try await store.write { [request] in try $0.save(request) }
    #expect(try await store.read { try $0.request(Fixture.id(1)) } == request)
    #expect(request.decisions.count == 2 && request.state.name == .scheduled)
}

private func approvalsAreCounted(_ store: any Store) async throws {
    try await store.populate()
    let strict = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
    var request = try Fixture.request(in: strict)
    try await store.write { [request] in try $0.save(request) }
    for (person, state) in [
        (Fixture.mark, AccessRequest.StateName.awaitingCustomer), (Fixture.adam, .awaitingCustomer),
        (Fixture.gita, .active),
    ] {
        _ = try request.decide(
            .approve(.none),
            comment: nil,
            by: person,
            version: request.version,
            in: Fixture.context(strict),
            now: Fixture.now
        )
        #expect(request.state.name == state)
        try await store.write { [request] in try $0.save(request) }
        #expect(try await store.read { try $0.request(Fixture.id(1)) } == request)
    }
}

private func versionsAreSteps(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .ended)
    for (number, version) in versions.enumerated() {
        for (other, wrong) in versions.enumerated() where other != number {
            await store.refuses("version \(other + 1) after \(number)") { try $0.save(wrong) }
        }
        try await store.write { try $0.save(version) }
        #expect(try await store.read { try $0.request(version.id) } == version)
    }
}

/// The request as it would be if it were in another state.
private func moved(
    _ request: AccessRequest,
    to state: AccessRequest.State,
    version: Int? = nil,
    terms: AccessRequest.Terms? = nil,
    decisions: [Decision]? = nil
) -> AccessRequest {
    AccessRequest(
        id: request.id,
        terms: terms ?? request.terms,
        createdAt: request.createdAt,
        version: version ?? request.version + 1,
        state: state,
        decisions: decisions ?? request.decisions
    )
}

private func transitionsAreLegal(_ store: any Store) async throws {
    try await store.populate()
    var number: UInt8 = 0
    for from in AccessRequest.StateName.allCases {
        for to in AccessRequest.StateName.allCases {
            let isLegal =
                AccessRequest.legalTransitions.contains { $0.from == from && $0.to == to }
                || (from == .awaitingCustomer && to == .awaitingCustomer)
            number += 1
            let versions = try Fixture.history(number, to: from)
            let present = versions[versions.count - 1]
            let target = try Fixture.history(number, to: to).last!.state
            // The same grant where both have one, so that it is the transition that is refused.
            let next = moved(present, to: target.carrying(present.state.grant))
            try await save(versions, in: store)
            if isLegal {
                try await store.write { try $0.save(next) }
            } else {
                await store.refuses("\(from) → \(to)") { try $0.save(next) }
                #expect(try await store.read { try $0.request(present.id) } == present)
            }
        }
    }
    for state in AccessRequest.StateName.allCases where state != .awaitingManager {
        let first = moved(
            try Fixture.request(255),
            to: try Fixture.history(255, to: state).last!.state,
            version: 1
        )
        await store.refuses("beginning in \(state)") { try $0.save(first) }
    }
}

extension AccessRequest.State {
    fileprivate func carrying(_ other: Grant?) -> AccessRequest.State {
        guard let other else { return self }
        switch self {
        case .scheduled: return .scheduled(other)
        case .active: return .active(other)
        case .ended(_, let ending): return .ended(other, ending)
        case .awaitingManager, .awaitingCustomer, .rejected, .denied, .withdrawn, .expired:
            return self
        }
    }
}

private func terminalStatesStay(_ store: any Store) async throws {
    try await store.populate()
    let terminal = AccessRequest.StateName.allCases.filter(\.isTerminal)
    for (number, state) in terminal.enumerated() {
        let versions = try Fixture.history(UInt8(number + 1), to: state)
        try await save(versions, in: store)
        let last = versions[versions.count - 1]
        await store.refuses("\(state) again") { try $0.save(moved(last, to: last.state)) }
        await store.refuses("\(state) reopened") {
            try $0.save(moved(last, to: .awaitingManager(decideBy: Fixture.now + .hours(1))))
        }
        #expect(try await store.read { try $0.request(last.id) } == last)
    }
}

/// Terms that differ from `t` in one thing each, with its name.
private func otherTerms(than t: AccessRequest.Terms) -> [(String, AccessRequest.Terms)] {
    func terms(
        tenant: TenantID? = nil,
        supportRequest: String? = nil,
        engineer: PersonID? = nil,
        reason: String? = nil,
        duration: TimeSpan? = nil,
        scope: Scope? = nil,
        notBefore: Timestamp? = nil,
        askedBy: PersonID? = nil
    ) -> AccessRequest.Terms {
        AccessRequest.Terms(
            tenant: tenant ?? t.tenant,
            supportRequest: supportRequest.map { SupportRequestNumber($0)! } ?? t.supportRequest,
            engineer: engineer ?? t.engineer,
            reason: reason ?? t.reason,
            duration: duration ?? t.duration,
            scope: scope ?? t.scope,
            notBefore: notBefore,
            askedBy: askedBy
        )
    }
    return [
        ("tenant", terms(tenant: Fixture.fabrikam.id, supportRequest: "SR-2001")),
        ("support request", terms(supportRequest: "SR-1002")),
        ("engineer", terms(engineer: Fixture.mark.id)),
        ("reason", terms(reason: t.reason + ".")),
        ("duration", terms(duration: .hours(3))),
        ("scope", terms(scope: Fixture.scope([Access(Fixture.mailbox, [.read, .write])]))),
        ("start", terms(notBefore: Fixture.now)),
        ("program", terms(askedBy: Fixture.mark.id)),
    ]
}

private func termsNeverChange(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .awaitingCustomer)
    try await save([versions[0]], in: store)
    try await store.write { try $0.insert(Fixture.supportRequest("SR-1002")) }
    for (what, terms) in otherTerms(than: versions[1].terms) {
        let other = moved(versions[1], to: versions[1].state, version: 2, terms: terms)
        await store.refuses("another \(what)") { try $0.save(other) }
    }
    #expect(try await store.read { try $0.request(versions[0].id) } == versions[0])
}

private func decisionsNeverChange(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .active)
    try await save(Array(versions.dropLast()), in: store)
    let last = versions[versions.count - 1]
    let (manager, customer) = (last.decisions[0], last.decisions[1])
    let other = Decision(
        stage: .manager,
        person: manager.person,
        verdict: manager.verdict,
        comment: "rewritten",
        at: manager.at
    )
    for decisions in [[], [other], [other, customer], [customer, manager]] {
        let wrong = moved(last, to: last.state, version: last.version, decisions: decisions)
        await store.refuses("decisions \(decisions.count)") { try $0.save(wrong) }
    }
    try await save([last], in: store)
    #expect(try await store.read { try $0.request(last.id) } == last)
}

private func oneDecisionEach(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .awaitingCustomer)
    try await save(versions, in: store)
    let again = Decision(
        stage: .customer,
        person: Fixture.mark.id,
        verdict: .approve(.none),
        comment: nil,
        at: Fixture.now
    )
    let wrong = moved(
        versions[1],
        to: versions[1].state,
        decisions: versions[1].decisions + [again]
    )
    await store.refuses("a second decision of one person") { try $0.save(wrong) }
    #expect(try await store.read { try $0.request(wrong.id) } == versions[1])
}

private func grantsNeverChange(_ store: any Store) async throws {
    try await store.populate()
    let versions = try Fixture.history(to: .ended)
    try await save(Array(versions.dropLast()), in: store)
    let last = versions[versions.count - 1]
    let grant = last.state.grant!
    let later = Grant(
        id: grant.id,
        start: grant.start,
        end: grant.end + .seconds(1),
        scope: grant.scope,
        basis: grant.basis
    )
    let second = Grant(
        id: Fixture.id(9),
        start: grant.start,
        end: grant.end,
        scope: grant.scope,
        basis: grant.basis
    )
    for other in [later, second] {
        let wrong = moved(last, to: .ended(other, last.state.ending!), version: last.version)
        await store.refuses("another grant") { try $0.save(wrong) }
    }
    try await save([last], in: store)
    #expect(try await store.read { try $0.request(last.id) } == last)
}
