/// What becomes of a log itself, which everybody who verifies it must know.
public enum LogEvent: Hashable, Sendable {
    /// Another key signs the log's heads from this record on.
    case keyChanged(Side, LogKeyChange)
    /// The database did not go on from what was signed of the log, and was taken all the same.
    case recovered(Side, LogRecovery)
}

/// One key of a log in place of another, by the word of the one that goes.
public struct LogKeyChange: Hashable, Sendable {
    /// The new key and the one before, as C2SP verifier keys.
    public let key, previous: String
    /// The Ed25519 signature of the key before over this change, in base64.
    public let signature: String

    public init(key: String, previous: String, signature: String) {
        (self.key, self.previous, self.signature) = (key, previous, signature)
    }
}

/// What was lost of a log.
public struct LogRecovery: Hashable, Sendable {
    /// How many records were signed; 0 where that is not known any more.
    public let expectedSize: UInt64
    /// The root of those, in base64.
    public let expectedRoot: String
    /// How many records the database had.
    public let size: UInt64
    /// Why this database was taken, in the operator's words.
    public let reason: String

    public init(expectedSize: UInt64, expectedRoot: String, size: UInt64, reason: String) {
        (self.expectedSize, self.expectedRoot) = (expectedSize, expectedRoot)
        (self.size, self.reason) = (size, reason)
    }
}

extension LogEvent {
    /// Whose log it is.
    var side: Side {
        switch self {
        case .keyChanged(let side, _), .recovered(let side, _): side
        }
    }
}
