/// Who is signed in at the portal, and who tried to sign in from where.
struct SessionTables: SchemaPart {
    let dialect: SQLDialect

    var tables: [String] {
        [
            """
            CREATE TABLE portal_session (
                id \(text) NOT NULL PRIMARY KEY,
                secret_hash \(bytes) NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                person \(text) NOT NULL REFERENCES person (id),
                created_at \(integer) NOT NULL,
                last_seen_at \(integer) NOT NULL,
                confirmed_at \(integer) NOT NULL,
                expires_at \(integer) NOT NULL,
                ended_at \(integer),
                CHECK (created_at < expires_at)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE sign_in_client (
                person \(text) NOT NULL REFERENCES person (id),
                client_hash \(bytes) NOT NULL CHECK (length(client_hash) = 32),
                failures \(integer) NOT NULL CHECK (failures >= 0),
                held_until \(integer),
                succeeded_at \(integer),
                kept_until \(integer) NOT NULL,
                PRIMARY KEY (person, client_hash)
            )\(dialect.tableEnd)
            """,
            "ALTER TABLE password ADD COLUMN failures_since \(integer)",
        ]
    }

    var indices: [String] {
        [
            "CREATE INDEX session_of_person ON portal_session (person, created_at, id) WHERE ended_at IS NULL",
            "CREATE INDEX session_by_end ON portal_session (expires_at)",
            "CREATE INDEX sign_in_client_by_end ON sign_in_client (kept_until)",
        ]
    }

    var guards: [SQLDialect.Guard] {
        [
            dialect.unchanging("portal_session", ["id", "person", "created_at", "expires_at"]),
            .init(
                table: "portal_session",
                change: .update,
                condition: "OLD.ended_at IS NOT NULL",
                name: "ended",
                message: "portal_session: what has ended stays ended"
            ),
        ]
    }
}
