/// What became of one access request, for those who review access.
public struct ReportEntry: Codable, Hashable, Sendable {
    /// What somebody decided.
    public struct Decision: Codable, Hashable, Sendable {
        /// `manager` (of the provider) or `customer`.
        public var stage: String
        /// `approve` or `deny`.
        public var decision: String
        public var by: String
        /// RFC 3339.
        public var at: String
        /// Whether it has a signature of the person's own.
        public var signed: Bool

        public init(stage: String, decision: String, by: String, at: String, signed: Bool) {
            (self.stage, self.decision, self.by) = (stage, decision, by)
            (self.at, self.signed) = (at, signed)
        }
    }

    /// The access that came of it. Times are of RFC 3339.
    public struct Access: Codable, Hashable, Sendable {
        public var start, end: String
        /// Null while it has not ended.
        @Nullable public var endedAt: String?
        @Nullable public var endedBecause: String?
        /// What was opened, in words.
        public var given: [String]
        /// How many credentials were issued.
        public var credentials: Int
        /// How often they were presented, and when first and last; null where never.
        public var uses: Int
        @Nullable public var firstUse: String?
        @Nullable public var lastUse: String?
        /// Operations that services reported.
        public var reads, writes: Int
        /// Of what was opened, what no credential was presented for; in words.
        public var neverUsed: [String]
        /// What became of its end at the services: `open` while it has not ended, `confirmed`,
        /// `pending`, `failed`, or `nothingToClose`.
        public var removal: String

        public init(
            start: String,
            end: String,
            endedAt: String?,
            endedBecause: String?,
            given: [String],
            credentials: Int,
            uses: Int,
            firstUse: String?,
            lastUse: String?,
            reads: Int,
            writes: Int,
            neverUsed: [String],
            removal: String
        ) {
            (self.start, self.end, self.given) = (start, end, given)
            (self.endedAt, self.endedBecause) = (endedAt, endedBecause)
            (self.credentials, self.uses) = (credentials, uses)
            (self.firstUse, self.lastUse) = (firstUse, lastUse)
            (self.reads, self.writes) = (reads, writes)
            (self.neverUsed, self.removal) = (neverUsed, removal)
        }
    }

    public var request: String
    public var state: String
    /// When it was made, RFC 3339.
    public var asked: String
    public var engineer: String
    /// The program that asked for the engineer.
    @Nullable public var askedBy: String?
    public var supportRequest: String
    public var reason: String
    /// What was asked for, in words, and for how long (ISO 8601).
    public var wanted: [String]
    public var duration: String
    public var decisions: [Decision]
    @Nullable public var access: Access?

    public init(
        request: String,
        state: String,
        asked: String,
        engineer: String,
        askedBy: String?,
        supportRequest: String,
        reason: String,
        wanted: [String],
        duration: String,
        decisions: [Decision],
        access: Access?
    ) {
        (self.request, self.state, self.asked) = (request, state, asked)
        (self.engineer, self.askedBy) = (engineer, askedBy)
        (self.supportRequest, self.reason) = (supportRequest, reason)
        (self.wanted, self.duration) = (wanted, duration)
        (self.decisions, self.access) = (decisions, access)
    }
}

/// The requests that were made in one month, the oldest first.
public struct Report: Codable, Hashable, Sendable {
    /// False where there are more than a report has.
    public var complete: Bool
    /// `2026-11`; months are those of UTC.
    public var month: String
    public var requests: [ReportEntry]
    public var tenant: String
}
