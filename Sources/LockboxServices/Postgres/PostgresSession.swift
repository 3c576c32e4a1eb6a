import LockboxLibpq
import LockboxPorts

/// How to reach one database: libpq's keywords and values.
struct PostgresAddress: Sendable {
    var keywords: [String: String]

    var database: String {
        get { keywords["dbname"] ?? "" }
        set { keywords["dbname"] = newValue }
    }
}

/// One connection to a PostgreSQL server, through libpq. It blocks the thread that uses it, but
/// for no connection and no statement longer than `patience`.
final class PostgresSession {
    /// Milliseconds.
    struct Patience {
        /// For a connection, or for a statement and its whole answer.
        let silence: Int32

        /// What a statement may take at the server, and how long it may wait for a lock there: both
        /// end before this side gives up.
        var settings: String {
            "-c statement_timeout=\(silence * 4 / 5) -c lock_timeout=\(silence / 5)"
        }
    }

    private let connection: LibpqConnection

    init(_ address: PostgresAddress, _ patience: Patience) throws {
        var keywords = address.keywords
        // What the server's own people may have set for their sessions must not change the meaning
        // of a statement of ours.
        keywords["options"] =
            "-c search_path=pg_catalog -c standard_conforming_strings=on "
            + "-c default_transaction_read_only=off -c synchronous_commit=on "
            + patience.settings
        keywords["application_name"] = "lockbox"
        keywords["client_encoding"] = "UTF8"
        keywords["gssencmode"] = "disable"
        keywords["tcp_user_timeout"] = "\(patience.silence)"
        connection = try LibpqConnection(keywords, silence: patience.silence)
    }

    // MARK: Statements

    /// `150018` is 15.18; 0 if the server did not say.
    var serverVersion: Int { connection.serverVersion }

    /// The rows that one statement gives, `values` for its `$1`, `$2`, …. Each row has `columns`
    /// values, where that is given; another answer is an error.
    @discardableResult
    func rows(_ sql: String, _ values: [String] = [], columns: Int? = nil) throws -> [[String?]] {
        let answer = try connection.run(sql, values)
        guard columns ?? answer.columnCount == answer.columnCount else {
            throw PostgresError.strange
        }
        return (0..<answer.rowCount).map { row in
            (0..<answer.columnCount).map { column in answer.text(row, column) }
        }
    }

    /// A name as it stands in a statement.
    func identifier(_ name: String) throws -> String { try connection.identifier(name) }

    /// A text as it stands in a statement that takes no values.
    func literal(_ text: String) throws -> String { try connection.literal(text) }
}

extension EnforcerError {
    /// In the tenant's words what became of a statement; the server's words are for the operator.
    init(_ error: any Error) {
        switch error {
        case let error as EnforcerError: self = error
        case PostgresError.unreachable(let words):
            self.init("the database server could not be reached", cause: words)
        case PostgresError.silent: self.init("the database server does not answer")
        case PostgresError.refused(let code, let message):
            self.init(
                "the database server refused what it was told",
                cause: "\(message) (\(code))"
            )
        case is BlockingPool.Full:
            self.init("too much is waiting for the database server")
        default: self.init("the database server's answer has an unknown form")
        }
    }
}
