import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

/// One request in each state, created one second apart; the numbers begin at 1.
private func oneOfEach(in store: any Store) async throws -> [AccessRequest] {
    try await store.populate()
    var last: [AccessRequest] = []
    for (number, state) in AccessRequest.StateName.allCases.enumerated() {
        let versions = try Fixture.history(
            UInt8(number + 1),
            to: state,
            from: Fixture.now + .seconds(Int64(number))
        )
        for version in versions { try await store.write { try $0.save(version) } }
        last.append(versions[versions.count - 1])
    }
    return last
}

func dueAtTheInstant(_ store: any Store) async throws {
    #expect(try await store.read { try $0.nextRequestDeadline() } == nil)
    let waiting = try await oneOfEach(in: store).filter { $0.state.nextDeadline != nil }
        .sorted { $0.state.nextDeadline! < $1.state.nextDeadline! }
    #expect(try await store.read { try $0.nextRequestDeadline() } == waiting[0].state.nextDeadline)
    for (number, request) in waiting.enumerated() {
        let deadline = request.state.nextDeadline!
        let before = Timestamp(milliseconds: deadline.milliseconds - 1)
        #expect(
            try await store.read { try $0.requestsDue(at: before, limit: 50) }
                == Array(waiting[..<number])
        )
        #expect(
            try await store.read { try $0.requestsDue(at: deadline, limit: 50) }
                == Array(waiting[...number])
        )
    }
    #expect(
        try await store.read { try $0.requestsDue(at: .latest, limit: 2) } == Array(waiting[..<2])
    )
}

func openRequestsAreOpen(_ store: any Store) async throws {
    let open = try await oneOfEach(in: store).filter { !$0.state.name.isTerminal }
    let (contoso, eve) = (Fixture.contoso.id, Fixture.eve.id)
    #expect(try await store.read { try $0.openRequests(of: nil, engineer: nil) } == open)
    #expect(try await store.read { try $0.openRequests(of: contoso, engineer: nil) } == open)
    #expect(try await store.read { try $0.openRequests(of: nil, engineer: eve) } == open)
    #expect(try await store.read { try $0.openRequests(of: contoso, engineer: eve) } == open)
    #expect(
        try await store.read { try $0.openRequests(of: Fixture.fabrikam.id, engineer: eve) } == []
    )
    #expect(
        try await store.read { try $0.openRequests(of: contoso, engineer: Fixture.mark.id) } == []
    )
}

func openGrantsAreThoseOfOpenRequests(_ store: any Store) async throws {
    let open = try await oneOfEach(in: store).filter { !$0.state.name.isTerminal }
    let grants = open.compactMap { request in
        request.state.grant.map {
            OpenGrant(
                grant: $0,
                request: request.id,
                tenant: Fixture.contoso.id,
                engineer: Fixture.eve.id
            )
        }
    }
    #expect(grants.count == 2)
    #expect(Set(try await store.read { try $0.openGrants() }) == Set(grants))
    let tenants = try await store.read { try $0.tenantsWithOpenGrants() }
    #expect(tenants == [Fixture.contoso.id])
}

func askingIsCounted(_ store: any Store) async throws {
    // One in each state, a second apart, all of Eve's on one support request of Contoso's.
    let all = try await oneOfEach(in: store)
    let (contoso, eve, number) = (Fixture.contoso.id, Fixture.eve.id, all[0].terms.supportRequest)
    let first = Fixture.now
    let waiting = all.filter { $0.state.decideBy != nil }
    func waits(_ tenant: TenantID, _ text: String?, at now: Timestamp) async throws -> Int {
        let asked = text.flatMap(SupportRequestNumber.init) ?? number
        return try await store.read {
            try $0.waitingCount(on: asked, of: tenant, at: now)
        }
    }
    #expect(waiting.count == 2)
    #expect(try await waits(contoso, nil, at: first) == 2)
    let deadlines = waiting.compactMap(\.state.decideBy).sorted()
    #expect(
        try await waits(contoso, nil, at: deadlines[0]) == (deadlines[0] == deadlines[1] ? 0 : 1)
    )
    #expect(try await waits(contoso, nil, at: deadlines[1]) == 0, "over at its deadline")
    #expect(try await waits(contoso, "SR-9999", at: first) == 0)
    #expect(try await waits(Fixture.fabrikam.id, nil, at: first) == 0)

    let denied = all.compactMap { if case .denied(let at) = $0.state { at } else { nil } }
    func denials(_ engineer: PersonID, _ tenant: TenantID) async throws -> (Int, Timestamp?) {
        let found = try await store.read {
            try $0.denials(of: engineer, on: number, of: tenant)
        }
        return (found.count, found.last)
    }
    #expect(try await denials(eve, contoso) == (1, denied.first))
    #expect(try await denials(Fixture.mark.id, contoso) == (0, nil))
    #expect(try await denials(eve, Fixture.fabrikam.id) == (0, nil))
}

