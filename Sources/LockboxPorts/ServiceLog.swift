public import LockboxDomain

/// One statement as a server wrote it into its log.
public struct LoggedStatement: Hashable, Sendable {
    /// Who ran it, by login name.
    public let username: String
    /// When the server began it, by its own clock; nil where that cannot be read.
    public let at: Timestamp?
    public let operation: ServiceOperation
    /// Where its record ends in the file.
    public let end: Int

    public init(username: String, at: Timestamp?, operation: ServiceOperation, end: Int) {
        self.username = username
        self.at = at
        self.operation = operation
        self.end = end
    }
}

/// What was read of one file of a server's log: whole records.
public struct LogPiece: Hashable, Sendable {
    /// The same file whatever it is called.
    public let file: String
    /// In bytes of the file.
    public let range: Range<Int>
    /// In the order in which the file has them.
    public let statements: [LoggedStatement]

    public init(file: String, range: Range<Int>, statements: [LoggedStatement]) {
        self.file = file
        self.range = range
        self.statements = statements
    }
}

/// Where statements go that were read from a service's log.
public protocol LogRecorder: Sendable {
    /// Up to where `file` is recorded; 0 if nothing of it is.
    func position(in file: String) async throws -> Int
    /// Records what of `piece` is not recorded yet, each statement once, together with how far that
    /// is. Gives the position that is recorded now: less than the end of `piece` where something
    /// before its beginning is missing.
    func record(_ piece: LogPiece) async throws -> Int
}

/// The log that a service writes itself.
public protocol ServiceLog: Sendable {
    /// Reads what is new, and returns when all of it is recorded. One call at a time. Gives how many
    /// of its records could not be read and were passed over.
    func read(into recorder: any LogRecorder) async throws -> Int
}

/// How far the logs of services are recorded.
public protocol StatementPositionRecords {
    /// Nil if nothing of `file` is recorded.
    func statementPosition(in file: String, of service: ServiceID) throws -> Int?
    /// Inserts or replaces. One that goes back is refused by the schema: the caller has a bug.
    func saveStatementPosition(
        _ position: Int,
        in file: String,
        of service: ServiceID,
        at now: Timestamp
    ) throws
}
