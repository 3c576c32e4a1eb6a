package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// Checks whole logs from the inside: records against the tree, texts against commitments,
/// checkpoints against the tree, and the tables of state against what the records say happened.
package struct LogCheck: Sendable {
    package struct Report: Sendable {
        package let log: String
        package let records: UInt64
        package let checkpoints: Int
        /// Each in words; empty if all is as it should be.
        package let differences: [String]
    }

    private static let batch: UInt64 = 512

    private let store: any Store

    package init(store: any Store) { self.store = store }

    /// Checks every log, or one tenant's.
    package func run(only tenant: TenantID?) async throws -> [Report] {
        let logs = try await store.read { tx in try tx.logs() }
        var reports: [Report] = []
        for log in logs where tenant == nil || log.tenant == tenant {
            // One view for each log, so that the server may run on meanwhile.
            reports.append(try await store.read { tx in try Self.check(log, in: tx) })
        }
        return reports
    }

    /// Checks one log.
    package func run(on log: LogID) async throws -> Report {
        try await store.read { tx in try Self.check(log, in: tx) }
    }

    private static func check(_ log: LogID, in tx: any StoreTransaction) throws -> Report {
        let head = try tx.head(of: log)
        let signed = try tx.checkpoints(of: log)
        var differences: [String] = []
        var replay = LogReplay(heads: signed.map { TreeHead(size: $0.size, root: $0.root) })
        var state = LogReplayState()
        var lastTime: Timestamp?
        var position: UInt64 = 0
        while position < head.size {
            let entries = try tx.entries(of: log, in: position..<min(position + batch, head.size))
            guard !entries.isEmpty else { break }
            for entry in entries {
                if entry.index != position {
                    differences.append("record \(position) is missing; found \(entry.index)")
                }
                let record = LogRecordCheck(entry, log: log)
                differences += record.differences
                if let last = lastTime, entry.time < last {
                    differences.append("record \(entry.index) is older than the one before")
                }
                lastTime = entry.time
                replay.append(leaf: entry.bytes)
                state.read(record)
                position += 1
            }
        }
        if position != head.size {
            differences.append("the head says \(head.size) records, but there are \(position)")
        }
        if CompactRange(size: head.size, hashes: head.range)?.root != replay.root {
            differences.append("the records do not hash to the head of the tree")
        }
        do {
            // `finish`, not `fault`: a checkpoint beyond the last record says that records were
            // taken off the end.
            try replay.finish()
        } catch {
            differences.append("\(error)")
        }
        if let last = try tx.lastCheckpoint(of: log) {
            differences += noteDifferences(size: last.size, note: last.note, signed: signed)
        }
        differences += try treeDifferences(log, head, in: tx)
        differences += try state.differences(log, in: tx)
        return Report(
            log: log.logName,
            records: position,
            checkpoints: signed.count,
            differences: differences
        )
    }

    /// The newest note, which is what readers are given, against the root that was kept with it.
    /// Whether the signature is ours is for whoever has our key.
    private static func noteDifferences(
        size: UInt64,
        note: String,
        signed: [(size: UInt64, root: Hash)]
    ) -> [String] {
        do {
            let head = try Checkpoint(parsing: SignedNote(parsing: Array(note.utf8)).text).head
            if head.size == size,
                signed.contains(where: { $0.size == size && $0.root == head.root })
            {
                return []
            }
        } catch {
            return ["the note of the checkpoint at \(size) cannot be read: \(error)"]
        }
        return ["the note of the checkpoint at \(size) does not say what was signed"]
    }

    /// The stored roots of full tiles against the leaf hashes below them.
    private static func treeDifferences(_ log: LogID, _ head: LogHead, in tx: any StoreTransaction)
        throws -> [String]
    {
        var differences: [String] = []
        for tile in Tile.all(ofSize: head.size) where tile.width == Tile.fullWidth {
            let below = try tx.treeHashes(
                of: log,
                level: tile.level,
                first: tile.index * 256,
                count: 256
            )
            guard below.count == 256 else {
                differences.append("tile \(tile.path) has gaps")
                continue
            }
            var range = CompactRange()
            for hash in below { range.append(hash) }
            if try tx.treeHashes(of: log, level: tile.level + 1, first: tile.index, count: 1).first
                != range.root
            {
                differences.append("tile \(tile.path) does not hash to its root")
            }
        }
        return differences
    }
}
