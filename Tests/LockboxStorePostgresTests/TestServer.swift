import Foundation
import Glibc
import LockboxLibpq
import LockboxTestPostgres
import Synchronization
import Testing

@testable import LockboxStorePostgres

/// A PostgreSQL server of a suite's own. Each test has databases of its own there, which belong to
/// `lockbox`.
final class TestServer: Sendable {
    @TaskLocal static var current: TestServer?

    let folder: URL
    private let superuser = "the superuser's password"
    private let databases = Mutex(0)

    private init() throws {
        folder = URL(filePath: NSTemporaryDirectory()).appending(
            path: "lbx-pgs-\(UUID().uuidString.prefix(8))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    /// Runs `body` with a server, and stops it afterwards.
    static func with(_ body: @Sendable () async throws -> Void) async throws {
        let server = try TestServer()
        defer { try? FileManager.default.removeItem(at: server.folder) }
        let process = try await PostgresProcess(
            in: server.folder,
            superuser: server.superuser,
            settings: ["max_connections=400"]
        )
        do {
            try server.waitUntilReady(process)
            try server.run("CREATE ROLE lockbox LOGIN PASSWORD 'secret'")
            try await $current.withValue(server) { try await body() }
        } catch {
            await process.stop()
            throw error
        }
        await process.stop()
    }

    private func waitUntilReady(_ process: PostgresProcess) throws {
        for _ in 0..<1500 {
            if (try? session("postgres")) != nil { return }
            try #require(process.isRunning)
            poll(nil, 0, 20)
        }
        throw PostgresError.silent
    }

    /// A new database, a copy of `template`.
    static func database(from template: String? = nil) throws -> TestDatabase {
        let server = try #require(current)
        let number = server.databases.withLock { number in
            number += 1
            return number
        }
        let database = TestDatabase(server: server, name: "d\(number)")
        let copied = template.map { " TEMPLATE \($0)" } ?? ""
        try server.run("CREATE DATABASE \(database.name) OWNER lockbox\(copied)")
        return database
    }

    /// What the superuser does: one statement.
    func run(_ statement: String, in database: String = "postgres") throws {
        _ = try session(database).runScript(statement)
    }

    func session(_ database: String) throws -> LibpqConnection {
        try LibpqConnection(
            [
                "host": folder.path, "user": "postgres", "password": superuser,
                "dbname": database, "sslmode": "disable",
            ],
            silence: 60_000
        )
    }

    /// Where `user` finds `database`.
    func url(_ user: String, _ database: String) -> String {
        let host = folder.path.replacing("/", with: "%2F")
        return "postgres://\(user):secret@\(host)/\(database)?sslmode=disable"
    }
}

/// A database of a test's own.
struct TestDatabase {
    let server: TestServer
    let name: String

    func address(user: String = "lockbox") throws -> PostgresAddress {
        try PostgresAddress(server.url(user, name))
    }

    func engine() throws -> PostgresEngine { PostgresEngine(try address()) }

    /// What the superuser does there.
    func run(_ statement: String) throws { try server.run(statement, in: name) }

    /// The first column that the superuser sees.
    func column(_ query: String) throws -> [String] {
        let found = try server.session(name).run(query)
        return (0..<found.rowCount).map { found.text($0, 0) ?? "" }
    }

    /// Ends all connections of `lockbox` from the server's side.
    func cutOff() throws {
        _ = try column(
            """
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = '\(name)' AND usename = 'lockbox'
            """
        )
    }
}

/// The tests of a suite share one server.
struct OnServer: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TestServer.with(function)
    }
}

extension Trait where Self == OnServer {
    static var onServer: Self { Self() }
}
