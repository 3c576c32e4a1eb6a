public import MerkleLog

/// The newest known head of each log, and of what was signed at least the newest, kept beside the
/// signing key and apart from the database: an older copy of the database, or another one, is known
/// by it.
public protocol SignedHeads: Sendable {
    /// What is kept; nil where nothing was ever kept here.
    func all() async throws -> [LogID: TreeHead]?
    /// Keeps `heads`, durably before it returns, if what is kept of their logs still is what `before`
    /// says. False, and nothing changes, where another process has kept something else.
    func replace(_ before: [LogID: TreeHead], with heads: [LogID: TreeHead]) async throws -> Bool
    /// Keeps `heads` and nothing else, durably before it returns.
    func replaceAll(with heads: [LogID: TreeHead]) async throws
}
