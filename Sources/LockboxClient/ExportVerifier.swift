package import LockboxWire
package import MerkleLog

/// Verifies an exported audit log against signed checkpoints, without asking any server.
///
/// The key and the checkpoints are trusted; the export is not, nor is any hash or proof in it. A
/// checkpoint from before, kept by the reader, also shows what a provider who holds the key has
/// rewritten since.
package struct ExportVerifier: Sendable {
    /// A checkpoint that has not been looked at yet.
    package struct Note: Sendable {
        /// Where it came from, for findings.
        package let name: String
        package let bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    private struct Line {
        let number: Int
        let index: UInt64
        /// The size of the log that its proof leads to.
        let size: UInt64
        let hash: Hash
        let flaws: [RecordFlaw]
        let isProven: Bool
    }

    private let isComplete: Bool
    private let log: String?
    private let heads: [TreeHead]
    private let roots: [UInt64: Hash]
    private var findings: [AuditFinding] = []
    private var lines: [Line] = []
    private var lineCount = 0
    private var erased = 0

    /// `isComplete` says that the export shall hold the whole log up to the newest checkpoint, not
    /// only what a search found.
    package init(notes: [Note], key: VerifierKey, isComplete: Bool) {
        self.isComplete = isComplete
        log = Leaf.logName(ofOrigin: key.name)
        var roots: [UInt64: Hash] = [:]
        for note in notes {
            do throws(CheckpointError) {
                let head = try Self.open(note, key: key)
                if let known = roots[head.size], known != head.root {
                    findings.append(.splitView(size: head.size))
                }
                roots[head.size] = roots[head.size] ?? head.root
            } catch {
                findings.append(.checkpoint(name: note.name, error))
            }
        }
        self.roots = roots
        heads = roots.map { TreeHead(size: $0, root: $1) }.sorted { $0.size < $1.size }
        if heads.isEmpty { findings.append(.noCheckpoint) }
    }

    private static func open(_ note: Note, key: VerifierKey) throws(CheckpointError) -> TreeHead {
        let signed: SignedNote
        do { signed = try SignedNote(parsing: note.bytes) } catch { throw .note(error) }
        return try Checkpoint(opening: signed, origin: key.name, logKey: key).head
    }

    /// Takes the next line of the export as it stands in the file. Gives where in the log it says it
    /// stands, and the hash of its leaf; nil if it is no record.
    @discardableResult
    package mutating func read(line: some Sequence<UInt8>) -> Hash? {
        guard let read = RecordLine(line) else {
            lineCount += 1
            findings.append(.unreadable(line: lineCount))
            return nil
        }
        take(read.record, read.flaws)
        return lines.last?.hash
    }

    /// Takes the next record of the export.
    package mutating func read(_ record: AuditRecord) { take(record, []) }

    private mutating func take(_ record: AuditRecord, _ flaws: [RecordFlaw]) {
        lineCount += 1
        var check = RecordCheck(record, log: log)
        let isProven = check.prove(with: roots)
        erased += check.erased
        lines.append(
            Line(
                number: lineCount,
                index: record.index,
                size: record.size ?? 0,
                hash: check.hash,
                flaws: flaws + check.flaws,
                isProven: isProven
            )
        )
    }

    /// Draws the conclusions.
    package consuming func finish() -> AuditReport {
        let newest = heads.last?.size ?? 0
        let (kept, misplaced) = Self.sortOut(lines, newest: newest)
        let sorted = kept.sorted { $0.index < $1.index }
        let isWhole = isComplete && kept.count == newest && !heads.isEmpty
        let replay = isWhole ? Self.replay(sorted.map(\.hash), heads) : []
        let isGenuine = isWhole && replay.isEmpty
        // Where no record has a proof, their lack says nothing of any one of them; the roots must
        // tell.
        let proofsMatter = !isWhole || kept.contains(where: \.isProven)

        findings += misplaced
        let ofRecords = sorted.compactMap { line in
            Self.finding(of: line, isGenuine: isGenuine, proofsMatter: proofsMatter).map {
                (line.index, $0)
            }
        }
        findings += ofRecords.map(\.1)
        if isComplete, !heads.isEmpty {
            findings += Self.gaps(Set(kept.map(\.index)), newest: newest)
            findings += Self.disorder(kept.map(\.index))
        }
        // That the log does not lead to its root is news only where no record is known to be the
        // reason.
        for case .rewritten(let after, let signed) in replay
        where !ofRecords.contains(where: { (after..<signed.size).contains($0.0) }) {
            findings.append(.rewritten(after: after, signed: signed))
        }
        return AuditReport(
            findings: findings,
            records: lines.count,
            erasedTexts: erased,
            heads: heads
        )
    }

    /// A record that is right but for its proof is told apart once the leaves as a whole are known
    /// to be genuine.
    private static func finding(of line: Line, isGenuine: Bool, proofsMatter: Bool) -> AuditFinding?
    {
        let others = line.flaws.filter { $0 != .proof && $0 != .noProof }
        if !others.isEmpty { return .changed(record: line.index, isGenuine ? others : line.flaws) }
        if line.flaws.contains(.proof) {
            return isGenuine
                ? .wrongProof(record: line.index) : .changed(record: line.index, line.flaws)
        }
        return line.isProven || isGenuine || !proofsMatter ? nil : .unproven(record: line.index)
    }

    /// Keeps one line for each index of the log; tells which of the others are copies and which
    /// were put in.
    private static func sortOut(_ lines: [Line], newest: UInt64) -> (
        kept: [Line], misplaced: [AuditFinding]
    ) {
        var kept: [Line] = []
        var findings: [AuditFinding] = []
        var uncovered: [UInt64] = []
        let byIndex = Dictionary(grouping: lines, by: \.index)
        for line in lines {
            guard line.index < newest else {
                if line.size > newest {
                    uncovered.append(line.index)
                } else {
                    findings.append(.inserted(record: line.index, line: line.number))
                }
                continue
            }
            let rivals = byIndex[line.index] ?? []
            let genuine =
                rivals.first { $0.isProven } ?? rivals.first { $0.flaws.isEmpty } ?? rivals[0]
            if line.number == genuine.number {
                kept.append(line)
                let copies = rivals.filter { $0.hash == line.hash }
                if copies.count > 1 {
                    findings.append(.repeated(record: line.index, lines: copies.map(\.number)))
                }
            } else if line.hash != genuine.hash {
                findings.append(.inserted(record: line.index, line: line.number))
            }
        }
        if !uncovered.isEmpty, newest > 0 {
            findings.append(.uncovered(records: uncovered.sorted(), newest: newest))
        }
        return (kept, findings)
    }

    /// The runs of indices that are not there. The last one, up to the end, is a truncation.
    private static func gaps(_ present: Set<UInt64>, newest: UInt64) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var expected: UInt64 = 0
        for index in present.sorted() {
            if index > expected { findings.append(.missing(expected...index - 1)) }
            expected = index + 1
        }
        if expected < newest { findings.append(.truncated(end: expected, covered: newest)) }
        return findings
    }

    /// Each smallest stretch of lines that would have to be sorted.
    private static func disorder(_ indices: [UInt64]) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        // The smallest index from each place to the end: a stretch ends where all before are below
        // all after.
        var smallestAfter = indices
        for place in indices.indices.dropLast().reversed() {
            smallestAfter[place] = min(indices[place], smallestAfter[place + 1])
        }
        var stretch: [UInt64] = []
        var largest: UInt64 = 0
        for (place, index) in indices.enumerated() {
            stretch.append(index)
            largest = max(largest, index)
            guard place + 1 == indices.count || largest <= smallestAfter[place + 1] else {
                continue
            }
            if stretch.count > 1 { findings.append(.outOfOrder(records: stretch.sorted())) }
            stretch = []
        }
        return findings
    }

    /// The heads that these leaves do not lead to, each with the last size at which they did.
    static func replay(_ leaves: [Hash], _ heads: [TreeHead]) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var range = CompactRange()
        var good: UInt64 = 0
        var bad: UInt64?
        for head in heads.sorted(by: { $0.size < $1.size })
        where head.size > good && head.size <= leaves.count {
            while range.size < head.size { range.append(leaves[Int(range.size)]) }
            if range.root == head.root {
                good = head.size
            } else if bad != good {
                // A larger head that fails too, with nothing right between, tells nothing more.
                bad = good
                findings.append(.rewritten(after: good, signed: head))
            }
        }
        return findings
    }
}
