import LockboxClient
import LockboxWire
import MerkleLog
import Testing

@Suite struct LogVerifierTests {
    private func findings(
        _ log: ExportedLog,
        read: Int? = nil,
        head: Int? = nil,
        memory: LogVerifier.Memory = .init()
    ) throws -> [String] {
        var verifier = LogVerifier(
            notes: [try log.note(head ?? log.leaves.count)],
            keys: [log.signer.verifierKey],
            source: .tree,
            memory: memory
        )
        for leaf in log.leaves.prefix(read ?? log.leaves.count) {
            verifier.read(entry: Array(leaf.utf8))
        }
        return verifier.finish().findings.map(\.description)
    }

    private func memory(_ log: ExportedLog, sizes: [Int], leaves: Int) throws -> LogVerifier.Memory
    {
        .init(
            notes: try sizes.map(log.note),
            leaves: log.leaves.prefix(leaves).map { Hash.leaf(Array($0.utf8)) }
        )
    }

    @Test func grownLogIsInOrder() throws {
        let log = try ExportedLog(records: 34)
        #expect(try findings(log, memory: memory(log, sizes: [0, 12, 20], leaves: 20)) == [])
        #expect(try findings(log) == [])
        #expect(try findings(try ExportedLog(records: 0)) == [])
    }

    @Test func aVerifierGoesOnFromWhatItRead() throws {
        let log = try ExportedLog(records: 34)
        var verifier = LogVerifier(
            notes: [try log.note(20)],
            keys: [log.signer.verifierKey],
            source: .treeAndRecords
        )
        func read(_ records: some Sequence<AuditRecord>) {
            for record in records {
                verifier.read(entry: Array(record.leaf.utf8))
                verifier.read(record)
            }
        }
        read(try log.records().prefix(20))
        let before = verifier
        verifier.goOn(to: try log.note(34), from: try log.note(20))
        read(try log.records().dropFirst(20))
        let report = verifier.finish()
        #expect(report.findings == [] && report.heads == [log.head(20), log.head(34)])
        // A history that has another record where both have one, and ends with the same.
        var other = try ExportedLog(records: 10)
        try other.append(index: 10, activity: "request.denied")
        for index in 11..<34 { try other.append(index: UInt64(index)) }
        verifier = before
        verifier.goOn(to: try other.note(34), from: try log.note(20))
        read(try other.records().dropFirst(20))
        #expect(
            verifier.finish().findings.map(\.description) == [
                "the log was rewritten: its records are not those that were signed at 34; "
                    + "those before record 20 are, so the change is in 20…33"
            ]
        )
    }

    @Test func recordChangedSinceTheLastLookIsNamed() throws {
        let log = try ExportedLog(records: 34)
        var rewritten = try ExportedLog(records: 17)
        try rewritten.append(index: 17, activity: "request.denied")
        for index in 18..<34 { try rewritten.append(index: UInt64(index)) }
        #expect(
            try findings(rewritten, memory: memory(log, sizes: [20], leaves: 20)) == [
                "record 17 was changed: it is not what this place held when the log was verified before"
            ]
        )
        // Without the hashes of the leaves the checkpoints alone tell between which of them it was.
        #expect(
            try findings(rewritten, memory: memory(log, sizes: [10, 20], leaves: 0)) == [
                "the log was rewritten: its records are not those that were signed at 20; "
                    + "those before record 10 are, so the change is in 10…19"
            ]
        )
    }

    @Test func shrunkLogIsNamed() throws {
        let log = try ExportedLog(records: 34)
        let shorter = try ExportedLog(records: 30)
        #expect(
            try findings(shorter, memory: memory(log, sizes: [34], leaves: 34)) == [
                "the log was truncated: it has 30 records, and 34 were signed before"
            ]
        )
    }

    @Test func secondHeadOfOneSizeIsASplitView() throws {
        let log = try ExportedLog(records: 34)
        let other = try ExportedLog(records: 34, name: "Somebody Else")
        #expect(
            try findings(other, memory: memory(log, sizes: [34], leaves: 0)) == [
                "two different logs of 34 records were signed: the log was not shown to everybody alike"
            ]
        )
    }

    @Test func entriesThatDoNotReachTheHeadAreNamed() throws {
        let log = try ExportedLog(records: 34)
        #expect(
            try findings(log, read: 30) == [
                "the export ends at 30 but the checkpoint covers 34: records 30…33 are missing (truncated)"
            ]
        )
    }

    @Test func entriesThatDoNotLeadToTheSignedRootAreNamed() throws {
        let log = try ExportedLog(records: 34)
        var verifier = LogVerifier(
            notes: [try log.note(34)],
            keys: [log.signer.verifierKey],
            source: .tree
        )
        for (index, leaf) in log.leaves.enumerated() {
            let shown =
                index == 17 ? leaf.replacing("request.approved", with: "request.denied") : leaf
            verifier.read(entry: Array(shown.utf8))
        }
        #expect(
            verifier.finish().findings.map(\.description) == [
                "the log was rewritten: its records are not those that were signed at 34; "
                    + "the change is before record 34"
            ]
        )
    }

    @Test func recordWithTheWrongNumberIsNamed() throws {
        var log = try ExportedLog(records: 2)
        try log.append(index: 5)
        #expect(
            try findings(log) == [
                "record 2 was changed: the index shown is not the one in the leaf"
            ]
        )
    }
}
