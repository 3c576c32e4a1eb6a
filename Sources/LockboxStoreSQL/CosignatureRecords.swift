import LockboxDomain
import LockboxPorts

extension SQLTransaction: CosignatureRecords {
    private static let cosignatureKey = ["log", "size", "witness"]

    func saveCosignature(_ line: String, by witness: String, size: UInt64, of log: LogID) throws {
        try connection.save(
            [
                "log": .log(log), "size": .position(size), "witness": .text(witness),
                "line": .text(line),
            ],
            in: "cosignature",
            key: Self.cosignatureKey
        )
    }

    func cosignatures(of log: LogID, size: UInt64) throws -> [String] {
        try connection.select(
            from: "cosignature",
            key: Self.cosignatureKey,
            "WHERE log = $1 AND size = $2 ORDER BY witness",
            [.log(log), .position(size)]
        ) { try $0.text("line") }
    }

    func cosignedSizes(of log: LogID, count: Int, limit: Int) throws -> [UInt64] {
        try connection.query(
            """
            SELECT size FROM cosignature WHERE log = $1
            GROUP BY size HAVING count(*) >= $2 ORDER BY size DESC LIMIT $3
            """,
            [.log(log), .count(count), .limit(limit)]
        ) { try $0.position(0) }
    }

    func lastCosignedSize(of log: LogID, by witness: String) throws -> UInt64? {
        try connection.selectOne(
            from: "cosignature",
            key: Self.cosignatureKey,
            "WHERE witness = $1 AND log = $2 ORDER BY size DESC LIMIT 1",
            [.text(witness), .log(log)]
        ) { try $0.position("size") }
    }

    func logsBehind(_ witness: String, limit: Int) throws -> [LogID] {
        try connection.select(
            from: "log_head",
            key: ["log"],
            """
            WHERE size > coalesce((
                SELECT max(cosignature.size) FROM cosignature
                WHERE cosignature.witness = $1 AND cosignature.log = log_head.log), 0)
            ORDER BY log LIMIT $2
            """,
            [.text(witness), .limit(limit)]
        ) { try $0.log("log") }
    }

    func checkpointNotes(of log: LogID, size: UInt64) throws -> [String] {
        try connection.select(
            from: "log_checkpoint",
            key: ["log", "size", "ordinal"],
            "WHERE log = $1 AND size = $2 ORDER BY ordinal",
            [.log(log), .position(size)]
        ) { try $0.text("note") }
    }
}
