import Foundation
import GRDB
import GRDBSQLite
import LockboxPorts
import LockboxStoreSQL

/// The statements of the store on one GRDB connection.
struct GRDBConnection: SQLConnection {
    let database: Database

    var dialect: SQLDialect { .sqlite }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try translatingErrors {
            let statement = try prepared(sql)
            let before = database.totalChangesCount
            try statement.execute(arguments: arguments(values))
            // SQLite leaves the count of the last change in place when a statement changes nothing
            // by its nature.
            return database.totalChangesCount == before ? 0 : database.changesCount
        }
    }

    func query<Value>(_ sql: String, _ values: [SQLValue], row: (SQLRow) throws -> Value) throws
        -> [Value]
    {
        try translatingErrors {
            let statement = try prepared(sql)
            let rows = try Row.fetchCursor(statement, arguments: arguments(values))
            var answer: [Value] = []
            var places: [String: Int] = [:]
            while try rows.next() != nil {
                if answer.isEmpty {
                    places = Dictionary(
                        statement.columnNames.enumerated().map { ($1, $0) },
                        uniquingKeysWith: { first, _ in first }
                    )
                }
                let found = try (0..<CInt(statement.columnCount)).map { column in
                    try SQLValue(statement.sqliteStatement, column)
                }
                answer.append(try row(SQLRow(found, places: places)))
            }
            return answer
        }
    }

    private func prepared(_ sql: String) throws -> Statement {
        assert(placeholdersAreInOrder(sql), "placeholders out of order: \(sql)")
        return try database.cachedStatement(sql: sql)
    }

    private func arguments(_ values: [SQLValue]) throws -> StatementArguments {
        StatementArguments(try values.map { try $0.databaseValue })
    }
}

/// The transaction of a group on GRDB's writer connection.
struct GRDBTransaction: GroupTransaction {
    let database: Database
    let files: OpenedFiles

    var connection: any SQLConnection { GRDBConnection(database: database) }
    var isOpen: Bool { database.isInsideTransaction }

    /// IMMEDIATE: other processes write too, and a lock taken after the first read could only fail.
    func begin() throws {
        try files.require()
        try translatingErrors { try database.beginTransaction(.immediate) }
    }

    func mark() throws { try run("SAVEPOINT body") }

    func keepSinceMark() throws { try run("RELEASE body") }

    func rewindToMark() throws {
        try run("ROLLBACK TO body")
        try run("RELEASE body")
    }

    func commit() throws {
        do {
            try database.commit()
            // Where it went away meanwhile, nobody must hear that this was kept.
            guard files.areInPlace else {
                throw StoreError.outcomeUnknown("the database's file went away during a commit")
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_IOERR {
            // The frames may have reached the disk though the flush failed: this process goes on
            // without them, but if it crashed before writing over them, recovery would find them
            // whole.
            throw StoreError.outcomeUnknown(error.logText)
        } catch let error as DatabaseError {
            throw translated(error)
        }
    }

    func rollBack() {
        guard database.isInsideTransaction else { return }
        do {
            try database.rollback()
        } catch {
            // A transaction that neither commits nor ends would swallow every later write. Stopping
            // loses nothing that was acknowledged: the next start recovers the last commit.
            fatalError("the transaction cannot be rolled back: \(error)")
        }
    }

    private func run(_ sql: String) throws {
        try translatingErrors { try database.cachedStatement(sql: sql).execute() }
    }
}

/// Runs `body`, with SQLite's errors in the store's terms and all others unchanged.
func translatingErrors<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as DatabaseError {
        throw translated(error)
    }
}

/// What an error of SQLite means to the store.
func translated(_ error: DatabaseError) -> any Error {
    switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: StoreError.corrupt(error.logText)
    case .SQLITE_CONSTRAINT:
        SQLConstraintViolation(kind: error.violatedKind, message: error.message ?? "")
    // Also a statement that is wrong in itself: nothing was changed, and the log says which.
    default: StoreError.unavailable(error.logText)
    }
}

extension DatabaseError {
    /// The code and SQLite's own words; no statement and no values, which do not belong in a log.
    fileprivate var logText: String { "\(extendedResultCode): \(message ?? "no message")" }

    fileprivate var violatedKind: SQLConstraintViolation.Kind {
        switch extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_ROWID:
            .unique
        case .SQLITE_CONSTRAINT_FOREIGNKEY: .foreignKey
        case .SQLITE_CONSTRAINT_TRIGGER: .trigger
        default: .check
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        get throws {
            switch self {
            case .null: return .null
            case .integer(let value): return value.databaseValue
            case .text(let value):
                // PostgreSQL refuses it.
                guard !value.utf8.contains(0) else {
                    throw SQLConstraintViolation(kind: .check, message: "text holds a NUL")
                }
                return value.databaseValue
            case .blob(let value): return Data(value).databaseValue
            }
        }
    }

    /// Of the row where `statement` stands: from SQLite at once, since most of what a reader of many
    /// rows costs is values made on the way.
    fileprivate init(_ statement: SQLiteStatement, _ column: CInt) throws {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: self = .null
        case SQLITE_INTEGER: self = .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT:
            // In this order: asking for the text may move it.
            let start = sqlite3_column_text(statement, column)
            let bytes = try Self.bytes(start.map { UnsafeRawPointer($0) }, statement, column)
            self = .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(statement, column)
            self = .blob(Array(try Self.bytes(start, statement, column)))
        default:
            throw StoreError.corrupt("a floating-point number, which this program never writes")
        }
    }

    private static func bytes(
        _ start: UnsafeRawPointer?,
        _ statement: SQLiteStatement,
        _ column: CInt
    ) throws -> UnsafeRawBufferPointer {
        let count = Int(sqlite3_column_bytes(statement, column))
        // SQLite has no place for no bytes, nor where memory ran out.
        guard start != nil || sqlite3_errcode(sqlite3_db_handle(statement)) != SQLITE_NOMEM else {
            throw StoreError.unavailable("SQLite ran out of memory")
        }
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }
}
