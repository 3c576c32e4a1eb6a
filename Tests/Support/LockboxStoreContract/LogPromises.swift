import LockboxDomain
import LockboxFixtures
import LockboxPorts
import MerkleLog
import Testing

extension Promise {
    static let ofLogs = [
        Promise(
            "entries and heads are read back as they were appended, each log apart",
            entriesAreReadBack
        ),
        Promise("a log has no gaps", logsAreDense),
        Promise("time does not run backwards in a log", logTimeIsMonotonic),
        Promise("a head moves with its entry", headsMoveWithEntries),
        Promise("a field has one text in one record", fieldsAreUnique),
        Promise("concurrent appends make one dense log", concurrentAppendsAreDense),
        Promise("erasing a text leaves its record and its commitment", erasingLeavesTheCommitment),
    ]

    static let ofTrees = [
        Promise("tile roots are kept once and read back in order", tileRootsAreKept),
        Promise("the lowest level of the tree is the leaves", levelZeroIsTheLeaves),
        Promise("a checkpoint is kept, and never another root of its size", checkpointsAreKept),
        Promise("cosignatures are kept by size and witness", cosignaturesAreKept),
    ]
}

private let contoso = LogID.tenant(Fixture.contoso.id)

private func entriesAreReadBack(_ store: any Store) async throws {
    let fabrikam = LogID.tenant(Fixture.fabrikam.id)
    #expect(try await store.read { try $0.head(of: .provider) } == .empty)
    #expect(try await store.read { try $0.entries(of: contoso, in: 0..<9) } == [])
    var expected: [LogID: [LogEntry]] = [:]
    for log in [fabrikam, .provider, contoso] {
        var writer = LogWriter(log)
        for number in 0..<5 {
            let texts = [
                Fixture.text("requestReason", "Zeile 1\nZeile “2”"),
                Fixture.text("actorName", "Eve"),
                Fixture.text("comment", nil),
            ]
            let (entry, head) = writer.next(
                "request.n\(number)",
                at: Fixture.now + .seconds(Int64(number / 2)),
                by: Fixture.eve.id.text,
                about: number == 3 ? Fixture.id(1) : nil,
                texts: Array(texts.prefix(number)),
                saying: "\(log)"
            )
            try await store.write { try $0.append(entry, head: head) }
            expected[log, default: []].append(entry)
            #expect(try await store.read { try $0.head(of: log) } == head)
        }
    }
    for (log, entries) in expected {
        #expect(try await store.read { try $0.entries(of: log, in: 0..<UInt64.max) } == entries)
        #expect(
            try await store.read { try $0.entries(of: log, in: 1..<3) } == Array(entries[1..<3])
        )
        #expect(try await store.read { try $0.entries(of: log, in: 5..<9) } == [])
    }
    #expect(try await store.read { try $0.logs() } == [.provider, contoso, fabrikam])
}

private func logsAreDense(_ store: any Store) async throws {
    var writer = LogWriter(contoso)
    let steps = (0..<4).map { _ in writer.next() }
    for (number, step) in steps.enumerated() {
        for (other, wrong) in steps.enumerated() where other != number {
            await store.refuses("entry \(other) at \(number)") {
                try $0.append(wrong.entry, head: wrong.head)
            }
        }
        try await store.write { try $0.append(step.entry, head: step.head) }
    }
    #expect(try await store.read { try $0.entries(of: contoso, in: 0..<9) } == steps.map(\.entry))
}

private func logTimeIsMonotonic(_ store: any Store) async throws {
    var writer = LogWriter(contoso)
    let first = writer.next(at: Fixture.now)
    let before = writer
    var early = before
    let backwards = early.next(at: Timestamp(milliseconds: Fixture.now.milliseconds - 1))
    let same = writer.next(at: Fixture.now)
    try await store.write { try $0.append(first.entry, head: first.head) }
    await store.refuses("an earlier time") { try $0.append(backwards.entry, head: backwards.head) }
    try await store.write { try $0.append(same.entry, head: same.head) }
    // Another log has its own time.
    var other = LogWriter(.provider)
    let past = other.next(at: .earliest)
    try await store.write { try $0.append(past.entry, head: past.head) }
}

