extension Migration {
    /// Who is signed in at the portal, and who tried to sign in from where.
    static let sessions = Migration(
        number: 3,
        name: "sessions",
        sqlite: """
            CREATE TABLE portal_session (
                id TEXT NOT NULL PRIMARY KEY,
                secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                person TEXT NOT NULL REFERENCES person (id),
                created_at INTEGER NOT NULL,
                last_seen_at INTEGER NOT NULL,
                confirmed_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL,
                ended_at INTEGER,
                CHECK (created_at < expires_at)
            ) STRICT;

            CREATE TABLE sign_in_client (
                person TEXT NOT NULL REFERENCES person (id),
                client_hash BLOB NOT NULL CHECK (length(client_hash) = 32),
                failures INTEGER NOT NULL CHECK (failures >= 0),
                held_until INTEGER,
                succeeded_at INTEGER,
                kept_until INTEGER NOT NULL,
                PRIMARY KEY (person, client_hash)
            ) STRICT;

            ALTER TABLE password ADD COLUMN failures_since INTEGER;

            CREATE INDEX session_of_person ON portal_session (person, created_at, id) WHERE \
            ended_at IS NULL;

            CREATE INDEX session_by_end ON portal_session (expires_at);

            CREATE INDEX sign_in_client_by_end ON sign_in_client (kept_until);

            CREATE TRIGGER portal_session_update_unchanging
            BEFORE UPDATE ON portal_session
            WHEN NEW.id IS NOT OLD.id
                OR NEW.person IS NOT OLD.person
                OR NEW.created_at IS NOT OLD.created_at
                OR NEW.expires_at IS NOT OLD.expires_at
            BEGIN
                SELECT RAISE(ABORT, 'portal_session: what it is about never changes');
            END;

            CREATE TRIGGER portal_session_update_ended
            BEFORE UPDATE ON portal_session
            WHEN OLD.ended_at IS NOT NULL
            BEGIN
                SELECT RAISE(ABORT, 'portal_session: what has ended stays ended');
            END;
            """
    )
}
