import CLibpq
import Glibc

/// One connection to a PostgreSQL server, through libpq. It blocks the thread that uses it, but
/// for no connection and no statement longer than it has patience.
package final class LibpqConnection {
    private let connection: OpaquePointer
    /// Milliseconds that a statement and its whole answer may take.
    private let silence: Int32
    private let warnings: UnsafeMutablePointer<Int>

    /// Connects to the one server that `keywords` name, within `silence` milliseconds.
    package convenience init(_ keywords: [String: String], silence: Int32) throws {
        try self.init(
            Self.with(keywords) { PQconnectStartParams($0, $1, 0) },
            silence: silence
        )
        try connect()
        PQsetnonblocking(connection, 1)
    }

    /// Connects to the first of the servers that `keywords` name which is what they ask for. Each
    /// has `connect_timeout` seconds.
    package convenience init(firstOf keywords: [String: String], silence: Int32) throws {
        try self.init(Self.with(keywords) { PQconnectdbParams($0, $1, 0) }, silence: silence)
        guard PQstatus(connection) == CONNECTION_OK else { throw lost }
        PQsetnonblocking(connection, 1)
    }

    private init(_ started: OpaquePointer?, silence: Int32) throws {
        guard let started else { throw PostgresError.unreachable("no memory") }
        connection = started
        self.silence = silence
        warnings = .allocate(capacity: 1)
        warnings.initialize(to: 0)
        // libpq writes to standard error what nobody takes.
        PQsetNoticeReceiver(
            connection,
            { count, notice in
                // `PG_DIAG_SEVERITY_NONLOCALIZED`
                let severity = PQresultErrorField(notice, Int32(UInt8(ascii: "V")))
                guard let count, let severity, strcmp(severity, "WARNING") == 0 else { return }
                count.assumingMemoryBound(to: Int.self).pointee += 1
            },
            warnings
        )
    }

    deinit {
        PQfinish(connection)
        warnings.deallocate()
    }

    private static func with(
        _ keywords: [String: String],
        _ start: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?) ->
            OpaquePointer?
    ) -> OpaquePointer? {
        let pairs = keywords.sorted { $0.key < $1.key }
        return withCStrings(pairs.map(\.key)) { names in
            withCStrings(pairs.map(\.value)) { values in start(names, values) }
        }
    }

    private func connect() throws {
        let deadline = deadline
        var wanted = Int16(POLLOUT)
        while true {
            guard PQstatus(connection) != CONNECTION_BAD else { throw lost }
            try wait(for: wanted, until: deadline)
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: wanted = Int16(POLLIN)
            case PGRES_POLLING_WRITING: wanted = Int16(POLLOUT)
            default: throw lost
            }
        }
    }

    /// Of what begins now.
    private var deadline: ContinuousClock.Instant { .now + .milliseconds(silence) }

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

    /// Why there is no connection, without the address that libpq's words begin with. Of several
    /// servers each has a line.
    private var lost: PostgresError {
        let said = String(cString: PQerrorMessage(connection))
        var words: [String] = []
        for line in said.split(separator: "\n").prefix(8).map(String.init) {
            let place = line.firstRange(of: "FATAL:") ?? line.firstRange(of: "failed:")
            if let place {
                words.append(String(line[place.upperBound...].drop { $0 == " " }))
            } else if line.contains("could not translate host name") {
                words.append("the host's name is not known")
            }
        }
        return .unreachable(
            words.isEmpty ? "the connection broke" : words.joined(separator: "; ")
        )
    }

    // MARK: How it is

    /// `150018` is 15.18; 0 if the server did not say.
    package var serverVersion: Int { Int(PQserverVersion(connection)) }

    /// False once the connection was lost.
    package var isUsable: Bool { PQstatus(connection) == CONNECTION_OK }

    /// Whether a transaction is open, in order or failed. False also where there is no connection.
    package var isInTransaction: Bool {
        [PQTRANS_INTRANS, PQTRANS_INERROR].contains(PQtransactionStatus(connection))
    }

    /// How often the server has warned.
    package var warningCount: Int { warnings.pointee }

    /// How another thread breaks off the statement that runs. Nil where memory ran out.
    package func cancellation() -> LibpqCancellation? {
        PQgetCancel(connection).map(LibpqCancellation.init)
    }

    // MARK: Statements

    /// Runs one statement, `texts` for its `$1`, `$2`, …; the answer is text.
    package func run(_ sql: String, _ texts: [String] = []) throws -> LibpqResult {
        try answer {
            withCStrings(texts) { values in
                PQsendQueryParams(connection, sql, Int32(texts.count), nil, values, nil, nil, 0)
            }
        }
    }

    /// Runs one statement without values; the answer is binary.
    package func runBinary(_ sql: String) throws -> LibpqResult {
        try answer { PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 1) }
    }

    /// Runs several statements, and gives the answer of the last. The first that is refused ends
    /// them.
    package func runScript(_ sql: String) throws -> LibpqResult {
        try answer(takingLast: true) { PQsendQuery(connection, sql) }
    }

    /// Prepares a statement. A type is the OID of each of its values; 0 leaves it to the server.
    package func prepare(_ name: String, _ sql: String, types: [UInt32]) throws {
        _ = try answer {
            PQsendPrepare(connection, name, sql, Int32(types.count), types)
        }
    }

    /// Runs a prepared statement; its values and the answer are binary, a value of nil is NULL.
    package func run(prepared name: String, _ values: [[UInt8]?]) throws -> LibpqResult {
        // An empty value needs an address too.
        var bytes: [UInt8] = [0]
        let places = values.map { value -> Int? in
            guard let value else { return nil }
            defer { bytes += value }
            return bytes.count
        }
        bytes.append(0)
        let lengths = values.map { Int32($0?.count ?? 0) }
        let formats = values.map { _ in Int32(1) }
        return try answer {
            bytes.withUnsafeBytes { bytes in
                let pointers = places.map { place in
                    place.flatMap { bytes.baseAddress?.advanced(by: $0) }?
                        .assumingMemoryBound(to: CChar.self)
                }
                return PQsendQueryPrepared(
                    connection,
                    name,
                    Int32(values.count),
                    pointers,
                    lengths,
                    formats,
                    1
                )
            }
        }
    }

    private func answer(takingLast: Bool = false, _ send: () -> Int32) throws -> LibpqResult {
        let deadline = deadline
        guard send() == 1 else { throw lost }
        while true {
            let flushed = PQflush(connection)
            if flushed == 0 { break }
            guard flushed == 1 else { throw lost }
            try wait(for: Int16(POLLOUT | POLLIN), until: deadline)
            guard PQconsumeInput(connection) == 1 else { throw lost }
        }
        var answer: Result<LibpqResult, any Error>?
        while let result = try next(until: deadline) {
            // Of COPY there is no end before this side has done its part.
            guard !result.isCopy else { throw PostgresError.strange }
            let isFailed = if case .failure? = answer { true } else { false }
            if answer == nil || takingLast && !isFailed {
                answer = Result { try result.checked() }
            }
        }
        guard let answer else { throw lost }
        return try answer.get()
    }

    private func next(until deadline: ContinuousClock.Instant) throws -> LibpqResult? {
        while PQisBusy(connection) == 1 {
            try wait(for: Int16(POLLIN), until: deadline)
            guard PQconsumeInput(connection) == 1 else { throw lost }
        }
        return PQgetResult(connection).map(LibpqResult.init)
    }

    // MARK: Names and texts

    /// A name as it stands in a statement.
    package func identifier(_ name: String) throws -> String {
        try escaped(PQescapeIdentifier(connection, name, name.utf8.count))
    }

    /// A text as it stands in a statement that takes no values.
    package func literal(_ text: String) throws -> String {
        try escaped(PQescapeLiteral(connection, text, text.utf8.count))
    }

    private func escaped(_ text: UnsafeMutablePointer<CChar>?) throws -> String {
        guard let text else { throw PostgresError.strange }
        defer { PQfreemem(text) }
        return String(cString: text)
    }
}

/// Breaks off the statement that runs on a connection.
// libpq says that one PGcancel may be used from any thread, beside its connection.
package final class LibpqCancellation: @unchecked Sendable {
    private let request: OpaquePointer

    fileprivate init(_ request: OpaquePointer) { self.request = request }

    deinit { PQfreeCancel(request) }

    /// Returns once the server has the request; blocks for a connection of its own. Whether anything
    /// was broken off shows in the statement's own answer.
    package func send() {
        var words = [CChar](repeating: 0, count: 256)
        _ = PQcancel(request, &words, Int32(words.count))
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
