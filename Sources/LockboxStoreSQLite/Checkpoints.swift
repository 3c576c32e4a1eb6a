import GRDB
import LockboxPorts
import Synchronization

/// Moves what is committed from the write-ahead log into the database file, beside the writer instead of inside its
/// commits, where SQLite would do it and let every 1,000th page's caller wait for it.
///
/// A crash in the middle of a checkpoint loses nothing: the log is complete until it is started over, and that happens
/// only after the database file is on the disk.
final class Checkpoints: Sendable {
    private struct State {
        var writes = 0
        var isRunning = false
        var logFrames = 0
    }

    private let connection: DatabaseQueue
    private let state = Mutex(State())

    init(path: String, configuration: Configuration) throws {
        connection = try DatabaseQueue(path: path, configuration: configuration)
        // A connection checkpoints only once it has seen that the database keeps a log.
        try connection.inDatabase { try $0.execute(sql: "SELECT count(*) FROM sqlite_schema") }
    }

    /// To be called on the writer's connection after each group.
    func groupEnded(writes: Int, writer: Database) {
        enum Next { case nothing, beside, within }
        let next = state.withLock { state -> Next in
            state.writes += writes
            guard !state.isRunning, state.writes >= SQLiteLimits.writesBetweenCheckpoints else { return .nothing }
            state.writes = 0
            if state.logFrames >= SQLiteLimits.logFrames { return .within }
            state.isRunning = true
            return .beside
        }
        switch next {
        case .nothing: break
        case .within: record(frames(after: writer))
        case .beside:
            connection.asyncWriteWithoutTransaction { [self] database in record(frames(after: database)) }
        }
    }

    /// Returns when no checkpoint runs any more.
    func close() throws {
        try connection.close()
    }

    /// A checkpoint that fails leaves the log as it was: the next one tries again, and a disk that stays broken shows in
    /// the commits, whose callers hear of it.
    private func frames(after database: Database) -> Int? {
        do {
            return try database.checkpoint(.passive).walFrameCount
        } catch {
            return nil
        }
    }

    private func record(_ frames: Int?) {
        state.withLock { state in
            state.isRunning = false
            if let frames { state.logFrames = frames }
        }
    }
}
