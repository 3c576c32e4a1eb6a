import LockboxClient
import MerkleLog
import Testing

@Suite struct WitnessingTests {
    private func witness(_ number: UInt8, _ name: String? = nil) throws -> WitnessSigner {
        try WitnessSigner(
            name: name ?? "w\(number).example",
            seed: Array(repeating: number, count: 32)
        )
    }

    /// The head of the first `size` records, cosigned at these times, in seconds.
    private func note(_ log: ExportedLog, _ size: Int, _ cosigners: [(WitnessSigner, UInt64)] = [])
        throws -> LogVerifier.Note
    {
        let plain = try log.note(size)
        var note = try SignedNote(parsing: plain.bytes)
        for (witness, time) in cosigners {
            note = try note.adding(try witness.cosign(note.text, at: time))
        }
        return .init(name: plain.name, bytes: Array(note.encoded.utf8))
    }

    private func report(
        _ log: ExportedLog,
        _ notes: [LogVerifier.Note],
        _ keys: [WitnessKey],
        needed: Int? = nil,
        oldest: Int64? = nil
    ) throws -> AuditReport {
        var verifier = LogVerifier(
            notes: notes,
            keys: [log.signer.verifierKey],
            source: .tree,
            oldest: oldest,
            witnessing: Witnessing(keys: keys, needed: needed)
        )
        for leaf in log.leaves { verifier.read(entry: Array(leaf.utf8)) }
        return verifier.finish()
    }

    private func codes(_ report: AuditReport) -> [String] {
        report.findings.flatMap(FindingEntry.all).map(\.code)
    }

    @Test func thoseWhoCosignedAreToldWithTheirTimes() throws {
        let log = try ExportedLog(records: 5)
        let (one, two, three) = (try witness(1), try witness(2), try witness(3))
        let report = try report(
            log,
            [try note(log, 5, [(one, 10), (three, 30)])],
            [one.key, two.key, three.key],
            needed: 2
        )
        #expect(codes(report) == [])
        #expect(report.witnessed?.head?.size == 5)
        #expect(report.witnessed?.witnesses.map(\.time) == [10, 30])
    }

    @Test func fewerThanNeededAreAFinding() throws {
        let log = try ExportedLog(records: 5)
        let (one, two) = (try witness(1), try witness(2))
        let report = try report(log, [try note(log, 5, [(one, 10)])], [one.key, two.key])
        #expect(codes(report) == ["witness-missing"])
        #expect(
            report.findings.map(\.description) == [
                "1 of the 2 witnesses that are needed have cosigned the checkpoint; not by: “w2.example”"
            ]
        )
        // Strangers do not count, however many.
        let strangers = try (10..<20).map { (try witness($0), UInt64(10)) }
        let others = try self.report(log, [try note(log, 5, strangers)], [one.key])
        #expect(codes(others) == ["witness-missing"])
    }

    @Test func oneWitnessCountsOnceWhateverItIsCalled() throws {
        let log = try ExportedLog(records: 5)
        let (one, same) = (try witness(1), try witness(1, "other.example"))
        let head = try note(log, 5, [(one, 10), (same, 10)])
        #expect(codes(try report(log, [head], [one.key, same.key])) == ["witness-missing"])
        #expect(codes(try report(log, [head], [one.key, same.key], needed: 1)) == [])
    }

    @Test func aLineThatIsNotByTheWitnessItNamesSpoilsTheNote() throws {
        let log = try ExportedLog(records: 5)
        let one = try witness(1)
        let other = try SignedNote(parsing: try log.note(4).bytes)
        let plain = try SignedNote(parsing: try log.note(5).bytes)
        let spoilt = try plain.adding(try one.cosign(other.text, at: 10))
        let report = try report(
            log,
            [.init(name: "head", bytes: Array(spoilt.encoded.utf8))],
            [one.key]
        )
        #expect(codes(report) == ["note-bad-signature"])
    }

    @Test func whatWitnessesHaveNotSeenIsToldAndMayNotBeOld() throws {
        let log = try ExportedLog(records: 5)
        let one = try witness(1)
        let notes = [try note(log, 5), try note(log, 3, [(one, 100)])]
        let recent = try report(log, notes, [one.key], oldest: 99_000)
        #expect(codes(recent) == [])
        #expect(recent.witnessed?.head?.size == 3)
        #expect(
            codes(try report(log, notes, [one.key], oldest: 101_000)).contains("witness-behind")
        )
        // Nobody said how long a witness may take.
        #expect(codes(try report(log, notes, [one.key])) == ["witness-behind"])
    }

    @Test func cosignaturesOfAnotherHistoryDoNotCount() throws {
        let log = try ExportedLog(records: 5)
        let fork = try ExportedLog(records: 5, name: "Somebody Else")
        let one = try witness(1)
        let report = try report(log, [try note(log, 5), try note(fork, 5, [(one, 10)])], [one.key])
        #expect(codes(report).contains("two-heads"))
    }
}
