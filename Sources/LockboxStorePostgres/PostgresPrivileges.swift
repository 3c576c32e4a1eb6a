import LockboxPorts
import LockboxStoreSQL

extension PostgresStore {
    /// Brings the schema up to date as its `owner`, and gives `user`, who owns nothing, what a server
    /// needs: to read and to add, and to change or delete rows of those tables alone where the schema
    /// does not refuse it for each row. So what is kept for ever is kept by grants too, and nobody but
    /// the owner can take guards away or empty a table.
    ///
    /// A crash in between leaves the schema in order and `user` with what it had.
    package static func prepare(_ owner: PostgresAddress, for user: String) async throws {
        let store = try await open(owner)
        do {
            try await store.engine.write { try give(user, $0) }
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    private static func give(_ user: String, _ connection: any SQLConnection) throws {
        let isOwner = try connection.queryOne(
            "SELECT pg_has_role($1, current_user, 'MEMBER')",
            [.text(user)]
        ) { try $0.integer(0) == 1 }
        guard isOwner == false else {
            throw PostgresRefusal.mayTooMuch(user: user, what: "may act as the owner of the tables")
        }
        let name = "\"\(user.replacing("\"", with: "\"\""))\""
        try connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM \(name)")
        try connection.execute("REVOKE CREATE ON SCHEMA public FROM \(name)")
        try connection.execute("GRANT USAGE ON SCHEMA public TO \(name)")
        for (table, rights) in try rights(connection) {
            try connection.execute("GRANT \(rights) ON public.\(table) TO \(name)")
        }
    }

    /// For each table, what may be done to its rows. `refuse` is the guard that asks no question
    /// (`pg_trigger.tgtype`: 8 is DELETE, 16 is UPDATE).
    private static func rights(_ connection: any SQLConnection) throws -> [(String, String)] {
        func isGuarded(_ bit: Int) -> String {
            """
            EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                WHERE t.tgrelid = c.oid AND p.proname = 'refuse' AND t.tgqual IS NULL
                    AND t.tgtype & \(bit) <> 0)
            """
        }
        return try connection.query(
            """
            SELECT c.relname, \(isGuarded(16)), \(isGuarded(8)) FROM pg_class c
            WHERE c.relkind = 'r' AND c.relnamespace = CAST('public' AS regnamespace)
            """
        ) { row in
            let table = try row.text(0)
            switch table {
            case "schema_migration", "request_transition": return (table, "SELECT")
            case "store_write": return (table, "SELECT, UPDATE")
            default:
                let update = try row.integer(1) == 1 ? "" : ", UPDATE"
                let delete = try row.integer(2) == 1 ? "" : ", DELETE"
                return (table, "SELECT, INSERT\(update)\(delete)")
            }
        }
    }
}
