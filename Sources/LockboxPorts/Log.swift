public import LockboxDomain
public import MerkleLog

/// Which log: a tenant's own, or the provider's.
public typealias LogID = Side

/// One audit record as it is stored: the bytes that were hashed, and beside them the texts that the
/// bytes only commit to.
public struct LogEntry: Hashable, Sendable {
    public let log: LogID
    /// Position in the log, from 0, without gaps.
    public let index: UInt64
    /// Never earlier than the entry before.
    public let time: Timestamp
    /// What happened, such as `request.approved`.
    public let activity: String
    /// Who did it: a person's identifier, `system`, `console`, or `service:<id>`.
    public let actor: String
    public let request: AccessRequestID?
    /// Canonical JSON, exactly as hashed.
    public let bytes: [UInt8]
    public let hash: Hash
    public let texts: [CommittedText]

    public init(
        log: LogID,
        index: UInt64,
        time: Timestamp,
        activity: String,
        actor: String,
        request: AccessRequestID?,
        bytes: [UInt8],
        hash: Hash,
        texts: [CommittedText]
    ) {
        self.log = log
        self.index = index
        self.time = time
        self.activity = activity
        self.actor = actor
        self.request = request
        self.bytes = bytes
        self.hash = hash
        self.texts = texts
    }
}

/// A personal or free text beside a record, which holds only a salted commitment to it. It can be
/// erased; the log stays whole.
public struct CommittedText: Hashable, Sendable {
    /// The field of a batch of operations: a line of canonical JSON for each.
    public static let operations = "operations"

    public let field: String
    /// Nil once erased, as the text is: with it, a text that can be guessed would not be gone.
    public let salt: [UInt8]?
    /// Nil once erased.
    public let text: String?

    public init(field: String, salt: [UInt8]?, text: String?) {
        self.field = field
        self.salt = salt
        self.text = text
    }
}

/// Where a log ends.
public struct LogHead: Hashable, Sendable {
    public var size: UInt64
    /// The hashes of the compact range of the whole log.
    public var range: [Hash]
    public var lastTime: Timestamp?

    public init(size: UInt64, range: [Hash], lastTime: Timestamp?) {
        self.size = size
        self.range = range
        self.lastTime = lastTime
    }

    public static let empty = LogHead(size: 0, range: [], lastTime: nil)
}

/// Which records a search finds; nil does not restrict.
public struct LogSearch: Hashable, Sendable {
    /// At or after.
    public var from: Timestamp?
    /// Before.
    public var to: Timestamp?
    /// One of these, each the whole activity or its first part followed by a dot: `request` finds
    /// `request.approved`. None does not restrict.
    public var activities: [String]
    /// A person's identifier, or part of a name or address in the record's texts.
    public var person: String?
    public var request: AccessRequestID?
    /// Part of any text of the record, without regard to ASCII letter case.
    public var text: String?
    /// Lists run from the newest record to the oldest, exports the other way.
    public var oldestFirst = false

    public init(
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        activity: String? = nil,
        person: String? = nil,
        request: AccessRequestID? = nil,
        text: String? = nil
    ) {
        self.from = from
        self.to = to
        activities = activity.map { [$0] } ?? []
        self.person = person
        self.request = request
        self.text = text
    }
}

/// The records of the logs and where each log ends.
public protocol LogRecords {
    /// All logs that have a head, the provider's first, then by tenant.
    func logs() throws -> [LogID]
    func head(of log: LogID) throws -> LogHead
    /// Appends `entry` at the head and moves the head. Refused by the schema unless `entry.index`
    /// is the present size.
    func append(_ entry: LogEntry, head: LogHead) throws
    /// Entries with indices in `range`, in order.
    func entries(of log: LogID, in range: Range<UInt64>) throws -> [LogEntry]
    /// Entries that the tables say are of these activities, in order; about one request where one is
    /// named. To be shown to somebody who verifies them: a column proves nothing of what is not found.
    func entries(of log: LogID, saying activities: [String], about request: AccessRequestID?) throws
        -> [LogEntry]
    /// Newest first, or oldest first if `search` says so. Where no index answers, it looks at
    /// `records` records at the most: then a page may be short, or empty, though another follows.
    func search(_ search: LogSearch, in log: LogID, page: ListPage, lookingAt records: Int) throws
        -> Paged<LogEntry>
}

extension LogRecords {
    /// Looks at the whole log.
    public func search(_ search: LogSearch, in log: LogID, page: ListPage) throws -> Paged<LogEntry>
    {
        try self.search(search, in: log, page: page, lookingAt: .max)
    }
}

/// The hash tree of a log beyond its leaves, and what was signed of it.
public protocol LogTreeRecords {
    /// Keeps the root of a full tile: the hash at `level` (in tile levels, 1 and up) and `index`.
    func saveTileRoot(_ hash: Hash, of log: LogID, level: Int, index: UInt64) throws
    /// `count` hashes from `first` on at tile level `level`; level 0 holds the leaf hashes.
    func treeHashes(of log: LogID, level: Int, first: UInt64, count: Int) throws -> [Hash]
    /// Keeps a checkpoint before it is shown to anyone. A second one of the same size and another
    /// root is refused.
    func saveCheckpoint(size: UInt64, root: Hash, note: String, of log: LogID) throws
    /// The newest signed checkpoint.
    func lastCheckpoint(of log: LogID) throws -> (size: UInt64, note: String)?
    /// What the names of all logs begin with, once one was signed.
    func logOrigin() throws -> String?
    /// Keeps it for ever. Another one than is kept is refused by the schema.
    func fixLogOrigin(_ origin: String) throws
    /// All signed sizes and roots, smallest first.
    func checkpoints(of log: LogID) throws -> [(size: UInt64, root: Hash)]
}
