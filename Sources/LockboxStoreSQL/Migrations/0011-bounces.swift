extension Migration {
    /// Letters that came back count like those that were refused, and are kept like them
    /// (docs/decisions/0032).
    static let bounces = Migration(
        number: 11,
        name: "bounces",
        sqlite: """
            DROP INDEX notice_refused;

            CREATE INDEX notice_undelivered ON notice (id)
            WHERE delivery IN ('refused', 'bounced');

            DROP TRIGGER notice_delete_guard;

            CREATE TRIGGER notice_delete_guard
            BEFORE DELETE ON notice
            WHEN CASE OLD.delivery
                WHEN 'queued' THEN OLD.attempts > 0 OR OLD.begun_at IS NOT NULL
                WHEN 'refused' THEN TRUE
                WHEN 'bounced' THEN TRUE
                ELSE OLD.request IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM access_request
                    WHERE id = OLD.request AND settled_at IS NOT NULL
                )
                END
            BEGIN
                SELECT RAISE(ABORT, 'notice: it is kept until its request is settled');
            END;
            """
    )
}
