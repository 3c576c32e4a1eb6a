package import Foundation
import GRDB
package import LockboxPorts
package import LockboxStoreSQL
import Synchronization

/// The store's database in one SQLite file: many readers on snapshots, a few for each lane, and one
/// writer that commits in groups.
///
/// The file may be shared with other processes of this machine, not over a network file system.
package final class SQLiteEngine: SQLEngine {
    /// The writer, and the readers of the ordinary lane.
    private let pool: DatabasePool
    private let endingAccess: DatabasePool
    private let bulk: DatabasePool
    private let checkpoints: Checkpoints
    private let files: OpenedFiles
    let writer: GroupWriter
    private let queue: WriteQueue
    /// `PRAGMA data_version` of the writer as `changedElsewhere` last saw it.
    private let seenVersion: Mutex<Int64>
    /// Removed with everything in it on closing.
    let temporaryFolder: String?

    /// Opens the database at `path` and makes it if there is none. The file is for its owner alone.
    package convenience init(path: String) throws {
        try self.init(path: path, durability: .full, temporaryFolder: nil)
    }

    /// A new database in a temporary folder that `close` removes. It never waits for the disk, for
    /// nobody reads it again. It begins as `copy`, or empty.
    package static func temporary(from copy: Data? = nil) throws -> SQLiteEngine {
        let folder = try DatabaseFile.temporaryFolder()
        let path = folder + "/lockbox.sqlite"
        try copy?.write(to: URL(filePath: path))
        return try SQLiteEngine(path: path, durability: .none, temporaryFolder: folder)
    }

    /// The bytes of the database, as one file.
    func copy() throws -> Data {
        let folder = try DatabaseFile.temporaryFolder()
        defer {
            try? FileManager.default.removeItem(atPath: folder)  // best effort: a small file stays
        }
        let path = folder + "/copy.sqlite"
        try translatingErrors {
            try pool.writeWithoutTransaction { writer in
                try writer.execute(sql: "VACUUM INTO ?", arguments: [path])
            }
        }
        return try Data(contentsOf: URL(filePath: path))
    }

    private init(path: String, durability: Durability, temporaryFolder: String?) throws {
        try DatabaseFile.protect(path)
        let opened = try translatingErrors { try Self.open(path, durability) }
        let (pool, version, checkpoints) = opened
        self.pool = pool
        endingAccess = try translatingErrors { try Self.readers(of: path, .endingAccess) }
        bulk = try translatingErrors { try Self.readers(of: path, .bulk) }
        self.checkpoints = checkpoints
        self.seenVersion = Mutex(version)
        self.temporaryFolder = temporaryFolder
        files = OpenedFiles(path: path)
        let writer = GroupWriter(pool: pool, checkpoints: checkpoints, files: files)
        self.writer = writer
        self.queue = WriteQueue(commit: writer.commit)
    }

    /// Making a new file a WAL database does not wait for another process that does the same; it
    /// fails as busy at once.
    private static func open(
        _ path: String,
        _ durability: Durability
    ) throws -> (pool: DatabasePool, version: Int64, checkpoints: Checkpoints) {
        var attempt = 1
        while true {
            do {
                let pool = try DatabasePool(path: path, configuration: configuration(.ordinary))
                let version = try pool.writeWithoutTransaction { writer in
                    try durability.enforce(on: writer)
                    return try dataVersion(writer)
                }
                let checkpoints = try Checkpoints(
                    path: path,
                    configuration: configuration(.ordinary)
                )
                return (pool, version, checkpoints)
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY && attempt < SQLiteLimits.openAttempts
            {
                attempt += 1
                usleep(SQLiteLimits.betweenOpenAttemptsMicroseconds)
            }
        }
    }

    /// Connections that can only read. To be opened after the one that makes the file.
    private static func readers(of path: String, _ lane: ReadLane) throws -> DatabasePool {
        var configuration = configuration(lane)
        configuration.readonly = true
        return try DatabasePool(path: path, configuration: configuration)
    }

    deinit {
        // The thread keeps the pool until it has ended; those who wait keep the engine, so there
        // are none.
        queue.close()
        removeTemporaryFolder()
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await queue.write(body)
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await readers(lane).read { try body(GRDBConnection(database: $0)) }
        } catch {
            // The error may be no more than SQLite's word for having been interrupted.
            try Task.checkCancellation()
            throw (error as? DatabaseError).map(translated) ?? error
        }
    }

    private func readers(_ lane: ReadLane) -> DatabasePool {
        switch lane {
        case .endingAccess: endingAccess
        case .ordinary: pool
        case .bulk: bulk
        }
    }

    /// SQLite counts, for each connection, the commits of all others. Asked on the writer's
    /// connection, between two groups, that is everyone but us.
    package func changedElsewhere() async throws -> Bool {
        do {
            return try await pool.writeWithoutTransaction { [self] writer in
                let version = try Self.dataVersion(writer)
                return seenVersion.withLock { seen in
                    defer { seen = version }
                    return seen != version
                }
            }
        } catch let error as DatabaseError {
            throw translated(error)
        }
    }

    /// How its files are.
    package func filesState() async throws -> StoreFilesState { try await files.state() }

    /// Ends the write-ahead log, in which pages stand as they were. What is freed in the database file
    /// is zeroed at once (`secure_delete`).
    package func clearLog() async throws {
        try await checkpoints.cutOff()
    }

    package func close() async throws {
        await queue.closeAndWait()
        try translatingErrors {
            try checkpoints.close()
            try endingAccess.close()
            try bulk.close()
            // The last connection of all moves the log into the database file and removes it. A
            // crash here leaves the log, and the next to open the file recovers it.
            try pool.close()
        }
        removeTemporaryFolder()
    }

    private func removeTemporaryFolder() {
        guard let temporaryFolder else { return }
        do {
            try FileManager.default.removeItem(atPath: temporaryFolder)
        } catch {
            // Already gone, or left to whoever empties the folder of temporary files.
        }
    }
}

