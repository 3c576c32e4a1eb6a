import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

func ordersAreKept(_ store: any Store) async throws {
    try await store.populate()
    try await store.write { try $0.save(Fixture.max) }
    let spans: [TimeSpan] = [.hours(1), .hours(3), .hours(2), .hours(3)]
    for (place, span) in spans.enumerated() {
        let at = Fixture.now + .minutes(Int64(place))
        let by = place == 1 ? Fixture.max : Fixture.eve
        let terms = Fixture.terms(duration: span, by: by)
        let request = try Fixture.request(UInt8(place + 1), terms, by: by, at: at)
        try await store.write { try $0.save(request) }
    }
    // Time changes this one no more.
    for version in try Fixture.history(5, to: .rejected, from: Fixture.now + .minutes(4)) {
        try await store.write { try $0.save(version) }
    }
    func id(_ number: UInt8) -> AccessRequestID { Fixture.id(number) }
    let same = [id(2), id(4)].sorted()
    let two = [id(1), id(3), id(4), id(5)].sorted()
    let expected: [(RequestOrder, [AccessRequestID])] = [
        (.newest, [id(5), id(4), id(3), id(2), id(1)]),
        (.oldest, [id(1), id(2), id(3), id(4), id(5)]),
        (.deadline, [id(1), id(2), id(3), id(4), id(5)]),
        (.engineer, two + [id(2)]),
    ]
    for (order, wanted) in expected {
        #expect(try await walk(store, order) == wanted, "\(order)")
    }
    let longest = try await walk(store, .longest)
    #expect(Array(longest.prefix(2)) == same.reversed(), "the longest")
}

/// All requests in `order`, a page of two at a time, and back from the last page.
private func walk(_ store: any Store, _ order: RequestOrder) async throws -> [AccessRequestID] {
    var filter = RequestFilter()
    filter.order = order
    let wanted = filter
    var (page, found): (ListPage, [AccessRequestID]) = (ListPage(limit: 2), [])
    var previous: String?
    while true {
        let slice = try await store.read { [page] in try $0.requests(wanted, page: page) }
        found += slice.items.map(\.id)
        previous = slice.previous
        guard let next = slice.next else { break }
        page.cursor = next
    }
    var back: [AccessRequestID] = []
    while let cursor = previous {
        let page = ListPage(limit: 2, cursor: cursor, isBefore: true)
        let slice = try await store.read { try $0.requests(wanted, page: page) }
        back = slice.items.map(\.id) + back
        previous = slice.previous
    }
    #expect(back == Array(found.prefix(back.count)) && back.count >= found.count - 2, "\(order)")
    return found
}

func awaitedIsCounted(_ store: any Store) async throws {
    try await store.populate()
    let (now, contoso) = (Fixture.now + .minutes(5), Fixture.contoso.id)
    for (number, state) in AccessRequest.StateName.allCases.enumerated() {
        for version in try Fixture.history(UInt8(number + 1), to: state) {
            try await store.write { try $0.save(version) }
        }
    }
    func decisions(_ person: Person, _ tenant: TenantID, _ now: Timestamp) async throws -> Int {
        try await store.read {
            try $0.decisionsAwaited(from: person.id, of: tenant, at: now, most: 10)
        }
    }
    #expect(try await decisions(Fixture.adam, contoso, now) == 1)
    #expect(try await decisions(Fixture.mark, contoso, now) == 0, "he has decided")
    #expect(try await decisions(Fixture.finn, Fixture.fabrikam.id, now) == 0)
    #expect(try await decisions(Fixture.adam, contoso, now + .days(2)) == 0, "it ran out")
    func reviews(_ person: Person) async throws -> Int {
        try await store.read { try $0.reviewsAwaited(from: person.id, at: now, most: 10) }
    }
    #expect(try await reviews(Fixture.mark) == 1)
    #expect(try await reviews(Fixture.eve) == 0, "it is her own")
    func answers() async throws -> Int {
        try await store.read { try $0.answersAwaited(from: Fixture.eve.id, at: now, most: 10) }
    }
    #expect(try await answers() == 0)
    let waiting = Fixture.id(2) as AccessRequestID
    for (number, person) in [Fixture.adam, Fixture.eve].enumerated() {
        let message = Message(
            number: number + 1,
            request: waiting,
            person: person.id,
            text: "Which folder?",
            at: now
        )
        try await store.write { try $0.insert(message) }
        #expect(try await answers() == (number == 0 ? 1 : 0))
    }
    let none = try await store.read {
        try $0.reviewsAwaited(from: Fixture.mark.id, at: now, most: 0)
    }
    #expect(none == 0)
}
