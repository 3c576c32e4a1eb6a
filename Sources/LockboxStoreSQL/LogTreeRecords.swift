import LockboxDomain
import LockboxPorts
import MerkleLog

extension SQLTransaction: LogTreeRecords {
    /// Saving the same root again changes nothing; another one for the same place is refused.
    func saveTileRoot(_ hash: Hash, of log: LogID, level: Int, index: UInt64) throws {
        let stored = try treeHashes(of: log, level: level, first: index, count: 1).first
        guard stored != hash else { return }
        try connection.execute(
            "INSERT INTO log_tile (log, level, position, hash) VALUES ($1, $2, $3, $4)",
            [.log(log), .count(level), .position(index), .blob(hash.bytes)]
        )
    }

    func treeHashes(of log: LogID, level: Int, first: UInt64, count: Int) throws -> [Hash] {
        let end = first.addingReportingOverflow(UInt64(max(count, 0)))
        let values: [SQLValue] = [
            .log(log), .position(first), .position(end.overflow ? .max : end.partialValue),
        ]
        if level == 0 {
            return try connection.query(
                """
                SELECT log, position, hash FROM log_entry WHERE log = $1 AND position >= $2 AND position < $3
                ORDER BY position
                """,
                values
            ) { try Record($0, of: "log_entry", keyColumns: 2).hash(2) }
        }
        return try connection.query(
            """
            SELECT log, position, hash FROM log_tile WHERE log = $1 AND position >= $2 AND position < $3
                AND level = $4 ORDER BY position
            """,
            values + [.count(level)]
        ) { try Record($0, of: "log_tile", keyColumns: 2).hash(2) }
    }

    /// A note that is kept already stays; the same root may be signed again, for instance with a
    /// new key.
    func saveCheckpoint(size: UInt64, root: Hash, note: String, of log: LogID) throws {
        let notes = try connection.query(
            "SELECT log, size, note FROM log_checkpoint WHERE log = $1 AND size = $2 ORDER BY ordinal",
            [.log(log), .position(size)]
        ) { try Record($0, of: "log_checkpoint", keyColumns: 2).text(2) }
        guard !notes.contains(note) else { return }
        try connection.execute(
            "INSERT INTO log_checkpoint (log, size, ordinal, root, note) VALUES ($1, $2, $3, $4, $5)",
            [.log(log), .position(size), .count(notes.count), .blob(root.bytes), .text(note)]
        )
    }

    func lastCheckpoint(of log: LogID) throws -> (size: UInt64, note: String)? {
        try connection.queryOne(
            """
            SELECT log, size, note FROM log_checkpoint WHERE log = $1 ORDER BY size DESC, ordinal DESC LIMIT 1
            """,
            [.log(log)]
        ) { row in
            let record = Record(row, of: "log_checkpoint", keyColumns: 2)
            return (try record.position(1), try record.text(2))
        }
    }

    func checkpoints(of log: LogID) throws -> [(size: UInt64, root: Hash)] {
        try connection.query(
            "SELECT DISTINCT log, size, root FROM log_checkpoint WHERE log = $1 ORDER BY size",
            [.log(log)]
        ) { row in
            let record = Record(row, of: "log_checkpoint", keyColumns: 2)
            return (try record.position(1), try record.hash(2))
        }
    }
}