/// A request for `engineer` that `program` makes, or she herself, `number` seconds after the others.
private func asked(_ number: UInt8, for engineer: Person, by program: Person?) throws
    -> AccessRequest
{
    let terms = Fixture.terms(by: engineer)
    return try AccessRequest.submit(
        id: Fixture.id(number),
        terms: AccessRequest.Terms(
            tenant: terms.tenant,
            supportRequest: terms.supportRequest,
            engineer: engineer.id,
            reason: terms.reason,
            duration: terms.duration,
            scope: terms.scope,
            notBefore: nil,
            askedBy: program?.id
        ),
        engineer: engineer,
        by: program,
        tenant: Fixture.contoso,
        approvers: [Fixture.adam],
        now: Fixture.now + .seconds(Int64(number))
    ).request
}

func programsAreCounted(_ store: any Store) async throws {
    try await store.populate()
    let (robot, eve, contoso) = (Fixture.robot, Fixture.eve, Fixture.contoso.id)
    let own = try asked(1, for: robot, by: robot)
    let hers = try asked(2, for: eve, by: robot)
    let alone = try asked(3, for: eve, by: nil)
    try await store.write { tx in
        try tx.save(robot)
        for request in [own, hers, alone] { try tx.save(request) }
    }
    #expect(try await store.read { try $0.request(hers.id) } == hers)
    #expect(try await store.read { try $0.openRequests(askedBy: robot.id) } == [own, hers])
    #expect(try await store.read { try $0.openRequests(askedBy: eve.id) } == [])
    let filter = RequestFilter(askedBy: robot.id)
    #expect(
        try await store.read { try $0.requests(filter, page: ListPage(limit: 9)) }.items
            == [hers, own]
    )
    let counts: [(Counted, Int)] = [
        (.requestsBy(eve.id), 1), (.requestsByAt(eve.id, contoso), 1),
        (.requestsOfProgram(robot.id), 2), (.requestsOfProgramAt(robot.id, contoso), 2),
        (.requestsOfProgramAt(robot.id, Fixture.fabrikam.id), 0), (.requestsBy(robot.id), 0),
        (.requestsAbout(contoso), 3),
    ]
    for (counted, count) in counts {
        for place in 1...4 {
            let time = try await store.read {
                try $0.time(ofLatest: place, counted, after: Fixture.now)
            }
            #expect((time != nil) == (place <= count), "\(counted) \(place)")
        }
    }
    var denied = hers
    for (verdict, person) in [
        (Decision.Verdict.approve(.none), Fixture.mark), (.deny, Fixture.adam),
    ] {
        _ = try denied.decide(
            verdict,
            comment: "Not today, please.",
            by: person,
            version: denied.version,
            in: Fixture.context(),
            now: Fixture.now + .minutes(1)
        )
        try await store.write { [denied] in try $0.save(denied) }
    }
    for person in [eve, robot] {
        let found = try await store.read {
            try $0.denials(of: person.id, on: hers.terms.supportRequest, of: contoso)
        }
        #expect(found.count == 1)
    }
}

