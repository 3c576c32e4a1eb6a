import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Testing

@testable import LockboxStorePostgres

/// Databases that are refused, by name and with nothing changed.
@Suite(.onServer, .timeLimit(.minutes(3)))
struct OpeningTests {
    @Test(arguments: [
        ("SUPERUSER", "is a superuser"), ("REPLICATION", "may replicate"),
        ("CREATEROLE", "may make roles"), ("BYPASSRLS", "may pass over row security"),
    ])
    func userThatMayTooMuchIsRefused(_ power: String, _ words: String) async throws {
        let database = try TestServer.database()
        let user = power.lowercased()
        try database.run("CREATE ROLE \(user) LOGIN PASSWORD 'secret' \(power)")
        try database.run("GRANT CREATE ON SCHEMA public TO \(user)")
        let refusal = await #expect(throws: PostgresRefusal.self) {
            try await PostgresStore.open(try database.address(user: user))
        }
        #expect(refusal == .mayTooMuch(user: user, what: words))
        #expect(try tables(database) == [])
    }

    @Test func userThatMayTooLittleIsRefused() async throws {
        let database = try TestServer.database()
        try database.run("CREATE ROLE stranger LOGIN PASSWORD 'secret'")
        let refusal = await #expect(throws: PostgresRefusal.self) {
            try await PostgresStore.open(try database.address(user: "stranger"))
        }
        #expect(
            refusal
                == .mayTooLittle(
                    user: "stranger",
                    what: "may not make tables in the schema public"
                )
        )
        #expect(try tables(database) == [])
    }

    @Test func databaseThatTakesNoWritesIsRefused() async throws {
        let database = try TestServer.database()
        try database.run("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
        await #expect(throws: PostgresRefusal.readOnly) {
            try await PostgresStore.open(try database.address())
        }
        #expect(try tables(database) == [])
    }

    @Test func databaseOfAnotherEncodingIsRefused() async throws {
        let database = try TestServer.database()
        try database.server.run(
            "CREATE DATABASE latin OWNER lockbox ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        )
        let latin = TestDatabase(server: database.server, name: "latin")
        await #expect(throws: PostgresRefusal.encoding("LATIN1")) {
            try await PostgresStore.open(try latin.address())
        }
        #expect(try tables(latin) == [])
    }

    @Test func databaseOfAnotherProductIsRefused() async throws {
        let database = try TestServer.database()
        try database.run("CREATE TABLE public.customer (id INT)")
        await #expect(throws: SchemaMismatch.notOurs(table: "customer")) {
            try await PostgresStore.open(try database.address())
        }
        #expect(try tables(database) == ["customer"])
    }

    @Test func databaseOfANewerProgramIsRefused() async throws {
        let database = try TestServer.database()
        try await PostgresStore.open(try database.address()).close()
        let last = try #require(Schema.migrations(for: .postgres).last?.number)
        try database.run("INSERT INTO schema_migration VALUES (\(last + 1), 'later')")
        let before = try tables(database)
        await #expect(
            throws: SchemaMismatch.databaseIsNewer(database: last + 1, program: last)
        ) {
            try await PostgresStore.open(try database.address())
        }
        #expect(try tables(database) == before)
    }

    @Test func wrongPasswordIsSaidWithoutIt() async throws {
        let database = try TestServer.database()
        let url = database.server.url("lockbox", database.name)
            .replacing(":secret@", with: ":wrong-one@")
        let failure = await #expect(throws: StoreError.self) {
            try await PostgresStore.open(try PostgresAddress(url))
        }
        let words = "\(String(describing: failure))"
        #expect(words.contains("password authentication failed"))
        #expect(!words.contains("wrong-one"))
    }

    @Test func twoNodesThatOpenAnEmptyDatabaseMakeItOnce() async throws {
        let database = try TestServer.database()
        let address = try database.address()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { try await PostgresStore.open(address).close() }
            }
            try await group.waitForAll()
        }
        let steps = Schema.migrations(for: .postgres).count
        #expect(try database.column("SELECT count(*) FROM schema_migration") == ["\(steps)"])
    }

    @Test func userWhoOwnsNothingCannotTouchWhatIsKeptForEver() async throws {
        let database = try TestServer.database()
        try database.run("CREATE ROLE server LOGIN PASSWORD 'secret'")
        // Before it is prepared.
        await #expect(throws: PostgresRefusal.self) {
            try await PostgresStore.open(try database.address(user: "server"))
        }
        try await PostgresStore.prepare(try database.address(), for: "server")
        let store = try await PostgresStore.open(try database.address(user: "server"))
        try await store.write { try $0.save(Fixture.contoso) }
        #expect(try await store.read { try $0.tenant(Fixture.contoso.id) } == Fixture.contoso)
        for statement in [
            "DELETE FROM log_entry", "UPDATE log_entry SET time = 0", "TRUNCATE log_entry",
            "UPDATE log_tile SET level = 2", "UPDATE log_checkpoint SET note = ''",
            "DELETE FROM access_grant", "DELETE FROM decision", "DELETE FROM tenant",
            "UPDATE erasure SET field = ''", "INSERT INTO request_transition VALUES ('a', 'b')",
            "DELETE FROM schema_migration", "ALTER TABLE tenant DISABLE TRIGGER ALL",
            "DROP TRIGGER log_entry_update_guard ON log_entry", "CREATE TABLE other (id INT)",
        ] {
            let failure = await #expect(throws: StoreError.self, "\(statement)") {
                try await store.engine.write { _ = try $0.execute(statement) }
            }
            #expect("\(String(describing: failure))".contains("42501"), "\(statement)")
        }
        try await store.close()
    }

    @Test func userWhoMayActAsTheOwnerIsRefused() async throws {
        let database = try TestServer.database()
        try database.run("CREATE ROLE deputy LOGIN PASSWORD 'secret' IN ROLE lockbox")
        await #expect(
            throws: PostgresRefusal.mayTooMuch(
                user: "deputy",
                what: "may act as the owner of the tables"
            )
        ) { try await PostgresStore.prepare(try database.address(), for: "deputy") }
    }

    private func tables(_ database: TestDatabase) throws -> [String] {
        try database.column(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                + "AND relkind IN ('r', 'i') ORDER BY 1"
        )
    }
}
