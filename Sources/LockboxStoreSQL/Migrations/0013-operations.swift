extension Migration {
    /// What was done at services. An operation stands in `open_operation`, durable, for a second at
    /// the most, until a record of the log has it; then only `operation_total` counts it.
    static let operations = Migration(
        number: 13,
        name: "operations",
        sqlite: """
            CREATE TABLE open_operation (
                grant_id TEXT NOT NULL REFERENCES access_grant (id),
                service TEXT NOT NULL REFERENCES service (id),
                ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
                at INTEGER NOT NULL,
                is_write INTEGER NOT NULL CHECK (is_write IN (0, 1)),
                subject TEXT NOT NULL,
                line TEXT NOT NULL,
                bytes INTEGER NOT NULL CHECK (bytes >= 0),
                PRIMARY KEY (grant_id, service, ordinal)
            ) STRICT;

            CREATE INDEX open_operation_first ON open_operation (at) WHERE ordinal = 0;

            CREATE TRIGGER open_operation_update_guard
            BEFORE UPDATE ON open_operation

            BEGIN
                SELECT RAISE(ABORT, 'open_operation: rows never change');
            END;

            CREATE TABLE operation_total (
                grant_id TEXT NOT NULL REFERENCES access_grant (id),
                service TEXT NOT NULL REFERENCES service (id),
                subject TEXT NOT NULL,
                reads INTEGER NOT NULL CHECK (reads >= 0),
                writes INTEGER NOT NULL CHECK (writes >= 0),
                PRIMARY KEY (grant_id, service, subject)
            ) STRICT;

            CREATE TRIGGER operation_total_update_guard
            BEFORE UPDATE ON operation_total
            WHEN NEW.grant_id IS NOT OLD.grant_id
                OR NEW.service IS NOT OLD.service
                OR NEW.subject IS NOT OLD.subject
                OR NEW.reads < OLD.reads
                OR NEW.writes < OLD.writes
            BEGIN
                SELECT RAISE(ABORT, 'operation_total: counts only grow');
            END;

            CREATE TRIGGER operation_total_delete_guard
            BEFORE DELETE ON operation_total
            WHEN OLD.subject = ''
            BEGIN
                SELECT RAISE(ABORT, 'operation_total: what is not told apart is kept for ever');
            END;
            """
    )
}
