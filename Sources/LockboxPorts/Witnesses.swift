public import MerkleLog

/// A witness that our logs are sent to (C2SP tlog-witness).
public struct LogWitness: Hashable, Sendable {
    public let key: WitnessKey
    /// The prefix of its address, without a slash at the end.
    public let url: String
    /// The logs that it witnesses; all where nil.
    public let logs: Set<LogID>?

    public init(key: WitnessKey, url: String, logs: Set<LogID>? = nil) {
        self.key = key
        self.url = url
        self.logs = logs
    }

    /// The most that an installation has: their lines fit under one note.
    public static let most = 16

    /// Whether it is sent the checkpoints of `log`.
    public func witnesses(_ log: LogID) -> Bool { logs?.contains(log) ?? true }
}

/// What a witness answered, as it came.
public struct WitnessAnswer: Hashable, Sendable {
    public let status: Int
    public let type: String?
    public let body: [UInt8]

    public init(status: Int, type: String?, body: [UInt8]) {
        self.status = status
        self.type = type
        self.body = body
    }
}

/// The way to witnesses.
public protocol WitnessClient: Sendable {
    /// Sends the body of an `add-checkpoint` request. Throws where no whole answer comes within bounds
    /// of time and size; the error's text names no secret.
    func submit(_ body: String, to witness: LogWitness) async throws -> WitnessAnswer
}

/// Cosignatures of our checkpoints. They prove themselves: whoever reads them verifies them.
public protocol CosignatureRecords {
    /// Keeps the line by which the witness with the key `witness` cosigned the checkpoint of `size`;
    /// a newer one takes its place.
    func saveCosignature(_ line: String, by witness: String, size: UInt64, of log: LogID) throws
    /// The lines under the checkpoint of `size`.
    func cosignatures(of log: LogID, size: UInt64) throws -> [String]
    /// The newest sizes that at least `count` witnesses have cosigned, the newest first.
    func cosignedSizes(of log: LogID, count: Int, limit: Int) throws -> [UInt64]
    /// The newest size that a witness has cosigned; nil where none.
    func lastCosignedSize(of log: LogID, by witness: String) throws -> UInt64?
    /// Logs that are longer than what a witness has cosigned.
    func logsBehind(_ witness: String, limit: Int) throws -> [LogID]
    /// The notes that were signed of one size, the newest last.
    func checkpointNotes(of log: LogID, size: UInt64) throws -> [String]
}
