import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

struct MigrationTests {
    private let scratch: Scratch
    private let first = Migration(
        number: 1,
        name: "words",
        statements: ["CREATE TABLE word (text TEXT NOT NULL)", "INSERT INTO word VALUES ('one')"]
    )
    private let second = Migration(
        number: 2,
        name: "more words",
        statements: [
            "ALTER TABLE word ADD COLUMN length INTEGER", "INSERT INTO word VALUES ('two', 3)",
        ]
    )

    init() throws {
        scratch = try Scratch()
    }

    @Test func eachMigrationIsAppliedOnceWhateverTheNumberOfStarts() async throws {
        for known in [[], [first], [first, second], [first, second]] {
            let engine = try SQLiteEngine(path: scratch.database)
            try await engine.migrate(known, .sqlite)
            try await engine.migrate(known, .sqlite)
            try await engine.close()
        }
        let engine = try SQLiteEngine(path: scratch.database)
        #expect(try await words(engine) == ["one", "two"])
        try await engine.close()
    }

    @Test func newerDatabaseIsRefused() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.migrate([first, second], .sqlite)
        await #expect(throws: SchemaMismatch.databaseIsNewer(database: 2, program: 1)) {
            try await engine.migrate([first], .sqlite)
        }
        await #expect(throws: SchemaMismatch.databaseIsNewer(database: 2, program: 0)) {
            try await engine.migrate([], .sqlite)
        }
        try await engine.close()
    }

    @Test func anotherHistoryIsRefused() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.migrate([first], .sqlite)
        let other = Migration(
            number: 1,
            name: "other",
            statements: ["CREATE TABLE other (id INTEGER)"]
        )
        await #expect(
            throws: SchemaMismatch.historyDiffers(number: 1, database: "words", program: "other")
        ) {
            try await engine.migrate([other, second], .sqlite)
        }
        #expect(try await words(engine) == ["one"])
        try await engine.close()
    }

    @Test func fileOfAnotherProductIsRefusedAndKeepsItsTables() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.write { tx in _ = try tx.execute("CREATE TABLE invoice (id INTEGER)") }
        await #expect(throws: SchemaMismatch.notOurs(table: "invoice")) {
            try await engine.migrate([first], .sqlite)
        }
        let tables = try await engine.read { tx in
            try tx.query("SELECT name FROM sqlite_schema") { try $0.text(0) }
        }
        #expect(tables == ["invoice"])
        try await engine.close()
    }

    @Test func migrationThatFailsLeavesNothingOfItself() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        let broken = Migration(
            number: 2,
            name: "broken",
            statements: ["INSERT INTO word VALUES ('half')", "CREATE TABLE word (id INTEGER)"]
        )
        await #expect(throws: StoreError.self) {
            try await engine.migrate([first, broken], .sqlite)
        }
        #expect(try await words(engine) == ["one"])
        try await engine.migrate([first, second], .sqlite)
        #expect(try await words(engine) == ["one", "two"])
        try await engine.close()
    }

    @Test func startsAtOnceOnANewFileAllSucceed() async throws {
        for round in 0..<5 {
            let path = scratch.folder + "/\(round).sqlite"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let engine = try SQLiteEngine(path: path)
                        try await engine.migrate([first, second], .sqlite)
                        #expect(try await words(engine) == ["one", "two"])
                        try await engine.close()
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func words(_ engine: SQLiteEngine) async throws -> [String] {
        try await engine.read { tx in
            try tx.query("SELECT text FROM word ORDER BY rowid") { try $0.text(0) }
        }
    }
}
