import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofWork = [
        Promise("a lease is found as it was written last, by its lane", leasesAreReadBack),
        Promise("an epoch does not come back", epochsGrow),
        Promise("an order is to be cut until it is marked or confirmed, latest first", cutsAreDue),
        Promise("orders are told apart by their services", ordersAreSelected),
        Promise("saving an order does not touch its mark", savingKeepsTheMark),
        Promise("a notice that has begun is not cancelled but unwanted", begunNoticesStay),
        Promise("due work is counted by its kind, with what fails of it", workIsCounted),
    ]
}

private let first: ID<WorkProcess> = Fixture.id(1)
private let second: ID<WorkProcess> = Fixture.id(2)

private func leasesAreReadBack(_ store: any Store) async throws {
    #expect(try await store.read { try $0.workLease(of: "mail") } == nil)
    var lease = WorkLease(lane: "mail", holder: first, epoch: 1, beat: 1)
    let other = WorkLease(lane: "orders", holder: second, epoch: 7, beat: 9)
    try await store.write { [lease] tx in for lease in [lease, other] { try tx.save(lease) } }
    #expect(try await store.read { try $0.workLease(of: "mail") } == lease)
    (lease.holder, lease.epoch, lease.beat) = (nil, 2, .min)
    try await store.write { [lease] in try $0.save(lease) }
    #expect(try await store.read { try $0.workLease(of: "mail") } == lease)
    #expect(try await store.read { try $0.workLease(of: "orders") } == other)
}

private func epochsGrow(_ store: any Store) async throws {
    try await store.write {
        try $0.save(WorkLease(lane: "mail", holder: first, epoch: 5, beat: 1))
    }
    await store.refuses("an earlier epoch") {
        try $0.save(WorkLease(lane: "mail", holder: second, epoch: 4, beat: 2))
    }
}

private func cutsAreDue(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let orders = try ["a", "b", "c", "d"].enumerated().map { index, name in
        Fixture.removal(
            of: request,
            from: try #require(ServiceID(name)),
            progress: name == "d" ? .confirmed : .pending,
            nextAttempt: Fixture.now + .seconds(Int64(index))
        )
    }
    try await store.write { tx in for order in orders { try tx.save(order) } }
    func due(_ seconds: Int64, limit: Int = 10) async throws -> [String] {
        try await store.read { tx in
            try tx.removalsToCut(at: Fixture.now + .seconds(seconds), of: .all, limit: limit)
                .map(\.service.text)
        }
    }
    #expect(try await due(-1) == [])
    #expect(try await due(1) == ["b", "a"])
    #expect(try await due(5) == ["c", "b", "a"])
    #expect(try await due(5, limit: 1) == ["c"])
    try await store.write { try $0.markCut([orders[0], orders[2]], at: Fixture.now + .seconds(6)) }
    #expect(try await due(5) == ["b"])
    let marked = try await store.read { try $0.removals(of: request.id) }
    #expect(
        marked.map(\.cutAt) == [
            Fixture.now + .seconds(6), nil, Fixture.now + .seconds(6), nil,
        ]
    )
    // The first mark counts.
    try await store.write { try $0.markCut(orders, at: Fixture.now + .seconds(9)) }
    let again = try await store.read { try $0.removals(of: request.id) }
    #expect(again[0].cutAt == Fixture.now + .seconds(6))
    #expect(again[1].cutAt == Fixture.now + .seconds(9))
}

