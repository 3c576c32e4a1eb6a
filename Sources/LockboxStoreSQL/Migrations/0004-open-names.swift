extension Migration {
    /// Names that may grow in later versions lose their CHECKs, which would refuse the new ones and
    /// cannot be changed: whether a name is one is for the program that reads it. Which columns a
    /// state has becomes a trigger, which a later step can replace.
    ///
    /// The tables' texts are changed in place, as SQLite provides for constraints that only go
    /// (https://sqlite.org/lang_altertable.html#otheralter): no row moves. The triggers that follow
    /// tell other connections to read the schema anew.
    static let openNames = Migration(
        number: 4,
        name: "names that may grow",
        sqlite: """
            PRAGMA writable_schema = ON;

            UPDATE sqlite_schema SET sql = replace(
                sql,
                ' CHECK (basis IN (''approval'', ''policy''))',
                ''
            ) WHERE type = 'table' AND name = 'access_grant';

            UPDATE sqlite_schema SET sql = replace(
                sql,
                ' CHECK (stage IN (''manager'', ''customer''))',
                ''
            ) WHERE type = 'table' AND name = 'decision';

            UPDATE sqlite_schema SET sql = replace(
                sql,
                ' CHECK (progress IN (''pending'', ''failed'', ''confirmed''))',
                ''
            ) WHERE type = 'table' AND name = 'removal';

            UPDATE sqlite_schema SET sql = replace(
                sql,
                ' CHECK (delivery IN (''queued'', ''sent'', ''refused'', ''cancelled''))',
                ''
            ) WHERE type = 'table' AND name = 'notice';

            UPDATE sqlite_schema SET sql = replace(
                replace(
                    sql,
                    '    CHECK ((deadline IS NOT NULL) =
                    (state IN (''awaitingManager'', ''awaitingCustomer'', ''scheduled'', ''active''))),
            ',
                    ''
                ),
                ',
                CHECK ((asked_at IS NOT NULL) = (state = ''awaitingCustomer'')),
                CHECK ((approvals_needed IS NOT NULL) = (state = ''awaitingCustomer'')),
                CHECK ((ending_reason IS NOT NULL) = (state = ''ended'')),
                CHECK (ended_by IS NULL OR state = ''ended''),
                CHECK (comment IS NULL OR state IN (''ended'', ''withdrawn'')),
                CHECK ((expired_stage IS NOT NULL) = (state = ''expired''))
            ',
                '
            '
            ) WHERE type = 'table' AND name = 'access_request';

            PRAGMA writable_schema = RESET;

            CREATE TRIGGER access_request_insert_columns
            BEFORE INSERT ON access_request
            WHEN (NEW.deadline IS NOT NULL) <>
                    (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
                OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
                OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
                OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
                OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
                OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
                OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired')
            BEGIN
                SELECT RAISE(ABORT, 'access_request: the columns do not fit the state');
            END;

            CREATE TRIGGER access_request_update_columns
            BEFORE UPDATE ON access_request
            WHEN (NEW.deadline IS NOT NULL) <>
                    (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
                OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
                OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
                OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
                OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
                OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
                OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired')
            BEGIN
                SELECT RAISE(ABORT, 'access_request: the columns do not fit the state');
            END;
            """
    )
}
