import ArgumentParser
import AsyncHTTPClient
import Foundation
import LockboxClient
import LockboxWire

/// Where the server is.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address; LOCKBOX_URL or that of the last login if left out.")
    var url: String?
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// How results are written.
struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "How to write the result.")
    var output: OutputFormat = .table
}

/// One run of a command: the server it talks to and the terminal it writes to.
struct Session: Sendable {
    let client: LockboxClient
    let shell: Shell
    let output: OutputFormat

    /// Runs `body` signed in, and lets go of all connections.
    @discardableResult
    static func run<Value: Sendable>(
        _ server: ServerOptions,
        _ output: OutputFormat = .table,
        body: @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let shell = Shell()
        let saved = try SavedSignIns(environment: shell.environment)
        guard let address = address(server, shell, saved) else {
            throw Failure.notSignedIn(
                "Which server? Use “lockbox login --url https://…”, or set LOCKBOX_URL."
            )
        }
        let key = trimmed(address)
        let token = shell.environment["LOCKBOX_TOKEN"]
        guard token.map({ !$0.isEmpty }) ?? (saved.servers[key] != nil) else {
            throw Failure.notSignedIn(
                "You are not signed in at \(address). Sign in with “lockbox login”, or set LOCKBOX_TOKEN."
            )
        }
        return try await run(address: address, token: token, shell: shell, output: output) {
            session in
            guard token == nil else { return try await body(session) }
            let tokens = KeptTokens(client: session.client, shell: shell)
            let client = session.client.authorized { refused async throws(ClientError) in
                try await tokens.token(after: refused)
            }
            return try await body(Session(client: client, shell: shell, output: output))
        }
    }

    /// Runs `body` with the token given, which may be none.
    @discardableResult
    static func run<Value: Sendable>(
        address: String,
        token: String?,
        shell: Shell,
        output: OutputFormat = .table,
        body: @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: LockboxClient.settings
        )
        let value: Value
        do {
            let client = try LockboxClient(
                address: address,
                token: token,
                http: http,
                allowsPlainHTTP: shell.environment["LOCKBOX_ALLOW_HTTP"] == "1",
                newKey: Shell.newKey
            )
            value = try await body(Session(client: client, shell: shell, output: output))
        } catch {
            try await http.shutdown()
            throw error
        }
        try await http.shutdown()
        return value
    }

    static func address(_ server: ServerOptions, _ shell: Shell, _ saved: SavedSignIns) -> String? {
        let named = server.url ?? shell.environment["LOCKBOX_URL"] ?? saved.current
        return named.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Without slashes at the end: the form under which a sign-in is kept.
    static func trimmed(_ address: String) -> String {
        String(address.reversed().drop { $0 == "/" }.reversed())
    }

    // MARK: - Results

    func write(_ lines: [String]) {
        if !lines.isEmpty { shell.write(lines.joined(separator: "\n")) }
    }

    /// The result as the server gave it, or in the words of `lines`.
    func show<Body: Encodable>(_ body: Body, _ lines: (Body) -> [String]) throws {
        switch output {
        case .json: shell.write(try Self.json(body))
        case .table: write(lines(body))
        }
    }

    /// A listing: rows of a table, or a JSON array.
    func show<Item: Encodable>(
        _ found: (items: [Item], hasMore: Bool),
        none: String,
        _ table: ([Item]) -> Table
    ) throws {
        switch output {
        case .json: shell.write(try Self.json(found.items))
        case .table where found.items.isEmpty: shell.tell(none)
        case .table: write(table(found.items).lines(columns: shell.outputColumns))
        }
        if found.hasMore { shell.tell("There is more; raise --limit to see it.") }
    }

    static func json(_ body: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return TerminalText.cleanJSON(String(decoding: try encoder.encode(body), as: UTF8.self))
    }

    // MARK: - Who

    func me() async throws -> Me { try await client.get(Path("v1", "me")) }

    /// The tenant that was named, or the caller's own.
    func tenant(_ named: String?) async throws -> String {
        if let named { return named }
        guard let own = try await me().tenant else {
            throw Failure.usage("Name the tenant with --tenant.")
        }
        return own
    }
}

/// How many items a listing shows.
struct LimitOptions: ParsableArguments {
    @Option(help: "How many to show at most.")
    var limit: Int = 50

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }
}