/// Where the line of waiting bodies meets the database.
struct GroupWriter: Sendable {
    let pool: DatabasePool
    let checkpoints: Checkpoints
    let files: OpenedFiles

    /// Answers every caller of the group.
    func commit(_ group: [WaitingWrite]) {
        pool.writeWithoutTransaction { database in
            GroupCommit.run(group, in: GRDBTransaction(database: database, files: files))
        }
        checkpoints.groupEnded(writes: group.count)
    }
}

extension SQLiteEngine {
    private static func configuration(_ lane: ReadLane) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(SQLiteLimits.busyTimeoutSeconds)
        configuration.maximumReaderCount = SQLiteLimits.readers(lane)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            // Checkpoints.swift says when instead.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // What a statement may have to take back is kept in memory, not in a file of its own.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            // What is erased is to be gone from the file too.
            _ = try Int.fetchOne(database, sql: "PRAGMA secure_delete = ON")
            _ = try Int.fetchOne(
                database,
                sql: "PRAGMA journal_size_limit = \(SQLiteLimits.keptLogBytes)"
            )
        }
        return configuration
    }

    private static func dataVersion(_ database: Database) throws -> Int64 {
        guard let version = try Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version"))
        else {
            throw StoreError.unavailable("SQLite gives no data_version")
        }
        return version
    }
}

/// When a commit counts as done.
private enum Durability: Int64 {
    /// When it will survive the loss of power: SQLite's `synchronous=FULL`.
    case full = 2
    /// When the operating system has it.
    case none = 0

    /// GRDB sets NORMAL as it opens a pool, whatever was set before; so this comes after, and
    /// looks.
    func enforce(on writer: Database) throws {
        try writer.execute(sql: "PRAGMA synchronous = \(rawValue)")
        let settings = [
            ("synchronous", "\(rawValue)"), ("journal_mode", "wal"), ("foreign_keys", "1"),
            ("wal_autocheckpoint", "0"), ("temp_store", "2"), ("secure_delete", "1"),
            ("journal_size_limit", "\(SQLiteLimits.keptLogBytes)"),
        ]
        for (name, wanted) in settings {
            let found = try String.fetchOne(writer, sql: "PRAGMA \(name)")
            guard found == wanted else {
                throw StoreError.unavailable(
                    "SQLite runs with \(name) = \(found ?? "nothing"), not \(wanted)"
                )
            }
        }
    }
}
