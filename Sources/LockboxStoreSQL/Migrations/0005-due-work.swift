extension Migration {
    /// Who carries out the work that is due, and how far orders have come.
    static let dueWork = Migration(
        number: 5,
        name: "due work",
        sqlite: """
            CREATE TABLE work_lease (
                lane TEXT NOT NULL PRIMARY KEY,
                holder TEXT,
                epoch INTEGER NOT NULL,
                beat INTEGER NOT NULL
            ) STRICT;

            ALTER TABLE removal ADD COLUMN cut_at INTEGER;

            ALTER TABLE notice ADD COLUMN begun_at INTEGER;

            ALTER TABLE notice ADD COLUMN is_unwanted INTEGER NOT NULL DEFAULT 0
                CHECK (is_unwanted IN (0, 1));

            CREATE INDEX removal_uncut ON removal (next_attempt, grant_id, service) WHERE \
            progress <> 'confirmed' AND cut_at IS NULL;

            CREATE INDEX removal_failing ON removal (grant_id) WHERE progress = 'failed';

            CREATE INDEX notice_failing ON notice (id) WHERE delivery = 'queued' AND attempts > 0;

            CREATE TRIGGER work_lease_update_epoch
            BEFORE UPDATE ON work_lease
            WHEN NEW.epoch < OLD.epoch
            BEGIN
                SELECT RAISE(ABORT, 'work_lease: an epoch does not come back');
            END;
            """
    )
}
