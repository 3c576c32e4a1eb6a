import Foundation
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

@testable import LockboxStorePostgres

/// The schema is the same in both dialects, but for what each needs alone. A step that was written
/// for one of them only shows here.
@Suite(.onServer)
struct SchemaTests {
    @Test func bothDialectsHaveTheSameTablesColumnsIndicesAndGuards() async throws {
        let sqlite = try SQLiteEngine.temporary()
        try await sqlite.migrate(Schema.migrations(for: .sqlite), .sqlite)
        let database = try TestServer.database()
        try await PostgresStore.open(try database.address()).close()

        let known = try await sqlite.read { tx in
            try tx.query(
                """
                SELECT m.name || '.' || c.name || CASE c."notnull" WHEN 1 THEN '' ELSE '?' END
                FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                WHERE m.type = 'table' AND m.name NOT LIKE 'log_words%' AND m.name <> 'log_number'
                """
            ) { try $0.text(0) }
        }
        let found = try database.column(
            """
            SELECT table_name || '.' || column_name
                || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'store_write'
            """
        )
        #expect(Set(found).symmetricDifference(known) == [])

        for (type, query, alone) in [
            (
                "index",
                "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' "
                    + "AND indexname !~ '_(pkey|key\\d*)$'",
                ["log_text_words"]
            ),
            ("trigger", "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", []),
        ] {
            let known = try await sqlite.read { tx in
                try tx.query(
                    "SELECT name FROM sqlite_schema WHERE type = $1 AND sql IS NOT NULL "
                        + "AND tbl_name <> 'log_number'",
                    [.text(type)]
                ) { try $0.text(0) }
            }
            let found = try database.column(query)
            #expect(Set(found).symmetricDifference(known) == Set(alone), "\(type)")
        }
        let transitions = "SELECT prior || ' ' || next FROM request_transition"
        let steps = try await sqlite.read { try $0.query(transitions) { try $0.text(0) } }
        #expect(try Set(database.column(transitions)) == Set(steps))
        try await sqlite.close()
    }

    @Test func textIsComparedByItsBytes() async throws {
        let database = try TestServer.database()
        try await PostgresStore.open(try database.address()).close()
        let others = try database.column(
            """
            SELECT c.relname || '.' || a.attname FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation k ON k.oid = a.attcollation
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
                AND k.collname <> 'C' AND c.relname <> 'schema_migration'
            """
        )
        #expect(others == [])
    }
}
