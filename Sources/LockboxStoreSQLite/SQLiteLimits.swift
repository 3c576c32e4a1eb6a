/// The bounds of the engine.
enum SQLiteLimits {
    /// Bodies that share one commit: the point from which waiting for the disk is no longer what costs.
    static let groupSize = 256
    /// Bodies in line. Past this the callers hear that the store is unavailable, rather than memory growing.
    static let waitingWrites = 8_192
    /// Connections that read at once; further reads wait for one.
    static let readers = 8
    /// How long to wait for a lock that another process holds.
    static let busyTimeoutSeconds = 5.0
    /// Bodies between two checkpoints beside the writer.
    static let writesBetweenCheckpoints = 512
    /// Frames (pages of 4 KiB) in the write-ahead log from which the writer itself checkpoints, between two groups.
    /// While it writes on, a checkpoint beside it never reaches the end of the log, so the log never starts over.
    static let logFrames = 16_384
}
