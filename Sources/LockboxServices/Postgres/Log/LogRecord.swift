/// What is used of a record of PostgreSQL's log (PostgreSQL's manual, 20.8.4 and 20.8.5).
enum LogField: Int, CaseIterable {
    case time, user, database, tag, severity, message, detail, context, query

    /// By the columns of `csvlog`.
    static let columns: [Int: LogField] = [
        0: .time, 1: .user, 2: .database, 7: .tag, 11: .severity, 13: .message, 14: .detail,
        18: .context, 19: .query,
    ]
    /// Columns of PostgreSQL 12, of 13, and from 14 on: later ones are at the end. Another number is
    /// that of two records of which a crash made one.
    static let numbersOfColumns: Set<Int> = [23, 24, 26]

    /// By the members of `jsonlog`.
    static let members: [String: LogField] = [
        "timestamp": .time, "user": .user, "dbname": .database, "ps": .tag,
        "error_severity": .severity, "message": .message, "detail": .detail, "context": .context,
        "statement": .query,
    ]
}

/// The beginning of a value, as much as is ever used, and how long the whole is.
struct LogValue: Hashable, Sendable {
    /// Bytes that are kept: of a statement more than the record of it will have.
    static let mostBytes = 64 * 1024

    private(set) var bytes: [UInt8] = []
    private(set) var length = 0

    var isWhole: Bool { bytes.count == length }

    /// What is no UTF-8, as of a database in another encoding, shows as replaced.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ byte: UInt8) {
        length += 1
        if bytes.count < Self.mostBytes { bytes.append(byte) }
    }
}

/// One record. A field that it has not is empty.
struct LogRecord: Hashable, Sendable {
    private var values = [LogValue](repeating: LogValue(), count: LogField.allCases.count)

    subscript(field: LogField) -> LogValue {
        _read { yield values[field.rawValue] }
        _modify { yield &values[field.rawValue] }
    }
}

/// What a byte completed.
enum LogStep {
    case goesOn
    case record(LogRecord)
    /// A record that nobody can read, passed over; the next begins at its beginning.
    case unreadable
}

/// A record after which nobody can say where the next begins.
struct LogDamaged: Error {}

/// Reads records byte by byte, whatever pieces they come in, in bounded memory.
enum LogRecordReader: Sendable {
    case csv(CSVLogReader)
    case json(JSONLogReader)

    init(_ form: PostgresSettings.Statements.Form) {
        switch form {
        case .csvlog: self = .csv(CSVLogReader())
        case .jsonlog: self = .json(JSONLogReader())
        }
    }

    /// Calls `each` with what was completed, and the offset behind it in `bytes`.
    mutating func read(
        _ bytes: some Sequence<UInt8>,
        each: (LogStep, _ end: Int) -> Void
    ) throws(LogDamaged) {
        // The reader itself is taken out and put back, so that nothing is copied for each byte.
        switch self {
        case .csv(var reader):
            self = .csv(CSVLogReader())
            for (offset, byte) in bytes.enumerated() {
                let step = try reader.read(byte)
                if case .goesOn = step { continue }
                each(step, offset + 1)
            }
            self = .csv(reader)
        case .json(var reader):
            self = .json(JSONLogReader())
            for (offset, byte) in bytes.enumerated() {
                let step = reader.read(byte)
                if case .goesOn = step { continue }
                each(step, offset + 1)
            }
            self = .json(reader)
        }
    }
}