func programsStayPrograms(_ store: any Store) async throws {
    try await store.populate()
    let robot = Fixture.robot
    try await store.write { try $0.save(robot) }
    #expect(try await store.read { try $0.person(robot.id) } == robot)
    await store.refuses("a program that becomes a person") { tx in
        try tx.save(
            Person(id: robot.id, side: .provider, name: "R", email: robot.email, roles: [])
        )
    }
    let wrong: [(Side, Roles)] = [
        (.provider, [.engineer, .manager]), (.tenant(Fixture.contoso.id), []),
    ]
    for (side, roles) in wrong {
        await store.refuses("a program that decides, or is a tenant's") { tx in
            try tx.save(
                Person(
                    id: Fixture.id(90),
                    side: side,
                    name: "R",
                    email: EmailAddress("r@example-cloud.test")!,
                    roles: roles,
                    isProgram: true
                )
            )
        }
    }
}

func filtersFilter(_ store: any Store) async throws {
    let ours = try await oneOfEach(in: store)
    let otto = Fixture.person(21, "Otto", "otto@example-cloud.test", .engineer, at: .provider)
    let support = Fixture.supportRequest(
        "SR-2001",
        of: Fixture.fabrikam.id,
        openedBy: Fixture.frida.id
    )
    let second = Fixture.supportRequest("SR-1002", openedBy: Fixture.adam.id)
    let third = try Fixture.request(20, about: second, at: Fixture.now + .hours(1))
    let theirs = try Fixture.request(
        30,
        by: otto,
        about: support,
        in: Fixture.fabrikam,
        at: Fixture.now + .hours(2)
    )
    try await store.write { tx in
        try tx.save(otto)
        try tx.insert(second)
        try tx.save(third)
        try tx.save(theirs)
    }
    func list(_ filter: RequestFilter) async throws -> [AccessRequest] {
        try await store.read { try $0.requests(filter, page: ListPage(limit: 100)) }.items
    }
    let newestFirst = [theirs, third] + ours.reversed()
    #expect(try await list(RequestFilter()) == newestFirst)
    #expect(try await list(RequestFilter(tenant: Fixture.fabrikam.id)) == [theirs])
    #expect(try await list(RequestFilter(engineer: otto.id)) == [theirs])
    #expect(try await list(RequestFilter(supportRequest: second.number)) == [third])
    #expect(try await list(RequestFilter(supportOpenedBy: Fixture.adam.id)) == [third])
    #expect(try await list(RequestFilter(supportOpenedBy: Fixture.sue.id)) == ours.reversed())
    for state in AccessRequest.StateName.allCases {
        #expect(
            try await list(RequestFilter(state: state))
                == newestFirst.filter { $0.state.name == state }
        )
    }
    #expect(
        try await list(
            RequestFilter(
                tenant: Fixture.contoso.id,
                state: .awaitingManager,
                supportRequest: second.number,
                engineer: Fixture.eve.id,
                supportOpenedBy: Fixture.adam.id
            )
        ) == [third]
    )
    #expect(
        try await list(RequestFilter(tenant: Fixture.fabrikam.id, engineer: Fixture.eve.id)) == []
    )
    try await contentIsFound(in: store, ours, third, theirs)
}

/// `third` is about another support request than `ours`, `theirs` another engineer's.
private func contentIsFound(
    in store: any Store,
    _ ours: [AccessRequest],
    _ third: AccessRequest,
    _ theirs: AccessRequest
) async throws {
    let newestFirst = [theirs, third] + ours.reversed()
    func list(_ filter: RequestFilter) async throws -> [AccessRequest] {
        try await store.read { try $0.requests(filter, page: ListPage(limit: 100)) }.items
    }
    func found(_ text: String) async throws -> [AccessRequest] {
        var filter = RequestFilter()
        filter.text = text
        return try await list(filter)
    }
    #expect(try await found(third.id.text.lowercased()) == [third])
    #expect(try await found("sr-1002") == [third])
    #expect(try await found("OTTO") == [theirs])
    #expect(try await found("otto@example") == [theirs])
    #expect(try await found(theirs.terms.reason.uppercased()) == newestFirst)
    #expect(try await found(ours[0].terms.scope.accesses[0].resource.name) == newestFirst)
    for nowhere in ["zyzzyva", "%", "_", "\\", "sr\0"] {
        #expect(try await found(nowhere) == [], "\(nowhere.debugDescription)")
    }
    var times = RequestFilter()
    (times.from, times.before) = (third.createdAt, theirs.createdAt)
    #expect(try await list(times) == [third])
    var changes = RequestFilter()
    changes.asksForChanges = true
    #expect(try await list(changes) == newestFirst.filter { $0.terms.scope.allowsChanges })

    var counted = RequestFilter(tenant: Fixture.contoso.id, state: .denied)
    let all = try await store.read { [counted] in try $0.requestCounts(counted, most: 100) }
    let counts = try #require(all)
    #expect(counts[.awaitingManager] == 2 && counts[.denied] == 1)
    #expect(counts.values.reduce(0, +) == ours.count + 1)
    counted.text = "nowhere"
    let none = try await store.read { [counted] in try $0.requestCounts(counted, most: 100) }
    #expect(none == [:])
    let more = try await store.read { try $0.requestCounts(RequestFilter(), most: ours.count) }
    #expect(more == nil, "there are \(ours.count + 2)")
}

