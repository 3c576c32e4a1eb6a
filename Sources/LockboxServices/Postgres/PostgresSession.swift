import CLibpq
import Glibc
import LockboxPorts

/// Why a statement gave no result.
enum PostgresError: Error {
    /// There is no connection, or none any more. The words name no address.
    case unreachable(String)
    /// Nothing was heard for as long as one waits.
    case silent
    /// The server said no: its SQLSTATE and message.
    case refused(code: String, message: String)
    /// Something that this side did not ask for.
    case strange

    // SQLSTATEs (PostgreSQL's manual, appendix A): undefined_object,
    // object_not_in_prerequisite_state, internal_error.
    static let notThere = "42704"
    static let inUse = "55000"
    static let internalError = "XX000"
}

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

    private let connection: OpaquePointer
    private let patience: Patience

    init(_ address: PostgresAddress, _ patience: Patience) throws {
        self.patience = patience
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
        let pairs = keywords.sorted { $0.key < $1.key }
        let started = withCStrings(pairs.map(\.key)) { names in
            withCStrings(pairs.map(\.value)) { values in PQconnectStartParams(names, values, 0) }
        }
        guard let started else { throw PostgresError.unreachable("no memory") }
        connection = started
        // libpq writes to standard error what nobody takes.
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        try connect()
    }

    deinit { PQfinish(connection) }

    private func connect() throws {
        let deadline = deadline
        var wanted = Int16(POLLOUT)
        while true {
            guard PQstatus(connection) != CONNECTION_BAD else { throw lost }
            try wait(for: wanted, until: deadline)
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_OK:
                PQsetnonblocking(connection, 1)
                return
            case PGRES_POLLING_READING: wanted = Int16(POLLIN)
            case PGRES_POLLING_WRITING: wanted = Int16(POLLOUT)
            default: throw lost
            }
        }
    }

    /// Of what begins now.
    private var deadline: ContinuousClock.Instant {
        .now + .milliseconds(patience.silence)
    }

    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws {
        var descriptor = pollfd(fd: PQsocket(connection), events: events, revents: 0)
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { throw PostgresError.silent }
            let ready = poll(&descriptor, 1, Int32(left.rounded(.up)))
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw PostgresError.silent }
        }
    }

    /// Why there is no connection, without the address that libpq's words begin with.
    private var lost: PostgresError {
        let said = String(cString: PQerrorMessage(connection))
        let line = said.split(separator: "\n").first.map(String.init) ?? ""
        if let place = line.firstRange(of: "FATAL:") ?? line.firstRange(of: "failed:") {
            return .unreachable(String(line[place.upperBound...].drop { $0 == " " }))
        }
        return .unreachable(
            line.contains("could not translate host name")
                ? "the host's name is not known" : "the connection broke"
        )
    }

    // MARK: Statements

    /// `150018` is 15.18; 0 if the server did not say.
    var serverVersion: Int { Int(PQserverVersion(connection)) }

    /// The rows that one statement gives, `values` for its `$1`, `$2`, …. Each row has `columns`
    /// values, where that is given; another answer is an error.
    @discardableResult
    func rows(_ sql: String, _ values: [String] = [], columns: Int? = nil) throws -> [[String?]] {
        let deadline = deadline
        let sent = withCStrings(values) { texts in
            PQsendQueryParams(connection, sql, Int32(values.count), nil, texts, nil, nil, 0)
        }
        guard sent == 1 else { throw lost }
        while true {
            let flushed = PQflush(connection)
            if flushed == 0 { break }
            guard flushed == 1 else { throw lost }
            try wait(for: Int16(POLLOUT | POLLIN), until: deadline)
            guard PQconsumeInput(connection) == 1 else { throw lost }
        }
        var answer: Result<[[String?]], any Error>?
        while let result = try next(until: deadline) {
            defer { PQclear(result) }
            // Of COPY there is no end before this side has done its part.
            guard !Self.isCopy(result) else { throw PostgresError.strange }
            if answer == nil { answer = Result { try Self.read(result, columns) } }
        }
        guard let answer else { throw lost }
        return try answer.get()
    }

    /// A name as it stands in a statement.
    func identifier(_ name: String) throws -> String {
        try escaped(PQescapeIdentifier(connection, name, name.utf8.count))
    }

    /// A text as it stands in a statement that takes no values.
    func literal(_ text: String) throws -> String {
        try escaped(PQescapeLiteral(connection, text, text.utf8.count))
    }

    private func escaped(_ text: UnsafeMutablePointer<CChar>?) throws -> String {
        guard let text else { throw PostgresError.strange }
        defer { PQfreemem(text) }
        return String(cString: text)
    }

    private func next(until deadline: ContinuousClock.Instant) throws -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            try wait(for: Int16(POLLIN), until: deadline)
            guard PQconsumeInput(connection) == 1 else { throw lost }
        }
        return PQgetResult(connection)
    }

    private static func isCopy(_ result: OpaquePointer) -> Bool {
        [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(PQresultStatus(result))
    }

    private static func read(_ result: OpaquePointer, _ columns: Int?) throws -> [[String?]] {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: break
        case PGRES_FATAL_ERROR:
            throw PostgresError.refused(
                code: field("C", of: result),
                message: field("M", of: result)
            )
        default: throw PostgresError.strange
        }
        guard columns ?? Int(PQnfields(result)) == PQnfields(result) else {
            throw PostgresError.strange
        }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1
                    ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
    }

    /// `PG_DIAG_SQLSTATE` and its like are characters.
    private static func field(_ name: Unicode.Scalar, of result: OpaquePointer) -> String {
        PQresultErrorField(result, Int32(name.value)).map { String(cString: $0) } ?? ""
    }
}

/// `body` with the C forms of `texts`, and NULL at their end.
private func withCStrings<Value>(
    _ texts: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
) -> Value {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers = copies.map { UnsafePointer($0) } + [nil]
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
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
