package import MerkleLog

/// Verifies a whole log as a server shows it now against what a reader remembers of it.
package struct LogVerifier: Sendable {
    /// What is remembered of a log after a verification.
    package struct Memory: Sendable {
        /// Heads that were signed and shown before.
        package var heads: [TreeHead]
        /// The hashes of the leaves that were seen before.
        package var leaves: [Hash]

        package init(heads: [TreeHead] = [], leaves: [Hash] = []) {
            self.heads = heads
            self.leaves = leaves
        }
    }

    private let head: TreeHead
    private let log: String?
    private let memory: Memory
    private var findings: [AuditFinding] = []

    /// The hashes of the leaves so far, to be remembered.
    package private(set) var leaves: [Hash] = []

    /// `head` is of a checkpoint whose signature by the log's key has been verified; `origin` is
    /// its origin.
    package init(head: TreeHead, origin: String, memory: Memory) {
        self.head = head
        self.memory = memory
        log = Leaf.logName(ofOrigin: origin)
    }

    /// Takes the bytes of the next entry of the log, from the first on.
    package mutating func read(entry: [UInt8]) {
        let index = UInt64(leaves.count)
        let hash = Hash.leaf(entry)
        var flaws: [RecordFlaw] = []
        do throws(Leaf.Problem) {
            let leaf = try Leaf(bytes: entry)
            if leaf.index != index { flaws.append(.member("index")) }
            if let log, leaf.log != log { flaws.append(.log(leaf.log)) }
        } catch {
            flaws.append(.leaf(error))
        }
        if leaves.count < memory.leaves.count, memory.leaves[leaves.count] != hash {
            flaws.append(.remembered)
        }
        if !flaws.isEmpty { findings.append(.changed(record: index, flaws)) }
        leaves.append(hash)
    }

    /// Draws the conclusions once all entries up to the head were read.
    package consuming func finish() -> AuditReport {
        let count = UInt64(leaves.count)
        if count < head.size { findings.append(.truncated(end: count, covered: head.size)) }
        let known = memory.heads.sorted { $0.size < $1.size }
        for before in known where before.size == head.size && before.root != head.root {
            findings.append(.splitView(size: head.size))
        }
        if let largest = known.last, largest.size > head.size {
            findings.append(.shrunk(now: head.size, before: largest))
        }
        let changed = findings.compactMap { finding in
            if case .changed(let record, _) = finding { record } else { nil }
        }
        let heads = known.filter { $0.size != head.size } + [head]
        for case .rewritten(let after, let signed) in ExportVerifier.replay(leaves, heads)
        where !changed.contains(where: { (after..<signed.size).contains($0) }) {
            findings.append(.rewritten(after: after, signed: signed))
        }
        return AuditReport(
            findings: findings,
            records: leaves.count,
            erasedTexts: 0,
            heads: heads.sorted { $0.size < $1.size }
        )
    }
}
