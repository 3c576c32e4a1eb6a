import LockboxClient
import LockboxWire
import MerkleLog
import Testing

@testable import lockbox

/// What a reader remembers, and what she can show to others.
@Suite struct LogMemoryTests {
    private let log: ExportedLog

    init() throws {
        var log = try ExportedLog(records: 8)
        try log.append(
            index: 8,
            activity: "texts.erased",
            data: [
                "erased": .array([
                    .object(["index": .integer(5), "fields": .array([.string("comment")])])
                ])
            ]
        )
        self.log = log
    }

    /// What a server's log of `records` comes to.
    private func report(
        _ log: ExportedLog,
        erasing: Bool = false,
        named: VerifierKey? = nil,
        memory: LogVerifier.Memory = .init(),
        records wanted: Int? = nil
    ) throws -> AuditReport {
        var verifier = LogVerifier(
            notes: [try log.note(log.leaves.count)],
            keys: [self.log.signer.verifierKey],
            source: .treeAndRecords,
            asked: "tenant:contoso",
            named: named,
            memory: memory
        )
        for leaf in log.leaves { verifier.read(entry: Array(leaf.utf8)) }
        var records = try log.records()
        if erasing { records[5].texts["comment"] = .init(text: nil, salt: nil) }
        for record in records.prefix(wanted ?? .max) { verifier.read(record) }
        return verifier.finish()
    }

    private func codes(_ report: AuditReport) -> [String] {
        report.findings.flatMap(FindingEntry.all).map(\.code)
    }

    @Test func textThatIsGoneByARecordSinceTheLastLookIsInOrder() throws {
        let before = try report(try ExportedLog(records: 8))
        #expect(before.findings == [])
        let memory = LogVerifier.Memory(
            notes: [try log.note(8)],
            leaves: before.leaves,
            texted: before.texted
        )
        #expect(codes(try report(log, erasing: true, memory: memory)) == [])
    }

    @Test func textThatIsGoneByAnOlderRecordIsAFinding() throws {
        let seen = try report(log)
        #expect(codes(seen) == ["not-erased"])
        let memory = LogVerifier.Memory(
            notes: [try log.note(9)],
            leaves: seen.leaves,
            texted: seen.texted
        )
        let now = try report(log, erasing: true, memory: memory)
        #expect(now.findings == [.vanished(record: 5)])
    }

    @Test func textThatIsBackIsAFinding() throws {
        let seen = try report(log, erasing: true)
        #expect(seen.findings == [])
        let memory = LogVerifier.Memory(leaves: seen.leaves, texted: seen.texted)
        #expect(codes(try report(log, memory: memory)) == ["not-erased", "text-vanished"])
    }

    @Test func serverThatKeepsRecordsBackIsFound() throws {
        #expect(
            codes(try report(log, erasing: true, records: 7)).contains("log-truncated")
        )
        #expect(codes(try report(log, erasing: true, records: 0)).contains("log-truncated"))
    }

    @Test func anotherKeyThatTheServerNamesIsFound() throws {
        let other = try ExportedLog(records: 9, seed: 8)
        let found = try report(other, named: other.signer.verifierKey)
        #expect(codes(found).contains("key-changed"))
        #expect(found.keys == [log.signer.verifierKey])
    }

    @Test func logOfAnotherTenantIsFound() throws {
        var verifier = LogVerifier(
            notes: [try log.note(9)],
            keys: [log.signer.verifierKey],
            source: .records,
            asked: "tenant:fabrikam"
        )
        for record in try log.records() { verifier.read(record) }
        #expect(
            verifier.finish().findings.first
                == .wrongLog(name: ExportedLog.origin, asked: "tenant:fabrikam")
        )
    }

    // MARK: - Evidence

    private func evidence(_ notes: [LogVerifier.Note], of log: ExportedLog) throws -> [Evidence] {
        var verifier = LogVerifier(
            notes: notes,
            keys: [log.signer.verifierKey],
            source: .tree
        )
        for leaf in log.leaves { verifier.read(entry: Array(leaf.utf8)) }
        return verifier.finish().evidence
    }

    @Test func twoHistoriesAreShownToWhoWasNotThere() throws {
        let other = try ExportedLog(records: 9, name: "Somebody Else")
        let keys = [log.signer.verifierKey]
        for note in [try other.note(9), try other.note(4)] {
            let found = try #require(try evidence([try log.note(9), note], of: log).first)
            let (smaller, larger) = try found.contradiction(knownKeys: keys)
            #expect(larger.head.size == 9)
            // Of one size, either may be the log's own.
            let heads = [smaller.head, larger.head]
            #expect(heads.contains(log.head(9)))
            #expect(heads.contains { $0.root != log.head(Int($0.size)).root })
            #expect(throws: Evidence.Problem.note(.note(.unsigned))) {
                try found.contradiction(knownKeys: [
                    try ExportedLog(records: 0, seed: 9).signer.verifierKey
                ])
            }
        }
    }

    @Test func shorterLogIsNoContradictionByItself() throws {
        let shorter = try ExportedLog(records: 5)
        let memory = LogVerifier.Memory(
            notes: [try log.note(9)],
            leaves: log.leaves.map { .leaf(Array($0.utf8)) }
        )
        let found = try report(shorter, memory: memory)
        #expect(codes(found) == ["log-shrunk"])
        #expect(found.evidence == [])
        var rewritten = try ExportedLog(records: 4)
        try rewritten.append(index: 4, activity: "request.denied")
        let forked = try report(rewritten, memory: memory)
        #expect(codes(forked).contains("log-shrunk"))
        #expect(forked.evidence.count == 1)
    }

    // MARK: - What is told

    @Test func nothingThatALogChoseLooksLikeTheVerdict() throws {
        let hostile = "x\u{202E}\u{9B}2J\nin order: “y”\u{2028}"
        var verifier = LogVerifier(
            notes: [.init(name: hostile, bytes: [])],
            keys: [log.signer.verifierKey],
            source: .records
        )
        verifier.read(line: Array(hostile.utf8))
        let text = AuditText(report: verifier.finish(), subject: hostile, isComplete: true)
        #expect(text.lines.first?.hasPrefix("NOT in order: “x") == true)
        #expect(text.lines.last == "NOT in order: 3 findings")
        for line in text.lines {
            #expect(!line.hasPrefix("in order"))
            #expect(TerminalText.clean(line) == line)
        }
    }
}
