public import LockboxDomain

/// The operations of one grant at one service that are not in the log yet.
public struct OpenBatch: Hashable, Sendable {
    public let grant: GrantID
    public let service: ServiceID

    public init(grant: GrantID, service: ServiceID) {
        self.grant = grant
        self.service = service
    }
}

/// One operation as it waits for its batch to be closed.
public struct OpenOperation: Hashable, Sendable {
    public let at: Timestamp
    public let isWrite: Bool
    /// What totals count it by.
    public let subject: String
    /// Canonical JSON, without a line break.
    public let line: String

    public init(
        at: Timestamp,
        isWrite: Bool,
        subject: String,
        line: String
    ) {
        self.at = at
        self.isWrite = isWrite
        self.subject = subject
        self.line = line
    }
}

/// How large an open batch is.
public struct OpenBatchSize: Hashable, Sendable {
    public let operations: Int
    /// Of their lines.
    public let bytes: Int
    /// When the first of them was recorded.
    public let first: Timestamp

    public init(operations: Int, bytes: Int, first: Timestamp) {
        self.operations = operations
        self.bytes = bytes
        self.first = first
    }
}

/// What was done at services: operations that wait for the log, and how many there were.
public protocol OperationRecords {
    /// Nil where nothing waits.
    func size(of batch: OpenBatch) throws -> OpenBatchSize?
    /// Adds `operation` to the open batch, whose size is `size`, and says how large that is now.
    func add(_ operation: OpenOperation, to batch: OpenBatch, after size: OpenBatchSize?) throws
        -> OpenBatchSize
    /// Takes all operations out of the open batch, in the order in which they came, for the log.
    func takeOperations(of batch: OpenBatch) throws -> [OpenOperation]
    /// Every open batch of a grant, in order of the services.
    func openBatches(of grant: GrantID) throws -> [OpenBatch]
    /// Open batches whose first operation was recorded at or before `instant`, the oldest first.
    func openBatches(since instant: Timestamp, limit: Int) throws -> [OpenBatch]
    /// When the first operation of the oldest open batch was recorded.
    func oldestOpenBatch() throws -> Timestamp?
    /// Counts operations for a grant; what exceeds its number of subjects is counted without one.
    func add(_ totals: [OperationTotal], to grant: GrantID) throws
    /// In order of services, then of subjects, each service's operations without one first.
    func operationTotals(of grant: GrantID) throws -> [OperationTotal]
}
