import LockboxDomain
import LockboxPorts
import MerkleLog

extension SQLTransaction: LogTreeRecords {
    private static let nodeKey = ["log", "position"]
    private static let checkpointKey = ["log", "size"]

    /// Saving the same root again changes nothing; another one for the same place is refused.
    func saveTileRoot(_ hash: Hash, of log: LogID, level: Int, index: UInt64) throws {
        let stored = try treeHashes(of: log, level: level, first: index, count: 1).first
        guard stored != hash else { return }
        try connection.insert(
            [
                "log": .log(log),
                "level": .count(level),
                "position": .position(index),
                "hash": .blob(hash.bytes),
            ],
            into: "log_tile"
        )
    }

    func treeHashes(of log: LogID, level: Int, first: UInt64, count: Int) throws -> [Hash] {
        let end = first.addingReportingOverflow(UInt64(max(count, 0)))
        let values: [SQLValue] = [
            .log(log), .position(first), .position(end.overflow ? .max : end.partialValue),
        ]
        let range = "WHERE log = $1 AND position >= $2 AND position < $3"
        // Not every column: a leaf may be long.
        if level == 0 {
            return try connection.query(
                "SELECT log, position, hash FROM log_entry \(range) ORDER BY position",
                values
            ) { try $0.of("log_entry", key: Self.nodeKey).hash("hash") }
        }
        return try connection.select(
            from: "log_tile",
            key: Self.nodeKey,
            "\(range) AND level = $4 ORDER BY position",
            values + [.count(level)]
        ) { try $0.hash("hash") }
    }

    /// A note that is kept already stays; the same root may be signed again, for instance with a
    /// new key.
    func saveCheckpoint(size: UInt64, root: Hash, note: String, of log: LogID) throws {
        let notes = try connection.select(
            from: "log_checkpoint",
            key: Self.checkpointKey,
            "WHERE log = $1 AND size = $2 ORDER BY ordinal",
            [.log(log), .position(size)]
        ) { try $0.text("note") }
        guard !notes.contains(note) else { return }
        try connection.insert(
            [
                "log": .log(log),
                "size": .position(size),
                "ordinal": .count(notes.count),
                "root": .blob(root.bytes),
                "note": .text(note),
            ],
            into: "log_checkpoint"
        )
    }

    func lastCheckpoint(of log: LogID) throws -> (size: UInt64, note: String)? {
        try connection.selectOne(
            from: "log_checkpoint",
            key: Self.checkpointKey,
            "WHERE log = $1 ORDER BY size DESC, ordinal DESC LIMIT 1",
            [.log(log)]
        ) { row in (try row.position("size"), try row.text("note")) }
    }

    func checkpoints(of log: LogID) throws -> [(size: UInt64, root: Hash)] {
        try connection.query(
            "SELECT DISTINCT log, size, root FROM log_checkpoint WHERE log = $1 ORDER BY size",
            [.log(log)]
        ) { found in
            let row = found.of("log_checkpoint", key: Self.checkpointKey)
            return (try row.position("size"), try row.hash("root"))
        }
    }
}
