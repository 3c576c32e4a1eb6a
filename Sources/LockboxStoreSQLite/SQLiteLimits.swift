/// The bounds of the engine.
enum SQLiteLimits {
    /// Bodies that share one commit: the point from which waiting for the disk is no longer what
    /// costs.
    static let groupSize = 256
    /// Bodies in line. Past this the callers hear that the store is unavailable, rather than memory
    /// growing.
    static let waitingWrites = 8_192
    /// Connections that read at once; further reads wait for one.
    static let readers = 8
    /// How long to wait for a lock that another process holds.
    static let busyTimeoutSeconds = 5.0
    static let openAttempts = 100
    static let betweenOpenAttemptsMicroseconds: UInt32 = 50_000
    /// Bodies between two checkpoints beside the writer.
    static let writesBetweenCheckpoints = 512
    /// Length of the write-ahead log from which the writer waits for a checkpoint.
    static let logBytes = 64 << 20
    /// Length of the log's file that is kept for reuse when the log starts over.
    static let keptLogBytes = 8 << 20
}
