import LockboxLibpq
import LockboxPorts
import LockboxStoreSQL

/// A connection that comes back: one that is lost is made anew when the next transaction begins.
/// It blocks its thread, which is the only one that uses it.
final class PostgresLink: SQLConnection {
    let dialect = SQLDialect.postgres

    private let address: PostgresAddress
    private let settings: String
    private var session: LibpqConnection?
    /// Statements by what they say and the types of their values.
    private var prepared: [Prepared: String] = [:]
    /// A statement that was prepared does not fit the schema any more, or is not there.
    private var isStale = false
    /// Until when nobody tries again, and why.
    private var failure: (until: ContinuousClock.Instant, pause: Duration, error: any Error)?

    private struct Prepared: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// `settings` are statements that each new connection begins with.
    init(_ address: PostgresAddress, settings: String) {
        self.address = address
        self.settings = settings
    }

    // MARK: - Transactions

    /// Begins a transaction with a script, on a new connection where there is none.
    func begin(_ script: String) throws -> LibpqResult {
        if let session {
            do {
                return try session.runScript(script)
            } catch {
                guard !session.isUsable else { throw translated(error) }
                // It was lost while nobody used it. Nothing has begun.
                drop()
            }
        }
        let session = try connect()
        self.session = session
        return try translating { try session.runScript(script) }
    }

    /// Runs what belongs to the transaction itself.
    @discardableResult
    func control(_ script: String) throws -> LibpqResult {
        try translating { try open().runScript(script) }
    }

    /// Ends the transaction; says whether it was kept.
    func commit() throws -> Bool {
        let session = try open()
        let warned = session.warningCount
        do {
            guard try session.runScript("COMMIT").command == "COMMIT" else { return false }
        } catch let error as PostgresError {
            if case .refused(let code, _) = error, code.hasPrefix("23") || code.hasPrefix("40") {
                throw translated(error)
            }
            drop()
            // It may have happened: the answer was lost, or it is about what came after.
            throw StoreError.outcomeUnknown(words(of: error))
        }
        // Such as a standby that has not got it, though it must.
        guard session.warningCount == warned else {
            throw StoreError.outcomeUnknown("the server warned while it committed")
        }
        if isStale { drop() }
        return true
    }

    /// Ends the transaction without what it wrote, if there is one.
    func rollBack() {
        guard let session else { return }
        do {
            if session.isInTransaction { _ = try session.runScript("ROLLBACK") }
            if isStale { drop() }
        } catch {
            // The server rolls back what has no connection any more.
            drop()
        }
    }

    var isInTransaction: Bool { session?.isInTransaction ?? false }

    /// How another thread breaks off what runs.
    func cancellation() -> LibpqCancellation? { session?.cancellation() }

    /// Closes the connection; what is open on it is rolled back.
    func drop() {
        session = nil
        prepared = [:]
        isStale = false
    }

    private func open() throws -> LibpqConnection {
        guard let session else { throw StoreError.unavailable("the connection was lost") }
        return session
    }

    private func connect() throws -> LibpqConnection {
        if let failure, ContinuousClock.now < failure.until { throw failure.error }
        do {
            let session = try LibpqConnection(
                firstOf: address.keywords,
                silence: PostgresLimits.statementMilliseconds
            )
            try check(session)
            failure = nil
            return session
        } catch let error as PostgresError {
            let last = failure?.pause ?? PostgresLimits.firstPause / 2
            let pause = min(last * 2, PostgresLimits.longestPause)
            let words = words(of: error)
            // libpq's own words about a server that is not what was asked for.
            let isReadOnly = words.contains("session is read-only")
            let failed: any Error =
                isReadOnly
                ? PostgresRefusal.readOnly
                : StoreError.unavailable("no connection to \(address.text): \(words)")
            failure = (.now + pause, pause, failed)
            throw failed
        }
    }

