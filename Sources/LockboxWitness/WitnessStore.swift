import Foundation
import GRDB
package import MerkleLog

/// Two checkpoints of one size that one log has signed, with different roots. Nobody but the log could
/// have made both.
package struct Contradiction: Hashable, Sendable {
    package let origin: String
    package let size: UInt64
    /// The signed notes.
    package let first: String
    package let second: String
}

/// What a witness has cosigned last of one log.
package struct WitnessedHead: Hashable, Sendable {
    package let origin: String
    package let head: TreeHead
    /// The checkpoint with the log's signatures and the cosignature.
    package let note: String
    /// When it was cosigned, in seconds since 1970.
    package let time: UInt64
}

/// What a witness has signed and seen, in an SQLite file of its own. Each commit is on the disk before
/// it is told.
package final class WitnessStore: Sendable {
    private let queue: DatabaseQueue

    /// Makes the database of a new witness.
    static func make(_ path: String, key: WitnessKey) throws(WitnessError) {
        // SQLite would make it readable for others.
        guard mknod(path, S_IFREG | 0o600, 0) == 0 else {
            throw .file(path, "it cannot be made")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            try queue.write { database in
                try database.execute(sql: schema)
                try database.execute(
                    sql: "INSERT INTO witness (key) VALUES (?)",
                    arguments: [key.text]
                )
            }
            try queue.close()
        } catch { throw .database("\(error)") }
    }

    private static let schema = """
        -- Whose database this is.
        CREATE TABLE witness (key TEXT NOT NULL) STRICT;
        -- The newest checkpoint of each log that was cosigned.
        CREATE TABLE head (
            origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
            note TEXT NOT NULL, time INTEGER NOT NULL
        ) STRICT;
        -- Every head that a log was seen to have signed, cosigned or not; of one size two at most.
        CREATE TABLE seen (
            origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
            PRIMARY KEY (origin, size, root)
        ) STRICT, WITHOUT ROWID;
        """

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(WitnessLimits.busySeconds)
        configuration.prepareDatabase { database in
            // A cosignature whose record a loss of power takes back could be made over another root
            // afterwards.
            try database.execute(sql: "PRAGMA synchronous = EXTRA")
        }
        return configuration
    }

    /// Opens the database that was made for `key`, and no other.
    init(_ path: String, key: WitnessKey) throws(WitnessError) {
        guard FileManager.default.fileExists(atPath: path) else { throw .stateLost(path) }
        do {
            queue = try DatabaseQueue(path: path, configuration: Self.configuration())
            let owner = try queue.read { database in
                guard try database.tableExists("witness") else { return nil as String? }
                return try String.fetchOne(database, sql: "SELECT key FROM witness")
            }
            guard owner == key.text else { throw WitnessError.stateLost(path) }
        } catch let error as WitnessError {
            throw error
        } catch { throw .database("\(error)") }
    }

    /// Runs `decide` with what was cosigned last of `checkpoint`'s log, and keeps what it returns, in
    /// one transaction: no other process decides meanwhile. `checkpoint`, which the log has signed, is
    /// kept as seen whatever is decided, but for a third root of one size: two convict the log, and
    /// whoever has its key could sign others without end.
    func cosign<Decision: Sendable>(
        _ checkpoint: Checkpoint,
        signed note: String,
        decide: @escaping @Sendable (WitnessedHead?) throws -> (WitnessedHead?, Decision)
    ) async throws -> Decision {
        do {
            return try await queue.write { database in
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO seen (origin, size, root, note)
                        SELECT :origin, :size, :root, :note
                        WHERE (SELECT count(*) FROM seen WHERE origin = :origin AND size = :size) < 2
                        """,
                    arguments: [
                        "origin": checkpoint.origin, "size": Int64(checkpoint.head.size),
                        "root": Data(checkpoint.head.root.bytes), "note": note,
                    ]
                )
                let (next, decision) = try decide(
                    try Self.head(of: checkpoint.origin, in: database)
                )
                if let next {
                    try database.execute(
                        sql: """
                            INSERT INTO head (origin, size, root, note, time) VALUES (?, ?, ?, ?, ?)
                            ON CONFLICT (origin) DO UPDATE
                            SET size = excluded.size, root = excluded.root, note = excluded.note,
                                time = excluded.time
                            """,
                        arguments: [
                            next.origin, Int64(next.head.size), Data(next.head.root.bytes),
                            next.note,
                            Int64(next.time),
                        ]
                    )
                }
                return decision
            }
        } catch let error as DatabaseError {
            throw WitnessError.database("\(error)")
        }
    }

    private static func head(of origin: String, in database: Database) throws -> WitnessedHead? {
        try Row.fetchOne(database, sql: "SELECT * FROM head WHERE origin = ?", arguments: [origin])
            .map(Self.head)
    }

    private static func head(_ row: Row) throws -> WitnessedHead {
        let (size, time): (Int64, Int64) = (row["size"], row["time"])
        guard let size = UInt64(exactly: size), let time = UInt64(exactly: time),
            let root = Hash(bytes: row["root"] as Data)
        else { throw WitnessError.database("a row of “head” is none that this program wrote") }
        return WitnessedHead(
            origin: row["origin"],
            head: TreeHead(size: size, root: root),
            note: row["note"],
            time: time
        )
    }

    /// What was cosigned last of each log.
    package func heads() throws(WitnessError) -> [WitnessedHead] {
        do {
            return try queue.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM head ORDER BY origin").map(Self.head)
            }
        } catch { throw .database("\(error)") }
    }

    /// What was cosigned last of the log whose origin has this SHA-256.
    func note(ofOriginHashed hash: String, by digest: @Sendable (String) -> String) async throws
        -> String?
    {
        let origins = try await queue.read { database in
            try String.fetchAll(database, sql: "SELECT origin FROM head")
        }
        guard let origin = origins.first(where: { digest($0) == hash }) else { return nil }
        return try await queue.read { database in try Self.head(of: origin, in: database)?.note }
    }

    /// Each contradiction that was seen: of `checkpoint`'s log and size, or of all.
    package func contradictions(with checkpoint: Checkpoint? = nil) throws(WitnessError)
        -> [Contradiction]
    {
        var arguments: StatementArguments = []
        var condition = ""
        if let checkpoint {
            condition = "WHERE one.origin = ? AND one.size = ?"
            arguments = [checkpoint.origin, Int64(checkpoint.head.size)]
        }
        do {
            return try queue.read { [arguments, condition] database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT one.origin, one.size, one.note AS first, other.note AS second
                        FROM seen AS one JOIN seen AS other
                            ON other.origin = one.origin AND other.size = one.size
                            AND other.root > one.root
                        \(condition)
                        ORDER BY one.origin, one.size
                        """,
                    arguments: arguments
                ).map { row in
                    let size: Int64 = row["size"]
                    return Contradiction(
                        origin: row["origin"],
                        size: UInt64(max(0, size)),
                        first: row["first"],
                        second: row["second"]
                    )
                }
            }
        } catch { throw .database("\(error)") }
    }
}