private func headsMoveWithEntries(_ store: any Store) async throws {
    var writer = LogWriter(contoso)
    let (first, second) = (writer.next(), writer.next(at: Fixture.now + .seconds(1)))
    await store.refuses("a head ahead of its entry") {
        try $0.append(first.entry, head: second.head)
    }
    try await store.write { try $0.append(first.entry, head: first.head) }
    await store.refuses("a head behind its entry") { try $0.append(second.entry, head: first.head) }
    var wrong = second.head
    wrong.lastTime = Fixture.now
    await store.refuses("a head with another time") { [wrong] in
        try $0.append(second.entry, head: wrong)
    }
    #expect(try await store.read { try $0.head(of: contoso) } == first.head)
    #expect(try await store.read { try $0.entries(of: contoso, in: 0..<9) } == [first.entry])
}

private func fieldsAreUnique(_ store: any Store) async throws {
    await store.refuses("two texts of one field") { tx in
        try LogWriter.append(
            texts: [Fixture.text("comment", "a"), Fixture.text("comment", "b")],
            in: tx
        )
    }
}

private func concurrentAppendsAreDense(_ store: any Store) async throws {
    let count = 100
    try await withThrowingTaskGroup { group in
        for number in 0..<count {
            group.addTask {
                _ = try await store.write { try LogWriter.append(saying: "\(number)", in: $0) }
            }
        }
        try await group.waitForAll()
    }
    let (head, entries) = try await store.read { tx in
        (try tx.head(of: contoso), try tx.entries(of: contoso, in: 0..<1000))
    }
    #expect(entries.map(\.index) == (0..<UInt64(count)).map { $0 })
    var range = CompactRange()
    for entry in entries { range.append(.leaf(entry.bytes)) }
    #expect(head.size == UInt64(count) && head.range == range.hashes)
    #expect(Set(entries.map(\.bytes)).count == count)
}

private func erasingLeavesTheCommitment(_ store: any Store) async throws {
    let texts = [Fixture.text("actorName", "Eve Park"), Fixture.text("comment", "Call 555-0100.")]
    let entry = try await store.write { tx in
        try LogWriter.append(texts: texts, in: tx)
        return try LogWriter.append(texts: texts, in: tx)
    }
    let erasure = TextErasure(
        tenant: Fixture.contoso.id,
        texts: [
            .init(index: entry.index, fields: ["comment"], request: nil, supportRequest: nil)
        ],
        cause: .asked(reason: "Asked for.")
    )
    await store.refuses("an erasure without its record") {
        try $0.erase(erasure, recordedAt: entry.index)
    }
    try await store.write { tx in
        let record = try LogWriter.append("texts.erased", in: tx)
        try tx.erase(erasure, recordedAt: record.index)
    }
    let found = try await store.read { try $0.entries(of: contoso, in: 0..<9) }
    #expect(found[0].texts == texts)
    #expect(found[1].bytes == entry.bytes && found[1].hash == entry.hash)
    #expect(found[1].texts == [texts[0], CommittedText(field: "comment", salt: nil, text: nil)])
    #expect(
        try await store.read { try $0.erasures(of: Fixture.contoso.id, at: [0, 1, 2]) } == [
            1: ["comment": 2]
        ]
    )
    await store.refuses("an erasure of what is gone") { tx in
        let record = try LogWriter.append("texts.erased", in: tx)
        try tx.erase(erasure, recordedAt: record.index)
    }
    let hits = try await store.read {
        try $0.search(LogSearch(text: "555"), in: contoso, page: ListPage(limit: 9))
    }
    #expect(hits.items.map(\.index) == [0])
}

// MARK: - Trees

private func tileRootsAreKept(_ store: any Store) async throws {
    let roots = (0..<4).map { Hash.leaf([UInt8($0)]) }
    try await store.write { tx in
        for (index, root) in roots.enumerated().reversed() {
            try tx.saveTileRoot(root, of: contoso, level: 1, index: UInt64(index))
        }
        try tx.saveTileRoot(roots[3], of: contoso, level: 2, index: 0)
        try tx.saveTileRoot(roots[0], of: contoso, level: 1, index: 0)
    }
    #expect(
        try await store.read { try $0.treeHashes(of: contoso, level: 1, first: 1, count: 2) }
            == Array(roots[1...2])
    )
    #expect(
        try await store.read { try $0.treeHashes(of: contoso, level: 1, first: 2, count: 9) }
            == Array(roots[2...3])
    )
    #expect(
        try await store.read { try $0.treeHashes(of: contoso, level: 2, first: 0, count: 9) } == [
            roots[3]
        ]
    )
    #expect(
        try await store.read { try $0.treeHashes(of: .provider, level: 1, first: 0, count: 9) }
            == []
    )
    await store.refuses("another root of one tile") {
        try $0.saveTileRoot(roots[1], of: contoso, level: 1, index: 0)
    }
}

