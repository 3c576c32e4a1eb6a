package import LockboxPorts

/// What the statements of the store are written over: one connection, inside one transaction.
///
/// Placeholders are `$1`, `$2`, …, numbered in the order of their first use, and may be used again:
/// the form that SQLite and PostgreSQL read alike. Each call takes exactly one statement.
/// Transactions and savepoints belong to the engine; a body never begins, commits or rolls back.
///
/// Both calls throw `SQLConstraintViolation` when the schema said no, and `StoreError` when the
/// database failed. After either, a body can do nothing but throw, unless it was in `attempt`.
package protocol SQLConnection {
    /// In whose words a statement is, where the two databases have no common ones.
    var dialect: SQLDialect { get }

    /// Runs one statement; the answer is the number of rows that it inserted, updated or deleted
    /// itself (not counting triggers and cascades).
    @discardableResult
    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int

    /// Runs one statement and turns each row of its answer into a value. An error thrown by `row`
    /// ends the query and passes through unchanged.
    func query<Value>(_ sql: String, _ values: [SQLValue], row: (SQLRow) throws -> Value) throws
        -> [Value]

    /// Runs a `change` of one statement. Where the schema refuses it, this throws the violation, and
    /// the body may go on as if nothing had been tried.
    func attempt(_ change: () throws -> Void) throws
}

extension SQLConnection {
    /// Where a statement that is refused takes back itself and nothing else.
    package func attempt(_ change: () throws -> Void) throws { try change() }

    @discardableResult
    package func execute(_ sql: String) throws -> Int {
        try execute(sql, [])
    }

    package func query<Value>(_ sql: String, row: (SQLRow) throws -> Value) throws -> [Value] {
        try query(sql, [], row: row)
    }

    /// The only row, or nil when there is none. More than one row, where the statement promises
    /// one, is corruption.
    package func queryOne<Value>(
        _ sql: String,
        _ values: [SQLValue] = [],
        row: (SQLRow) throws -> Value
    ) throws -> Value? {
        let rows = try query(sql, values, row: row)
        guard rows.count <= 1 else {
            throw StoreError.corrupt("\(rows.count) rows where one was promised")
        }
        return rows.first
    }
}

/// The schema refused a change. Which rule it was is for the log; the kind is for the code that
/// maps it to a refusal.
package struct SQLConstraintViolation: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// UNIQUE or PRIMARY KEY.
        case unique
        /// A reference to, or from, a row that is not there.
        case foreignKey
        /// CHECK, NOT NULL, or a value of another type in a STRICT table.
        case check
        /// A trigger raised: rows that may never change, sequences that may not jump.
        case trigger
    }

    package let kind: Kind
    package let message: String

    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}

/// A database that runs bodies in serialisable transactions. One for SQLite, one for PostgreSQL.
package protocol SQLEngine: Sendable {
    /// Runs `body` as if transactions ran one after another, and answers when its changes are
    /// durable.
    ///
    /// The body may run more than once and must do nothing but read and write through its
    /// connection. An error that it throws takes back its own changes and nobody else's, and
    /// reaches its caller unchanged.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// Runs `body` on one unchanging snapshot that holds every write answered before the call, on a
    /// connection of `lane`. A statement that writes fails. When the task is cancelled, the
    /// statement that runs is broken off and the answer is `CancellationError`.
    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// True when anyone but this engine's own `write` has committed since the last call (the first
    /// call: since the engine was opened). Each such commit is reported to one caller, once;
    /// several may share one `true`.
    func changedElsewhere() async throws -> Bool

    /// Finishes the writes that wait, then lets go of the database. Later calls fail as
    /// unavailable.
    func close() async throws
}

extension SQLEngine {
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await read(.ordinary, body)
    }
}

/// Whether `$1`, `$2`, … appear first in the order of their numbers. SQLite binds by first use and
/// PostgreSQL by number: a statement for which this is false would mean two different things.
/// Engines assert it.
package func placeholdersAreInOrder(_ sql: String) -> Bool {
    // By bytes, for it is asked of every statement where nothing is optimised.
    let (bytes, dollar, zero, nine) = (Array(sql.utf8), UInt8(0x24), UInt8(0x30), UInt8(0x39))
    var (seen, place) = (0, 0)
    while place < bytes.count {
        place += 1
        guard bytes[place - 1] == dollar else { continue }
        var number = 0
        while place < bytes.count, bytes[place] >= zero, bytes[place] <= nine {
            number = number &* 10 &+ Int(bytes[place] - zero)
            place += 1
        }
        guard number >= 1, number <= seen + 1 else { return false }
        seen = max(seen, number)
    }
    return true
}
