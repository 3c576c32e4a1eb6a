import LockboxDomain
import LockboxPorts
import MerkleLog

extension SQLTransaction: LogTreeRecords {
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
        // One row for all: most of the time of a proof went into taking 256 rows apart.
        let (table, level) =
            level == 0 ? ("log_entry", []) : ("log_tile", [SQLValue.count(level)])
        let nodes = try connection.queryOne(
            """
            SELECT \(connection.dialect.positionsWithHashes)
            FROM \(table) \(range)\(level.isEmpty ? "" : " AND level = $4")
            """,
            values + level
        ) { try $0.optionalText(0) }
        let found = try (nodes.flatMap { $0 } ?? "").utf8.split(separator: UInt8(ascii: ",")).map {
            let parts = $0.split(separator: UInt8(ascii: " "))
            guard parts.count == 2, let position = UInt64(Substring(parts[0])),
                let hash = Hex.decode(parts[1]).flatMap({ Hash(bytes: $0) })
            else { throw StoreError.corrupt("\(table) \(log.stored)") }
            return (position, hash)
        }
        // SQL promises no order here.
        return found.sorted { $0.0 < $1.0 }.map(\.1)
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

    func logOrigin() throws -> String? {
        try connection.selectOne(from: "log_origin", key: ["id"], "WHERE id = 1") { row in
            try row.text("origin")
        }
    }

    func fixLogOrigin(_ origin: String) throws {
        guard try logOrigin() != origin else { return }
        try connection.insert(["id": .count(1), "origin": .text(origin)], into: "log_origin")
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
