extension Migration {
    /// One-time codes that let browsers in at gateways. They are in the store because the portal and
    /// the gateway may be two processes, and because one that was used stays used.
    static let browserCodes = Migration(
        number: 15,
        name: "browser codes",
        sqlite: """
            CREATE TABLE browser_code (
                code_hash BLOB NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
                credential TEXT NOT NULL REFERENCES credential (id),
                issued_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL,
                CHECK (issued_at < expires_at)
            ) STRICT;

            CREATE INDEX browser_code_by_end ON browser_code (expires_at);

            CREATE TRIGGER browser_code_update_guard
            BEFORE UPDATE ON browser_code

            BEGIN
                SELECT RAISE(ABORT, 'browser_code: rows never change');
            END;
            """
    )
}
