public import LockboxDomain

/// A text of the log that is there.
public struct StandingText: Hashable, Sendable {
    /// Its record's place in the log.
    public let index: UInt64
    public let field: String
    /// What its record is about.
    public let request: AccessRequestID?
    public let supportRequest: SupportRequestNumber?
    /// Empty for a batch of operations, which nothing repeats.
    public let text: String

    public init(
        index: UInt64,
        field: String,
        request: AccessRequestID?,
        supportRequest: SupportRequestNumber?,
        text: String
    ) {
        self.index = index
        self.field = field
        self.request = request
        self.supportRequest = supportRequest
        self.text = text
    }
}

/// Texts that go, and what is known of those that went.
public protocol ErasureRecords {
    /// What of `selection` is there, in order of its places; `limit` texts, and those that belong to
    /// the record of the last one. Reasons of erasures are never among them.
    func standingTexts(of tenant: TenantID, _ selection: TextSelection, limit: Int) throws
        -> [StandingText]
    /// What of `selection` cannot go yet, by its number: requests that wait or may be open at a
    /// service still or have a letter on its way, and support requests that are not closed.
    func unfinished(of tenant: TenantID, _ selection: TextSelection) throws -> [String]
    /// Takes away what `erasure` names, salts and repetitions with it. `record` is its own record,
    /// the newest of the log: the schema refuses it without.
    func erase(_ erasure: TextErasure, recordedAt record: UInt64) throws
    /// By the places of records of `tenant`, and the fields that went there, the record that says so.
    func erasures(of tenant: TenantID, at indices: [UInt64]) throws -> [UInt64: [String: UInt64]]
    /// The records that say that texts of `request` went, the oldest first.
    func erasures(of request: AccessRequestID, of tenant: TenantID) throws -> [UInt64]
}
