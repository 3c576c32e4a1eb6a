import LockboxPorts

/// The bounds of the engine.
enum SQLiteLimits {
    /// Connections of each lane that read at once; further reads of the lane wait for one.
    static func readers(_ lane: ReadLane) -> Int {
        switch lane {
        case .endingAccess: 2
        case .ordinary: 8
        case .bulk: 2
        }
    }
    /// How long to wait for a lock that another process holds.
    static let busyTimeoutSeconds = 5.0
    static let openAttempts = 100
    static let betweenOpenAttemptsMicroseconds: UInt32 = 50_000
    /// Bodies between two checkpoints beside the writer.
    static let writesBetweenCheckpoints = 512
    /// Length of the write-ahead log from which the writer waits for a checkpoint.
    static let logBytes = 64 << 20
    /// For how long writers wait while the log is cut off.
    static let cutOffMilliseconds = 100
    /// Length of the log's file that is kept for reuse when the log starts over.
    static let keptLogBytes = 8 << 20
}