    // MARK: - Statements

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try answer(sql, values).changedRows
    }

    func query<Value>(_ sql: String, _ values: [SQLValue], row: (SQLRow) throws -> Value) throws
        -> [Value]
    {
        let answer = try answer(sql, values)
        let columns = 0..<answer.columnCount
        let types = columns.map { answer.type(ofColumn: $0) }
        let places = Dictionary(
            columns.map { (answer.name(ofColumn: $0), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return try (0..<answer.rowCount).map { number in
            let found = try columns.map { column in
                try SQLValue(answer.bytes(number, column), type: types[column])
            }
            return try row(SQLRow(found, places: places))
        }
    }

    /// After an error PostgreSQL takes nothing but the way back to a mark.
    func attempt(_ change: () throws -> Void) throws {
        try control("SAVEPOINT attempt")
        do {
            try change()
        } catch let violation as SQLConstraintViolation {
            try control("ROLLBACK TO attempt; RELEASE attempt")
            throw violation
        }
        try control("RELEASE attempt")
    }

    private func answer(_ sql: String, _ values: [SQLValue]) throws -> LibpqResult {
        let session = try open()
        guard !values.isEmpty else { return try translating { try session.runBinary(sql) } }
        assert(placeholdersAreInOrder(sql), "placeholders out of order: \(sql)")
        let bytes = try values.map { try $0.bytes }
        let key = Prepared(sql: sql, types: values.map(\.type))
        return try translating {
            let name = try prepared[key] ?? prepare(key, on: session)
            return try session.run(prepared: name, bytes)
        }
    }

    private func prepare(_ statement: Prepared, on session: LibpqConnection) throws -> String {
        if prepared.count >= PostgresLimits.prepared {
            _ = try session.runScript("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        try session.prepare(name, statement.sql, types: statement.types)
        prepared[statement] = name
        return name
    }

    // MARK: - Errors

    private func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as PostgresError {
            throw translated(error)
        }
    }

    /// What an error means to the store. A connection that is of no use any more is let go of.
    private func translated(_ error: any Error) -> any Error {
        guard let error = error as? PostgresError else { return error }
        if session?.isUsable == false { drop() }
        guard case .refused(let code, let message) = error else {
            drop()
            return StoreError.unavailable(words(of: error))
        }
        if let kind = SQLConstraintViolation.Kind(code) {
            return SQLConstraintViolation(kind: kind, message: message)
        }
        switch code {
        // feature_not_supported: “cached plan must not change result type”;
        // invalid_sql_statement_name.
        case "0A000", "26000": isStale = true
        default: break
        }
        // data_corrupted, index_corrupted.
        if code == "XX001" || code == "XX002" { return StoreError.corrupt(words(of: error)) }
        return StoreError.unavailable(words(of: error))
    }

    /// For the operator's log.
    private func words(of error: PostgresError) -> String {
        switch error {
        case .unreachable(let words): words
        case .silent: "the database server does not answer"
        // What a message of this class repeats is data.
        case .refused(let code, _) where code.hasPrefix("22"): "a value was refused (\(code))"
        case .refused(let code, let message): "\(message) (\(code))"
        case .strange: "the database server's answer has an unknown form"
        }
    }
}

// MARK: - What a connection begins with

extension PostgresLink {
    /// Throws `PostgresRefusal` where the server, the database or the user is none that is used.
    private func check(_ session: LibpqConnection) throws {
        guard session.serverVersion >= PostgresLimits.oldestVersion else {
            throw PostgresRefusal.oldServer(version: session.serverVersion)
        }
        // Nothing that somebody has put into another schema stands for a table of ours.
        let found = try session.runScript(
            """
            SET search_path = public, pg_temp;
            SET standard_conforming_strings = on;
            SET jit = off;
            SET lock_timeout = \(PostgresLimits.lockMilliseconds);
            SET statement_timeout = \(PostgresLimits.statementMilliseconds * 4 / 5);
            \(settings);
            SELECT current_setting('server_encoding'), current_setting('synchronous_commit'),
                current_setting('transaction_read_only'), current_user,
                has_schema_privilege('public', 'CREATE')
                    OR to_regclass('schema_migration') IS NOT NULL,
                r.rolsuper, r.rolreplication, r.rolcreaterole, r.rolbypassrls,
                pg_has_role('pg_execute_server_program', 'MEMBER')
                    OR pg_has_role('pg_write_server_files', 'MEMBER')
                    OR pg_has_role('pg_read_server_files', 'MEMBER')
            FROM pg_roles r WHERE r.rolname = current_user
            """
        )
        guard found.rowCount == 1, let encoding = found.text(0, 0), let user = found.text(0, 3)
        else { throw PostgresError.strange }
        guard encoding == "UTF8" else { throw PostgresRefusal.encoding(encoding) }
        guard found.text(0, 2) == "off" else { throw PostgresRefusal.readOnly }
        let powers = [
            "is a superuser", "may replicate", "may make roles", "may pass over row security",
            "may reach the server's files or programs",
        ]
        for (column, what) in powers.enumerated() where found.text(0, column + 5) == "t" {
            throw PostgresRefusal.mayTooMuch(user: user, what: what)
        }
        guard found.text(0, 4) == "t" else {
            throw PostgresRefusal.mayTooLittle(
                user: user,
                what: "may not make tables in the schema public"
            )
        }
        // What is answered must be on the disk.
        if found.text(0, 1) == "off" { _ = try session.runScript("SET synchronous_commit = on") }
    }
}

extension SQLConstraintViolation.Kind {
    /// Of an SQLSTATE; nil for one that is another kind of error.
    fileprivate init?(_ code: String) {
        switch code {
        // unique_violation, exclusion_violation.
        case "23505", "23P01": self = .unique
        // foreign_key_violation, restrict_violation.
        case "23503", "23001": self = .foreignKey
        // not_null_violation, check_violation.
        case "23502", "23514": self = .check
        // The schema's own.
        case "LB001": self = .trigger
        default: return nil
        }
    }
}