private func levelZeroIsTheLeaves(_ store: any Store) async throws {
    let entries = try await store.write { tx in
        try (0..<6).map { try LogWriter.append(saying: "\($0)", in: tx) }
    }
    #expect(
        try await store.read { try $0.treeHashes(of: contoso, level: 0, first: 2, count: 3) }
            == entries[2..<5].map(\.hash)
    )
}

private func checkpointsAreKept(_ store: any Store) async throws {
    let (one, two) = (Hash.leaf([1]), Hash.leaf([2]))
    let log = contoso
    try await store.write { tx in for _ in 0..<12 { try LogWriter.append(in: tx) } }
    #expect(try await store.read { try $0.lastCheckpoint(of: log)?.note } == nil)
    try await store.write { tx in
        try tx.saveCheckpoint(size: 12, root: two, note: "twelve", of: log)
        try tx.saveCheckpoint(size: 9, root: one, note: "nine", of: log)
        try tx.saveCheckpoint(size: 9, root: one, note: "nine", of: log)
        try tx.saveCheckpoint(size: 9, root: one, note: "nine, another key", of: log)
    }
    await store.refuses("another root of one size") {
        try $0.saveCheckpoint(size: 9, root: two, note: "n", of: log)
    }
    await store.refuses("a size beyond the log") {
        try $0.saveCheckpoint(size: 13, root: two, note: "n", of: log)
    }
    let last = try await store.read {
        try $0.lastCheckpoint(of: log).map { [$0.note, "\($0.size)"] }
    }
    #expect(last == ["twelve", "12"])
    let all = try await store.read {
        try $0.checkpoints(of: log).map { TreeHead(size: $0.size, root: $0.root) }
    }
    #expect(all == [TreeHead(size: 9, root: one), TreeHead(size: 12, root: two)])
    #expect(try await store.read { try $0.checkpoints(of: .provider).count } == 0)
}

private func cosignaturesAreKept(_ store: any Store) async throws {
    var writer = LogWriter(contoso)
    for number in 0..<3 {
        let (entry, head) = writer.next("request.n\(number)", at: Fixture.now, by: "system")
        try await store.write { try $0.append(entry, head: head) }
    }
    #expect(try await store.read { try $0.logsBehind("w1", limit: 9) } == [contoso])
    #expect(try await store.read { try $0.lastCosignedSize(of: contoso, by: "w1") } == nil)
    try await store.write { tx in
        try tx.saveCosignature("one", by: "w1", size: 2, of: contoso)
        try tx.saveCosignature("two", by: "w2", size: 2, of: contoso)
        try tx.saveCosignature("old", by: "w1", size: 3, of: contoso)
        try tx.saveCosignature("new", by: "w1", size: 3, of: contoso)
    }
    try await store.read { tx throws in
        #expect(try tx.cosignatures(of: contoso, size: 2) == ["one", "two"])
        #expect(try tx.cosignatures(of: contoso, size: 3) == ["new"])
        #expect(try tx.cosignatures(of: .provider, size: 3) == [])
        #expect(try tx.cosignedSizes(of: contoso, count: 1, limit: 9) == [3, 2])
        #expect(try tx.cosignedSizes(of: contoso, count: 1, limit: 1) == [3])
        #expect(try tx.cosignedSizes(of: contoso, count: 2, limit: 9) == [2])
        #expect(try tx.lastCosignedSize(of: contoso, by: "w1") == 3)
        #expect(try tx.logsBehind("w1", limit: 9) == [])
        #expect(try tx.logsBehind("w2", limit: 9) == [contoso])
        #expect(try tx.checkpointNotes(of: contoso, size: 3) == [])
    }
}
