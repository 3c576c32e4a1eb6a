import Foundation
import Glibc
import LockboxLibpq
import LockboxTestPostgres
import Synchronization
import Testing

@testable import LockboxServices

/// A PostgreSQL server of the tests' own in a temporary folder, reached through a socket there. Its
/// roles and databases are those of `Examples/postgres`.
final class PostgresCluster: Sendable {
    @TaskLocal static var current: PostgresCluster?

    static let databases = ["contoso", "fabrikam"]

    let folder: URL
    private let superuser = "the superuser's password"
    let password = "the password of lockbox"

    private init() throws {
        folder = URL(filePath: NSTemporaryDirectory()).appending(
            path: "lbx-pg-\(UUID().uuidString.prefix(8))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    /// Runs `body` with a server, and stops it afterwards.
    static func with(_ body: @Sendable () async throws -> Void) async throws {
        let cluster = try PostgresCluster()
        defer { try? FileManager.default.removeItem(at: cluster.folder) }
        let server = try await cluster.start()
        do {
            try cluster.set("log_timezone", "UTC")
            try cluster.prepare()
            try await $current.withValue(cluster) { try await body() }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func start() async throws -> PostgresProcess {
        let server = try await PostgresProcess(
            in: folder,
            superuser: superuser,
            settings: [
                "max_prepared_transactions=5", "logging_collector=on", "log_directory=log",
                "log_destination=csvlog,jsonlog",
            ]
        )
        for _ in 0..<1500 {
            if (try? session()) != nil { return server }
            try #require(server.isRunning)
            poll(nil, 0, 20)
        }
        await server.stop()
        throw PostgresError.silent
    }

    /// The operator's part.
    private func prepare() throws {
        let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../Examples/postgres"
        )
        let roles = try String(contentsOf: examples.appending(path: "roles.sql"), encoding: .utf8)
        let each = try String(contentsOf: examples.appending(path: "database.sql"), encoding: .utf8)
        try run(
            """
            \(roles)
            ALTER ROLE lockbox PASSWORD '\(password)';
            CREATE ROLE crm_owner;
            """
        )
        for database in Self.databases {
            try run("CREATE DATABASE \(database) OWNER crm_owner")
            try run(
                """
                SET ROLE crm_owner;
                CREATE TABLE customers (id int PRIMARY KEY, name text);
                INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob');
                RESET ROLE;

                """
                    + each.replacingOccurrences(of: "@DATABASE@", with: database)
                    .replacingOccurrences(of: "@OWNER@", with: "crm_owner"),
                in: database
            )
        }
    }

    /// Changes the server's configuration, and returns once it counts for new sessions.
    func set(_ setting: String, _ value: String) throws {
        try run("ALTER SYSTEM SET \(setting) = '\(value)'")
        _ = try column("SELECT pg_reload_conf()")
        for _ in 0..<1500 {
            if try column("SHOW \(setting)") == [value] { return }
            poll(nil, 0, 20)
        }
        throw PostgresError.silent
    }

    /// Where the server writes down what is run.
    func statements(_ form: PostgresSettings.Statements.Form) -> PostgresSettings.Statements {
        .init(form: form, folder: folder.appending(path: "data/log").path)
    }

    func address(_ user: String, _ password: String, _ database: String) -> PostgresAddress {
        PostgresAddress(keywords: [
            "host": folder.path, "port": "5432", "user": user, "password": password,
            "dbname": database, "sslmode": "disable",
        ])
    }

    /// A connection as a user, of the superuser unless another is named.
    func session(
        _ user: String = "postgres",
        _ password: String? = nil,
        in database: String = "postgres"
    ) throws -> PostgresSession {
        try PostgresSession(
            address(user, password ?? superuser, database),
            .init(silence: 20_000)
        )
    }

    /// What the superuser does: statements, each ended by a semicolon at the end of a line.
    func run(_ statements: String, in database: String = "postgres") throws {
        let session = try session(in: database)
        try session.rows("SET search_path = public")
        let lines = statements.split(separator: "\n").filter { !$0.hasPrefix("--") }
        for statement in lines.joined(separator: "\n").components(separatedBy: ";\n") {
            let statement = statement.trimmingCharacters(in: .whitespacesAndNewlines)
            if !statement.isEmpty { try session.rows(statement) }
        }
    }

    /// The first column that the superuser sees.
    func column(_ query: String, in database: String = "postgres") throws -> [String] {
        try session(in: database).rows(query).compactMap { $0.first ?? nil }
    }

    /// Login roles of Lockbox, by whatever name.
    func roles() throws -> [String] {
        try column(
            """
            SELECT rolname FROM pg_roles
            WHERE rolname LIKE 'lbx-%' OR shobj_description(oid, 'pg_authid') LIKE 'Lockbox %'
            ORDER BY 1
            """
        )
    }

    /// As somebody would who does not tell Lockbox.
    func drop(_ role: String) throws {
        let name = try session().identifier(role)
        let databases = Self.databases.joined(separator: ", ")
        try run(
            "SET ROLE lockbox;\nREVOKE CONNECT ON DATABASE \(databases) FROM \(name);\nRESET ROLE;\n"
        )
        for database in ["postgres"] + Self.databases {
            try run("DROP OWNED BY \(name)", in: database)
        }
        try run("DROP ROLE \(name)")
    }

    /// Nothing of an earlier test is left.
    func clear() throws {
        for role in try roles() {
            try run(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    + "WHERE usename = '\(role)'"
            )
            try drop(role)
        }
    }
}

/// The tests of a suite share one server.
struct OnCluster: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        try await PostgresCluster.with(function)
    }
}

extension Trait where Self == OnCluster {
    static var onCluster: Self { Self() }
}
