extension Migration {
    /// What people write to each other about a request, and which letters a person does not
    /// want.
    static let messages = Migration(
        number: 2,
        name: "messages and muted letters",
        sqlite: """
            CREATE TABLE message (
                request TEXT NOT NULL REFERENCES access_request (id),
                number INTEGER NOT NULL CHECK (number > 0),
                person TEXT NOT NULL REFERENCES person (id),
                content TEXT NOT NULL CHECK (content <> ''),
                posted_at INTEGER NOT NULL,
                PRIMARY KEY (request, number)
            ) STRICT;

            ALTER TABLE person ADD COLUMN muted_letters INTEGER NOT NULL DEFAULT 0 CHECK \
            (muted_letters >= 0);

            CREATE TRIGGER message_insert_dense
            BEFORE INSERT ON message
            WHEN NEW.number <> 1 + (SELECT count(*) FROM message WHERE request = NEW.request)
            BEGIN
                SELECT RAISE(ABORT, 'message: numbers have no gaps');
            END;

            CREATE TRIGGER message_update_guard
            BEFORE UPDATE ON message

            BEGIN
                SELECT RAISE(ABORT, 'message: rows never change');
            END;

            CREATE TRIGGER message_delete_guard
            BEFORE DELETE ON message

            BEGIN
                SELECT RAISE(ABORT, 'message: rows are kept for ever');
            END;
            """
    )
}