func requestPagesAreStable(_ store: any Store) async throws {
    try await store.populate()
    // Three at a time share one instant, so that a page ends between equals.
    let all = try (0..<20).map { number in
        try Fixture.request(UInt8(number), at: Fixture.now + .seconds(Int64(number / 3)))
    }
    try await store.write { tx in for request in all { try tx.save(request) } }
    let expected = all.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }.map(\.id)
    for limit in [1, 2, 3, 7, 19, 20, 21] {
        var seen: [AccessRequestID] = []
        var page = ListPage(limit: limit)
        repeat {
            let found = try await store.read { [page] in
                try $0.requests(RequestFilter(), page: page)
            }
            #expect(found.items.count <= limit && !found.items.isEmpty)
            seen += found.items.map(\.id)
            page.cursor = found.next
        } while page.cursor != nil
        #expect(seen == expected)
        var back: [AccessRequestID] = []
        var isFirst = false
        page = ListPage(limit: limit)
        while let next = try await store.read({ [page] in
            try $0.requests(RequestFilter(), page: page)
        }).next { page.cursor = next }
        repeat {
            let found = try await store.read { [page] in
                try $0.requests(RequestFilter(), page: page)
            }
            back = found.items.map(\.id) + back
            isFirst = found.previous == nil
            page = ListPage(limit: limit, cursor: found.previous, isBefore: true)
        } while !isFirst
        #expect(back == expected, "the same way back")
    }
    let first = try await store.read { try $0.requests(RequestFilter(), page: ListPage(limit: 8)) }
    let newer = try Fixture.request(25, at: Fixture.now + .hours(1))
    try await store.write { try $0.save(newer) }
    let rest = try await store.read {
        try $0.requests(RequestFilter(), page: ListPage(limit: 50, cursor: first.next))
    }
    #expect((first.items + rest.items).map(\.id) == expected)
    #expect(rest.next == nil)
}

// MARK: - Support requests

extension Promise {
    static let ofSupport = [
        Promise(
            "support requests are read back as they were inserted, by tenant and number",
            supportIsReadBack
        ),
        Promise("a number is taken once in one tenant", numbersAreUnique),
        Promise("pages of support requests are complete and stable", supportPagesAreStable),
        Promise("a cursor that is none is refused", cursorsAreChecked),
    ]
}

private func supportIsReadBack(_ store: any Store) async throws {
    try await store.populate()
    let outside = Fixture.supportRequest(
        "INC_42.a",
        subject: "Größer",
        description: "Zeile\n\tZeile",
        service: nil,
        url: "https://tickets.test/42?a=b&c=%20",
        openedBy: Fixture.adam.id,
        openedAt: Fixture.now + .seconds(1)
    )
    let namesake = Fixture.supportRequest(
        "INC_42.a",
        of: Fixture.fabrikam.id,
        openedBy: Fixture.frida.id
    )
    try await store.write { tx in for support in [namesake, outside] { try tx.insert(support) } }
    #expect(
        try await store.read { try $0.supportRequest(outside.number, of: outside.tenant) }
            == outside
    )
    #expect(
        try await store.read { try $0.supportRequests(numbered: outside.number) } == [
            outside, namesake,
        ]
    )
    #expect(
        try await store.read { try $0.supportRequests(numbered: SupportRequestNumber("inc_42.a")!) }
            == []
    )
}

