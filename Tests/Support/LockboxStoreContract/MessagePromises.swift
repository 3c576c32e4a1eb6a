import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofMessages = [
        Promise(
            "messages are read back as they were written, in order and by request",
            messagesAreReadBack
        ),
        Promise("the numbers of messages have no gaps and are used once", messagesAreDense),
        Promise("a message belongs to a request and a person that exist", messagesBelong),
        Promise("a support request moves with its thread", supportRequestsMove),
    ]
}

private func message(
    _ number: Int,
    on request: UInt8 = 1,
    by person: Person = Fixture.adam,
    text: String = "Why?"
) -> Message {
    Message(
        number: number,
        request: Fixture.id(request),
        person: person.id,
        text: text,
        at: Fixture.now + .minutes(Int64(number))
    )
}

/// Two requests, saved.
private func furnish(_ store: any Store) async throws {
    try await store.populate()
    for number: UInt8 in [1, 2] {
        let request = try Fixture.request(number)
        try await store.write { try $0.save(request) }
    }
}

private func messagesAreReadBack(_ store: any Store) async throws {
    try await furnish(store)
    let written = [
        message(1, text: "Zeile 1\n\tZeile 2 – “quoted”, 100 %_\\ 'done'; -- 👩‍🔧"),
        message(2, by: Fixture.eve),
        message(3, text: String(repeating: "é", count: 2000)),
    ]
    try await store.write { tx in
        try tx.insert(message(1, on: 2, by: Fixture.gita))
        for one in written { try tx.insert(one) }
        #expect(try tx.messages(on: Fixture.id(1)).count == 3)
    }
    #expect(try await store.read { try $0.messages(on: Fixture.id(1)) } == written)
    #expect(
        try await store.read { try $0.messages(on: Fixture.id(2)) } == [
            message(1, on: 2, by: Fixture.gita)
        ]
    )
    #expect(try await store.read { try $0.messages(on: Fixture.id(9)) } == [])
}

private func messagesAreDense(_ store: any Store) async throws {
    try await furnish(store)
    await store.refuses("a thread that begins with 2") { try $0.insert(message(2)) }
    await store.refuses("a message 0") { try $0.insert(message(0)) }
    try await store.write { try $0.insert(message(1)) }
    await store.refuses("a second message 1") { try $0.insert(message(1, text: "Another")) }
    await store.refuses("a gap") { try $0.insert(message(3)) }
    #expect(try await store.read { try $0.messages(on: Fixture.id(1)) } == [message(1)])
}

private func messagesBelong(_ store: any Store) async throws {
    try await furnish(store)
    await store.refuses("a message on nothing") { try $0.insert(message(1, on: 9)) }
    await store.refuses("a message of nobody") { try $0.insert(message(1, by: Fixture.person(30))) }
    await store.refuses("a message that says nothing") { try $0.insert(message(1, text: "")) }
}

private func supportRequestsMove(_ store: any Store) async throws {
    try await store.populate()
    let (contoso, number) = (Fixture.contoso.id, Fixture.supportRequest().number)
    var support = Fixture.supportRequest()
    var entries: [SupportEntry] = []
    func stored() async throws -> SupportRequest? {
        try await store.read { try $0.supportRequest(number, of: contoso) }
    }
    #expect(try await stored() == support)
    let moves: [(inout SupportRequest) throws -> SupportEntry] = [
        { try $0.write("Try again. 👩‍🔧", by: Fixture.eve, now: Fixture.now) },
        { try $0.close(comment: nil, by: Fixture.sue, now: Fixture.now + .minutes(1)) },
        { try $0.reopen(comment: "No.", by: Fixture.sue, now: Fixture.now + .minutes(2)) },
    ]
    for move in moves {
        let before = support
        let entry = try move(&support)
        entries.append(entry)
        try await store.write { [support] in try $0.save(support, entry) }
        #expect(try await stored() == support)
        await store.refuses("the same entry again") { [support] in try $0.save(support, entry) }
        await store.refuses("what it was before") { try $0.save(before, entry) }
    }
    let (thread, written) = try await store.read { tx in
        (
            try tx.entries(on: number, of: contoso),
            try tx.writtenSupportRequests(of: contoso, after: nil, limit: 9)
        )
    }
    #expect(thread == entries && written == [support])
    let none = try await store.read {
        try $0.writtenSupportRequests(of: contoso, after: number, limit: 9)
    }
    #expect(none == [])
    let closing = try support.close(comment: nil, by: Fixture.sue, now: Fixture.now)
    try await store.write { [support] in try $0.save(support, closing) }
    let closed = try await store.read { tx in
        try tx.supportRequests(of: contoso, openedBy: nil, state: .closed, page: ListPage(limit: 9))
    }
    #expect(closed.items == [support])
    await store.refuses("a request for access for a closed one") { try $0.save(Fixture.request(1)) }
}
