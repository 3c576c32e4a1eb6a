import Foundation
import GRDB
import LockboxPorts
import LockboxStoreSQL

/// The statements of the store on one GRDB connection.
struct GRDBConnection: SQLConnection {
    let database: Database

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
            let places = Dictionary(
                statement.columnNames.enumerated().map { ($1, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            let rows = try Row.fetchCursor(statement, arguments: arguments(values))
            var answer: [Value] = []
            while let next = try rows.next() {
                let found = try next.databaseValues.map { try SQLValue($0) }
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
                // PostgreSQL refuses it; SQLite would keep it whole, and GRDB read it back only up
                // to there.
                guard !value.utf8.contains(0) else {
                    throw SQLConstraintViolation(kind: .check, message: "text holds a NUL")
                }
                return value.databaseValue
            case .blob(let value): return Data(value).databaseValue
            }
        }
    }

    fileprivate init(_ value: DatabaseValue) throws {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob(Array(value))
        case .double:
            throw StoreError.corrupt("a floating-point number, which this program never writes")
        }
    }
}
