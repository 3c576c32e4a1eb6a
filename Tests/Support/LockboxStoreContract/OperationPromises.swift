import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

/// A credential of an open grant, saved.
private func issued(_ number: UInt8, in store: any Store) async throws -> Credential {
    let credential = Fixture.credential(number, of: try await active(number, in: store))
    try await store.write { try $0.insert(credential, secretHash: Fixture.secretHash(number)) }
    return credential
}

func operationsWait(_ store: any Store) async throws {
    try await store.populate()
    let (one, two) = (try await issued(1, in: store), try await issued(2, in: store))
    let service = one.resource.service
    let (batch, other) = (
        OpenBatch(grant: one.grant, service: service), OpenBatch(grant: two.grant, service: service)
    )
    func operation(_ line: String, after seconds: Int64) -> OpenOperation {
        OpenOperation(
            at: Fixture.now + .seconds(seconds),
            isWrite: seconds > 1,
            subject: "/\(line)",
            line: line
        )
    }
    let (a, b, c) = (
        operation("a", after: 1), operation("bé", after: 2), operation("c", after: 3)
    )
    #expect(try await store.read { try $0.oldestOpenBatch() } == nil)
    let sizes = try await store.write { tx in
        try [(a, batch), (b, batch), (c, other)].map { operation, batch in
            let size = try tx.add(operation, to: batch, after: tx.size(of: batch))
            #expect(try tx.size(of: batch) == size)
            return size
        }
    }
    #expect(
        sizes == [
            OpenBatchSize(operations: 1, bytes: 2, first: a.at),
            OpenBatchSize(operations: 2, bytes: 6, first: a.at),
            OpenBatchSize(operations: 1, bytes: 2, first: c.at),
        ]
    )
    try await store.read { tx throws in
        #expect(try tx.oldestOpenBatch() == a.at)
        #expect(try tx.openBatches(since: a.at.advanced(-1), limit: 9) == [])
        #expect(try tx.openBatches(since: a.at, limit: 9) == [batch])
        #expect(try tx.openBatches(since: c.at, limit: 9) == [batch, other])
        #expect(try tx.openBatches(since: c.at, limit: 1) == [batch])
        #expect(try tx.openBatches(of: two.grant) == [other])
        #expect(try tx.backlog(of: .operations, at: c.at).due == 1, "the second is too young")
    }
    #expect(try await store.write { try $0.takeOperations(of: batch) } == [a, b])
    #expect(try await store.write { try $0.takeOperations(of: batch) } == [])
    #expect(try await store.read { try $0.size(of: batch) } == nil)
    #expect(try await store.read { try $0.oldestOpenBatch() } == c.at)
}

func operationsAreCounted(_ store: any Store) async throws {
    try await store.populate()
    let grant = try await issued(1, in: store).grant
    let service = Fixture.mailbox.service
    func add(_ subject: String?, _ reads: Int, _ writes: Int) async throws {
        let total = OperationTotal(
            service: service,
            subject: subject,
            reads: reads,
            writes: writes
        )
        try await store.write { try $0.add([total], to: grant) }
    }
    try await add("/a", 1, 0)
    try await add("/b", 2, 1)
    try await add("/a", 0, 1)
    #expect(
        try await store.read { try $0.operationTotals(of: grant) } == [
            OperationTotal(service: service, subject: "/a", reads: 1, writes: 1),
            OperationTotal(service: service, subject: "/b", reads: 2, writes: 1),
        ]
    )
    for number in 0..<Limits.subjectsPerGrant { try await add("/more/\(number)", 1, 0) }
    let totals = try await store.read { try $0.operationTotals(of: grant) }
    #expect(totals.count == Limits.subjectsPerGrant + 1)
    #expect(totals.first { $0.subject == nil }?.reads == 2, "two were too many")
    #expect(totals.reduce(0) { $0 + $1.reads + $1.writes } == Limits.subjectsPerGrant + 5)
    try await add("/a", 1, 0)
    #expect(
        try await store.read { try $0.operationTotals(of: grant) }.first { $0.subject == "/a" }?
            .reads
            == 2,
        "what is known is counted by name still"
    )
}

func positionsGoForward(_ store: any Store) async throws {
    try await store.populate()
    let service = Fixture.mail.service.id
    func save(_ position: Int, in file: String, after span: TimeSpan = .zero) async throws {
        try await store.write { tx in
            try tx.saveStatementPosition(position, in: file, of: service, at: Fixture.now + span)
        }
    }
    func position(in file: String) async throws -> Int? {
        try await store.read { try $0.statementPosition(in: file, of: service) }
    }
    #expect(try await position(in: "a") == nil)
    try await save(10, in: "a")
    try await save(12, in: "a")
    try await save(5, in: "b", after: .days(300))
    await #expect(throws: (any Error).self) { try await save(11, in: "a") }
    #expect(try await position(in: "a") == 12)
    // A new file makes room, and what was read of a file lately stays.
    try await save(1, in: "c", after: .days(500))
    #expect(try await position(in: "a") == nil)
    #expect(try await position(in: "b") == 5)
    #expect(try await position(in: "c") == 1)
}
