extension Migration {
    /// What may be removed once it is over (docs/decisions/0031), and indices to find it by and to
    /// count a day by.
    ///
    /// A trigger knows no time of day, so these guards say what may go at all: how long it is kept
    /// before is the program's. Commands are bookkeeping from the first moment on; of API tokens only
    /// those that have an end; of letters those that never left, or whose request is settled.
    static let retention = Migration(
        number: 9,
        name: "retention",
        sqlite: """
            DROP TRIGGER command_delete_guard;

            DROP TRIGGER api_token_delete_guard;

            CREATE TRIGGER api_token_delete_guard
            BEFORE DELETE ON api_token
            WHEN OLD.expires_at IS NULL AND OLD.revoked_at IS NULL
            BEGIN
                SELECT RAISE(ABORT, 'api_token: a token without an end is kept');
            END;

            CREATE TRIGGER notice_delete_guard
            BEFORE DELETE ON notice
            WHEN CASE OLD.delivery
                WHEN 'queued' THEN OLD.attempts > 0 OR OLD.begun_at IS NOT NULL
                WHEN 'refused' THEN TRUE
                ELSE OLD.request IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM access_request
                    WHERE id = OLD.request AND settled_at IS NOT NULL
                )
                END
            BEGIN
                SELECT RAISE(ABORT, 'notice: it is kept until its request is settled');
            END;

            CREATE INDEX command_by_time ON command (carried_out_at);

            CREATE INDEX token_by_expiry ON api_token (expires_at);

            CREATE INDEX token_by_revocation ON api_token (revoked_at)
            WHERE revoked_at IS NOT NULL;

            CREATE INDEX token_by_issue ON api_token (person, created_at, id);

            CREATE INDEX message_of_person ON message (person, posted_at);

            CREATE INDEX notice_over ON notice (send_at, id)
            WHERE delivery IN ('sent', 'cancelled', 'unconfirmed');
            """
    )
}
