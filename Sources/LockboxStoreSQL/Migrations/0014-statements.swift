extension Migration {
    /// How far the files of a service's own log are recorded. It is written together with the
    /// operations that were read, so that a crash neither loses nor doubles one.
    static let statements = Migration(
        number: 14,
        name: "statements",
        sqlite: """
            CREATE TABLE statement_position (
                service TEXT NOT NULL REFERENCES service (id),
                file TEXT NOT NULL,
                position INTEGER NOT NULL CHECK (position >= 0),
                at INTEGER NOT NULL,
                PRIMARY KEY (service, file)
            ) STRICT;

            CREATE INDEX statement_position_age ON statement_position (service, at);

            CREATE TRIGGER statement_position_update_guard
            BEFORE UPDATE ON statement_position
            WHEN NEW.position < OLD.position
            BEGIN
                SELECT RAISE(ABORT, 'statement_position: what is recorded stays recorded');
            END;
            """
    )
}