private func numbersAreUnique(_ store: any Store) async throws {
    try await store.populate()
    await #expect(throws: Refusal.alreadyExists(.supportRequest)) {
        try await store.write { try $0.insert(Fixture.supportRequest(subject: "Another")) }
    }
    #expect(
        try await store.read {
            try $0.supportRequest(Fixture.supportRequest().number, of: Fixture.contoso.id)
        }
            == Fixture.supportRequest()
    )
}

private func supportPagesAreStable(_ store: any Store) async throws {
    try await store.write { tx in
        for tenant in [Fixture.contoso, Fixture.fabrikam] { try tx.save(tenant) }
        for person in Fixture.everyone { try tx.save(person) }
        for number in 0..<12 {
            let tenant = number.isMultiple(of: 2) ? Fixture.contoso.id : Fixture.fabrikam.id
            try tx.insert(
                Fixture.supportRequest(
                    "SR-\(100 + number / 2)",
                    of: tenant,
                    service: nil,
                    openedBy: number.isMultiple(of: 2) ? Fixture.sue.id : Fixture.frida.id,
                    openedAt: Fixture.now + .seconds(Int64(number / 5))
                )
            )
        }
    }
    func walk(_ tenant: TenantID?, _ person: PersonID?, limit: Int) async throws -> [SupportRequest]
    {
        var seen: [SupportRequest] = []
        var page = ListPage(limit: limit)
        repeat {
            let found = try await store.read { [page] in
                try $0.supportRequests(of: tenant, openedBy: person, page: page)
            }
            seen += found.items
            page.cursor = found.next
        } while page.cursor != nil
        return seen
    }
    let all = try await walk(nil, nil, limit: 100)
    #expect(Set(all).count == 12)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.openedAt >= $1.openedAt })
    for limit in [1, 5, 12] {
        #expect(try await walk(nil, nil, limit: limit) == all)
        let contoso = all.filter { $0.tenant == Fixture.contoso.id }
        #expect(try await walk(Fixture.contoso.id, nil, limit: limit) == contoso)
        #expect(try await walk(nil, Fixture.sue.id, limit: limit) == contoso)
        #expect(try await walk(Fixture.contoso.id, Fixture.frida.id, limit: limit) == [])
    }
}

private func cursorsAreChecked(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { tx in
        try tx.insert(Fixture.supportRequest("SR-1002"))
        for number in 1...3 {
            try tx.save(try Fixture.request(UInt8(number)))
            try LogWriter.append(in: tx)
        }
    }
    let log = LogID.tenant(Fixture.contoso.id)
    let genuine = try await store.read { tx in
        [
            try tx.requests(RequestFilter(), page: ListPage(limit: 1)).next!,
            try tx.supportRequests(of: nil, openedBy: nil, page: ListPage(limit: 1)).next!,
            try tx.search(LogSearch(), in: log, page: ListPage(limit: 1)).next!,
        ]
    }
    let refusal = Refusal.invalid(
        field: "cursor",
        problem: .malformed(expected: "a cursor from an earlier page")
    )
    let invented = ["", " ", "x", "AAAA", "e30", "💥", String(repeating: "A", count: 5000)]
    func expectRefused(_ cursor: String) async {
        let page = ListPage(limit: 1, cursor: cursor)
        if cursor != genuine[0] {
            await #expect(throws: refusal) {
                try await store.read { try $0.requests(RequestFilter(), page: page) }
            }
        }
        if cursor != genuine[1] {
            await #expect(throws: refusal) {
                try await store.read { try $0.supportRequests(of: nil, openedBy: nil, page: page) }
            }
        }
        if cursor != genuine[2] {
            await #expect(throws: refusal) {
                try await store.read { try $0.search(LogSearch(), in: log, page: page) }
            }
        }
    }
    for cursor in invented + genuine + genuine.map({ $0 + "=" }) + genuine.map({ $0 + "A" })
        + genuine.map({ String($0.dropLast(3)) })
    {
        await expectRefused(cursor)
    }
}
