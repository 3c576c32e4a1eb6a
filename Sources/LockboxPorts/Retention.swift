public import LockboxDomain

/// Rows that are bookkeeping and nothing else: no log speaks of them, or what it says of them is
/// over.
public enum Leftover: String, Hashable, Sendable, CaseIterable {
    /// Which writes were carried out.
    case commands
    /// API tokens that expired or were revoked.
    case tokens
    /// Sessions that are over.
    case sessions
    /// Where somebody tried to sign in from.
    case signInClients
    /// Codes for browsers that nobody showed in time.
    case browserCodes
    /// Command lines that asked to act for somebody, when that is over.
    case loginRequests
    /// Invitations that are over, used or not.
    case invitations
    /// Letters that were sent or are needless, of requests that are settled and whose access every
    /// service has confirmed as removed. What was refused for its recipient stays.
    case letters
}

/// Removing what is kept no longer.
public protocol RetentionRecords {
    /// Removes those that were over at `instant` or earlier, the oldest first and at most `limit`;
    /// says how many. The schema refuses to lose anything that is not over.
    func remove(_ leftover: Leftover, overAt instant: Timestamp, limit: Int) throws -> Int
}
