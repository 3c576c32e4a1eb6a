import Foundation
import GRDB
import LockboxPorts
import Synchronization

/// Moves what is committed from the write-ahead log into the database file, beside the writer
/// instead of inside its commits, where SQLite would do it and let every 1,000th page's caller wait
/// for it.
///
/// A crash in the middle of a checkpoint loses nothing: the log is complete until it is started
/// over, and that happens only after the database file is on the disk.
final class Checkpoints: Sendable {
    private struct State {
        var writes = 0
        var isRunning = false
    }

    private let connection: DatabaseQueue
    private let log: String
    private let state = Mutex(State())

    init(path: String, configuration: Configuration) throws {
        log = path + "-wal"
        connection = try DatabaseQueue(path: path, configuration: configuration)
        // A connection checkpoints only once it has seen that the database keeps a log.
        try connection.inDatabase { try $0.execute(sql: "SELECT count(*) FROM sqlite_schema") }
    }

    /// To be called by the writer between two groups.
    ///
    /// While the writer goes on, a checkpoint beside it never reaches the end of the log, so the
    /// log never starts over. From a certain length the writer therefore waits for one. That may
    /// still not be enough, when a reader holds on to an old snapshot: hence not after every group.
    func groupEnded(writes: Int) {
        enum Next { case nothing, beside, waiting }
        let isLong = logBytes() >= SQLiteLimits.logBytes
        let next = state.withLock { state -> Next in
            state.writes += writes
            guard state.writes >= SQLiteLimits.writesBetweenCheckpoints, isLong || !state.isRunning
            else {
                return .nothing
            }
            state.writes = 0
            if isLong { return .waiting }
            state.isRunning = true
            return .beside
        }
        switch next {
        case .nothing: break
        case .waiting: connection.writeWithoutTransaction { run(on: $0) }
        case .beside:
            connection.asyncWriteWithoutTransaction { [self] database in
                run(on: database)
                state.withLock { $0.isRunning = false }
            }
        }
    }

    /// Moves all of the log into the database file and cuts its file to nothing. Throws where readers
    /// hold on to it for longer than writers should wait; then it is as it was.
    func cutOff() async throws {
        do {
            try await connection.writeWithoutTransaction { database in
                // Most of it beside the writer.
                try database.checkpoint(.passive)
                let patience = Int(SQLiteLimits.busyTimeoutSeconds * 1000)
                try database.execute(
                    sql: "PRAGMA busy_timeout = \(SQLiteLimits.cutOffMilliseconds)"
                )
                defer {
                    let again = "PRAGMA busy_timeout = \(patience)"
                    try? database.execute(sql: again)  // best effort: it only waits less
                }
                try database.checkpoint(.truncate)
            }
        } catch let error as DatabaseError {
            throw translated(error)
        }
    }

    /// Returns when no checkpoint runs any more.
    func close() throws {
        try connection.close()
    }

    /// PASSIVE: as much as the readers allow, without making anybody wait.
    private func run(on database: Database) {
        do {
            try database.checkpoint(.passive)
        } catch {
            // The log is as it was, and the next checkpoint tries again. A disk that stays broken
            // shows in the commits, whose callers hear of it.
        }
    }

    /// The length of the log, where it is above `keptLogBytes`: SQLite cuts the file down to that
    /// as it starts over.
    private func logBytes() -> Int {
        var status = stat()
        return stat(log, &status) == 0 ? Int(status.st_size) : 0
    }
}
