import LockboxPorts

/// The bounds of the engine.
enum PostgresLimits {
    /// Connections of each lane that read at once; further reads of the lane wait for one.
    static func readers(_ lane: ReadLane) -> Int {
        switch lane {
        case .endingAccess: 2
        case .ordinary: 8
        case .bulk: 2
        }
    }
    /// Reads of a lane in line. Past this the callers hear that the store is busy.
    static let waitingReads = 8_192
    /// How long one statement may take.
    static let statementMilliseconds: Int32 = 60_000
    /// How long a node waits for another one's group of writes.
    static let lockMilliseconds = 10_000
    /// After how long the server takes the write lock from a node that says nothing: one that hangs
    /// holds up the others no longer.
    static let idleInWriteMilliseconds = 5_000
    /// For each server that the connection string names.
    static let connectSeconds = 5
    /// For how long nobody tries to connect after that has failed: at first, and at the most.
    static let firstPause = Duration.milliseconds(50)
    static let longestPause = Duration.seconds(2)
    /// Statements that one connection has prepared.
    static let prepared = 1_000
    /// The oldest version of PostgreSQL that is used, as it numbers them.
    static let oldestVersion = 140_000
}
