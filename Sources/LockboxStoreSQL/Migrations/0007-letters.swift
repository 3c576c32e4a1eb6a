extension Migration {
    /// Letters that are about no request, or go to no person; which letter goes first; when it was
    /// first due, and whom the last answer was about.
    ///
    /// NOT NULL goes in the table's text, in place, like the constraints of migration 4.
    static let letters = Migration(
        number: 7,
        name: "letters",
        sqlite: """
            PRAGMA writable_schema = ON;

            UPDATE sqlite_schema SET sql = replace(
                replace(
                    replace(
                        sql,
                        'tenant TEXT NOT NULL REFERENCES tenant (id)',
                        'tenant TEXT REFERENCES tenant (id)'
                    ),
                    'request TEXT NOT NULL REFERENCES access_request (id)',
                    'request TEXT REFERENCES access_request (id)'
                ),
                'recipient TEXT NOT NULL REFERENCES person (id)',
                'recipient TEXT REFERENCES person (id)'
            ) WHERE type = 'table' AND name = 'notice';

            PRAGMA writable_schema = RESET;

            ALTER TABLE notice ADD COLUMN send_at INTEGER NOT NULL DEFAULT 0;

            ALTER TABLE notice ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;

            ALTER TABLE notice ADD COLUMN trouble TEXT;

            UPDATE notice SET
                send_at = CASE WHEN attempts = 0 THEN next_attempt ELSE created_at END,
                priority = CASE
                    WHEN kind IN (
                        'managerAsked', 'customerAsked', 'reminder', 'lastReminder', 'accessEnded',
                        'removalFailed'
                    ) THEN 0
                    WHEN kind IN ('accessReport', 'questionAsked', 'questionAnswered') THEN 2
                    ELSE 1
                END;

            DROP INDEX notice_due;

            CREATE INDEX notice_due ON notice (priority, next_attempt, id)
            WHERE delivery = 'queued';

            CREATE INDEX notice_refused ON notice (id) WHERE delivery = 'refused';

            CREATE INDEX notice_of_side ON notice (tenant, created_at, id) WHERE request IS NULL;

            DROP TRIGGER notice_update_unchanging;

            CREATE TRIGGER notice_update_unchanging
            BEFORE UPDATE ON notice
            WHEN NEW.id IS NOT OLD.id
                OR NEW.kind IS NOT OLD.kind
                OR NEW.tenant IS NOT OLD.tenant
                OR NEW.request IS NOT OLD.request
                OR NEW.recipient IS NOT OLD.recipient
                OR NEW.recipient_name IS NOT OLD.recipient_name
                OR NEW.recipient_address IS NOT OLD.recipient_address
                OR NEW.facts IS NOT OLD.facts
                OR NEW.created_at IS NOT OLD.created_at
                OR NEW.send_at IS NOT OLD.send_at
                OR NEW.good_until IS NOT OLD.good_until
            BEGIN
                SELECT RAISE(ABORT, 'notice: what it is about never changes');
            END;
            """
    )
}
