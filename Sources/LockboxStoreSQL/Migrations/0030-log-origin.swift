extension Migration {
    /// What the names of all logs begin with, since the first of them was signed.
    static let logOrigin = Migration(
        number: 30,
        name: "log origin",
        sqlite: """
            CREATE TABLE log_origin (
                id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
                origin TEXT NOT NULL CHECK (length(origin) BETWEEN 1 AND 200)
            ) STRICT;

            CREATE TRIGGER log_origin_update_guard
            BEFORE UPDATE ON log_origin

            BEGIN
                SELECT RAISE(ABORT, 'log_origin: logs keep their name');
            END;

            CREATE TRIGGER log_origin_delete_guard
            BEFORE DELETE ON log_origin

            BEGIN
                SELECT RAISE(ABORT, 'log_origin: logs keep their name');
            END;
            """
    )
}
