extension Migration {
    /// What is written on support requests, where they stand, and letters about them.
    static let support = Migration(
        number: 28,
        name: "support requests that live",
        sqlite: """
            ALTER TABLE support_request ADD COLUMN state TEXT NOT NULL DEFAULT 'open'
            CHECK (state IN ('open', 'answered', 'closed'));

            ALTER TABLE support_request ADD COLUMN entry_count INTEGER NOT NULL DEFAULT 0
            CHECK (entry_count > 0 OR entry_count = 0 AND state = 'open');

            ALTER TABLE support_request ADD COLUMN answered_by TEXT REFERENCES person (id);

            ALTER TABLE support_request ADD COLUMN answered_at INTEGER
            CHECK ((answered_at IS NULL) = (answered_by IS NULL)
                AND (answered_at IS NULL OR entry_count > 0)
                AND (state <> 'answered' OR answered_at IS NOT NULL));

            CREATE INDEX support_request_by_state
            ON support_request (state, opened_at, number, tenant);

            CREATE INDEX support_request_of_tenant_by_state
            ON support_request (tenant, state, opened_at, number);

            CREATE INDEX support_request_written ON support_request (tenant, number)
            WHERE entry_count > 0;

            CREATE TABLE support_entry (
                tenant TEXT NOT NULL,
                support_request TEXT NOT NULL,
                number INTEGER NOT NULL CHECK (number > 0),
                person TEXT NOT NULL REFERENCES person (id),
                act TEXT NOT NULL CHECK (act IN ('wrote', 'closed', 'reopened')),
                content TEXT CHECK (content <> ''),
                posted_at INTEGER NOT NULL,
                CHECK (act <> 'wrote' OR content IS NOT NULL),
                PRIMARY KEY (tenant, support_request, number),
                FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number)
            ) STRICT;

            CREATE INDEX support_entry_of_person ON support_entry (person, posted_at);

            CREATE TRIGGER support_entry_insert_dense
            BEFORE INSERT ON support_entry
            WHEN NEW.number <> 1 + (SELECT entry_count FROM support_request
                WHERE tenant = NEW.tenant AND number = NEW.support_request)
            BEGIN
                SELECT RAISE(ABORT, 'support_entry: numbers have no gaps');
            END;

            CREATE TRIGGER support_entry_update_guard
            BEFORE UPDATE ON support_entry
            BEGIN
                SELECT RAISE(ABORT, 'support_entry: rows never change');
            END;

            CREATE TRIGGER support_entry_delete_guard
            BEFORE DELETE ON support_entry
            BEGIN
                SELECT RAISE(ABORT, 'support_entry: rows are kept for ever');
            END;

            DROP TRIGGER support_request_update_guard;

            CREATE TRIGGER support_request_update_unchanging
            BEFORE UPDATE ON support_request
            WHEN NEW.tenant IS NOT OLD.tenant
                OR NEW.number IS NOT OLD.number
                OR NEW.subject IS NOT OLD.subject
                OR NEW.description IS NOT OLD.description
                OR NEW.service IS NOT OLD.service
                OR NEW.url IS NOT OLD.url
                OR NEW.opened_by IS NOT OLD.opened_by
                OR NEW.opened_at IS NOT OLD.opened_at
            BEGIN
                SELECT RAISE(ABORT, 'support_request: what was asked never changes');
            END;

            CREATE TRIGGER support_request_update_step
            BEFORE UPDATE ON support_request
            WHEN NEW.entry_count <> OLD.entry_count + 1
                OR NOT EXISTS (SELECT 1 FROM support_entry e
                    WHERE e.tenant = NEW.tenant AND e.support_request = NEW.number
                        AND e.number = NEW.entry_count)
            BEGIN
                SELECT RAISE(ABORT, 'support_request: it moves by one entry at a time');
            END;

            CREATE TRIGGER access_request_insert_closed
            BEFORE INSERT ON access_request
            WHEN EXISTS (SELECT 1 FROM support_request s
                WHERE s.tenant = NEW.tenant AND s.number = NEW.support_request
                    AND s.state = 'closed')
            BEGIN
                SELECT RAISE(ABORT, 'access_request: its support request is closed');
            END;

            ALTER TABLE notice ADD COLUMN support_request TEXT
            CHECK (support_request IS NULL OR tenant IS NOT NULL);

            CREATE INDEX notice_of_support ON notice (tenant, support_request, created_at, id)
            WHERE support_request IS NOT NULL;

            CREATE TRIGGER notice_update_support
            BEFORE UPDATE ON notice
            WHEN NEW.support_request IS NOT OLD.support_request
            BEGIN
                SELECT RAISE(ABORT, 'notice: what it is about never changes');
            END;
            """
    )
}