private func ordersAreSelected(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let names = try ["a", "b", "c"].map { try #require(ServiceID($0)) }
    let orders = names.enumerated().map { index, service in
        Fixture.removal(
            of: request,
            from: service,
            nextAttempt: Fixture.now + .seconds(Int64(index))
        )
    }
    try await store.write { tx in for order in orders { try tx.save(order) } }
    func found(_ services: ServiceSelection, limit: Int = 10) async throws -> [String] {
        try await store.read { tx in
            let now = Fixture.now + .seconds(9)
            let cut = try tx.removalsToCut(at: now, of: services, limit: limit)
            let due = try tx.removalsDue(at: now, of: services, limit: limit)
            if limit > cut.count { #expect(cut.reversed() == due) }
            #expect(try tx.nextRemovalAttempt(of: services) == due.first?.nextAttempt)
            return due.map(\.service.text)
        }
    }
    #expect(try await found(.all) == ["a", "b", "c"])
    #expect(try await found(.only([names[2], names[1]])) == ["b", "c"])
    #expect(try await found(.only([names[2], names[1]]), limit: 1) == ["b"])
    #expect(try await found(.only([])) == [])
    #expect(try await found(.allBut([names[0]])) == ["b", "c"])
    #expect(try await found(.allBut([names[0]]), limit: 1) == ["b"])
    #expect(try await found(.allBut([])) == ["a", "b", "c"])
    #expect(try await found(.allBut(Set(names))) == [])
}

private func savingKeepsTheMark(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    var order = Fixture.removal(of: request)
    try await store.write { [order] tx in
        try tx.save(order)
        try tx.markCut([order], at: Fixture.now)
    }
    order.attempts = 1
    try await store.write { [order] in try $0.save(order) }
    let stored = try await store.read { try $0.removals(of: request.id) }
    #expect(stored.map(\.cutAt) == [Fixture.now])
    #expect(stored.map(\.attempts) == [1])
}

private func begunNoticesStay(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let (begun, waiting) = (
        Fixture.notice(1, .reminder, about: request), Fixture.notice(2, .reminder, about: request)
    )
    try await store.write { tx in for notice in [begun, waiting] { try tx.insert(notice) } }
    #expect(try await store.write { try $0.beginNotice(begun.id, at: Fixture.now) })
    try await store.write { try $0.cancelNotices(about: request.id, kinds: [.reminder]) }
    let stored = try await store.read { try $0.notices(about: request.id) }
    #expect(stored.map(\.delivery) == [.queued, .cancelled])
    #expect(stored.map(\.isUnwanted) == [true, false])
    #expect(stored.map(\.begunAt) == [Fixture.now, nil])
    #expect(try await store.write { try $0.beginNotice(waiting.id, at: Fixture.now) } == false)
    var over = stored[0]
    (over.begunAt, over.isUnwanted, over.delivery) = (nil, false, .cancelled)
    try await store.write { [over] in try $0.update(over) }
    #expect(try await store.read { try $0.notices(about: request.id) } == [over, stored[1]])
}

private func workIsCounted(_ store: any Store) async throws {
    try await store.populate()
    let request = try await active(in: store)
    let none = Backlog(due: 0, oldest: nil, failing: 0)
    let counts: @Sendable (any StoreTransaction) throws -> [Backlog] = { tx in
        try WorkLane.allCases.map { try tx.backlog(of: $0, at: Fixture.now) }
    }
    #expect(try await store.read(counts) == [none, none, none, none, none])
    var failed = Fixture.removal(of: request, progress: .failed, nextAttempt: Fixture.now)
    failed.attempts = 2
    let cut = Fixture.removal(
        of: request,
        from: ServiceID("web")!,
        nextAttempt: Fixture.now + TimeSpan(milliseconds: -5)
    )
    let notice = Fixture.notice(1, about: request)
    var trying = Fixture.notice(2, about: request)
    trying.attempts = 1
    trying.nextAttempt = Fixture.now + .hours(1)
    try await store.write { [failed, trying] tx in
        for removal in [failed, cut] { try tx.save(removal) }
        try tx.markCut([cut], at: Fixture.now)
        for notice in [notice, trying] { try tx.insert(notice) }
    }
    #expect(
        try await store.read(counts) == [
            none, Backlog(due: 1, oldest: Fixture.now, failing: 1),
            Backlog(due: 2, oldest: Fixture.now + TimeSpan(milliseconds: -5), failing: 1),
            Backlog(due: 1, oldest: notice.nextAttempt, failing: 1), none,
        ]
    )
    let deadline = try #require(request.state.nextDeadline)
    let late = try await store.read { try $0.backlog(of: .expiry, at: deadline) }
    #expect(late == Backlog(due: 1, oldest: deadline, failing: 0))
}
