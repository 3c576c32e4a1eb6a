extension Migration {
    /// Texts of the log go with their salts, and from every row that repeats them (decision 0073).
    ///
    /// A row of `erasure` says which record of the log says that a text went. It comes only with that
    /// record, and without it no guard lets a text go. Where a text is repeated, the guards let
    /// other columns stay what they are and no more: what stands there then is compared with the log
    /// by `check-log`.
    ///
    /// NOT NULL of the salt goes in the table's text, in place, like the constraints of migration 4.
    static let erasure = Migration(
        number: 30,
        name: "erasure",
        sqlite: erasureTables + "\n\n" + erasureOfRequests + "\n\n" + erasureOfOthers
    )

    private static let erasureTables = """
        PRAGMA writable_schema = ON;

        UPDATE sqlite_schema SET sql = replace(sql, 'salt BLOB NOT NULL', 'salt BLOB')
        WHERE type = 'table' AND name = 'log_text';

        PRAGMA writable_schema = RESET;

        ALTER TABLE tenant ADD COLUMN retention INTEGER CHECK (retention > 0);

        ALTER TABLE policy_change ADD COLUMN retention INTEGER CHECK (retention > 0);

        CREATE TRIGGER policy_change_update_retention
        BEFORE UPDATE ON policy_change
        WHEN NEW.retention IS NOT OLD.retention
        BEGIN
            SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
        END;

        CREATE TABLE erasure (
            log TEXT NOT NULL,
            position INTEGER NOT NULL,
            field TEXT NOT NULL,
            record INTEGER NOT NULL CHECK (record > position),
            request TEXT,
            support_request TEXT,
            PRIMARY KEY (log, position, field),
            FOREIGN KEY (log, position) REFERENCES log_entry (log, position),
            FOREIGN KEY (log, record) REFERENCES log_entry (log, position)
        ) STRICT;

        CREATE INDEX erasure_of_request ON erasure (log, request, record)
        WHERE request IS NOT NULL;

        CREATE INDEX erasure_of_support ON erasure (log, support_request, record)
        WHERE support_request IS NOT NULL;

        CREATE INDEX log_text_standing ON log_text (log, position) WHERE content IS NOT NULL;

        CREATE TRIGGER erasure_insert_guard
        BEFORE INSERT ON erasure
        WHEN NOT EXISTS (
            SELECT 1 FROM log_entry e JOIN log_head h ON h.log = e.log AND h.size = e.position + 1
            WHERE e.log = NEW.log AND e.position = NEW.record AND e.activity = 'texts.erased'
        )
        BEGIN
            SELECT RAISE(ABORT, 'erasure: it comes with its record');
        END;

        CREATE TRIGGER erasure_update_guard
        BEFORE UPDATE ON erasure
        BEGIN
            SELECT RAISE(ABORT, 'erasure: rows never change');
        END;

        CREATE TRIGGER erasure_delete_guard
        BEFORE DELETE ON erasure
        BEGIN
            SELECT RAISE(ABORT, 'erasure: rows are kept for ever');
        END;

        DROP TRIGGER log_text_update_unchanging;

        DROP TRIGGER log_text_update_erased;

        CREATE TRIGGER log_text_update_unchanging
        BEFORE UPDATE ON log_text
        WHEN NEW.log IS NOT OLD.log
            OR NEW.position IS NOT OLD.position
            OR NEW.field IS NOT OLD.field
            OR NEW.ordinal IS NOT OLD.ordinal
            OR NEW.names_someone IS NOT OLD.names_someone
        BEGIN
            SELECT RAISE(ABORT, 'log_text: what it is about never changes');
        END;

        CREATE TRIGGER log_text_update_erased
        BEFORE UPDATE ON log_text
        WHEN NEW.content IS NOT NULL OR NEW.salt IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM erasure
            WHERE log = OLD.log AND position = OLD.position AND field = OLD.field
        )
        BEGIN
            SELECT RAISE(ABORT, 'log_text: a text can only be erased, with its salt and its record');
        END;
        """

    private static let erasureOfRequests = """
        DROP TRIGGER access_request_update_unchanging;

        CREATE TRIGGER access_request_update_unchanging
        BEFORE UPDATE ON access_request
        WHEN NEW.id IS NOT OLD.id
            OR NEW.tenant IS NOT OLD.tenant
            OR NEW.support_request IS NOT OLD.support_request
            OR NEW.engineer IS NOT OLD.engineer
            OR NEW.duration IS NOT OLD.duration
            OR NEW.not_before IS NOT OLD.not_before
            OR NEW.created_at IS NOT OLD.created_at
            OR (NEW.reason IS NOT OLD.reason OR NEW.scope IS NOT OLD.scope)
                AND NEW.version <> OLD.version
        BEGIN
            SELECT RAISE(ABORT, 'access_request: what it is about never changes');
        END;

        DROP TRIGGER access_request_update_version;

        CREATE TRIGGER access_request_update_version
        BEFORE UPDATE ON access_request
        WHEN NEW.version <> OLD.version + 1 AND NOT (
            NEW.version = OLD.version
            AND NEW.state = OLD.state
            AND NEW.settled_at IS OLD.settled_at
            AND NEW.ending_reason IS OLD.ending_reason
            AND NEW.ended_by IS OLD.ended_by
            AND NEW.expired_stage IS OLD.expired_stage
            AND OLD.settled_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM erasure WHERE log = OLD.tenant AND request = OLD.id)
        )
        BEGIN
            SELECT RAISE(ABORT, 'access_request: the version before must be the present one');
        END;

        DROP TRIGGER access_request_update_prior;

        CREATE TRIGGER access_request_update_prior
        BEFORE UPDATE ON access_request
        WHEN NEW.prior_state <> CASE NEW.version
            WHEN OLD.version THEN OLD.prior_state ELSE OLD.state END
        BEGIN
            SELECT RAISE(ABORT, 'access_request: the prior state must be the present one');
        END;

        DROP TRIGGER decision_update_guard;

        CREATE TRIGGER decision_update_guard
        BEFORE UPDATE ON decision
        WHEN NEW.request IS NOT OLD.request
            OR NEW.position IS NOT OLD.position
            OR NEW.stage IS NOT OLD.stage
            OR NEW.person IS NOT OLD.person
            OR NEW.is_approval IS NOT OLD.is_approval
            OR NEW.duration IS NOT OLD.duration
            OR NEW.decided_at IS NOT OLD.decided_at
            OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request)
        BEGIN
            SELECT RAISE(ABORT, 'decision: rows never change');
        END;

        DROP TRIGGER message_update_guard;

        CREATE TRIGGER message_update_guard
        BEFORE UPDATE ON message
        WHEN NEW.request IS NOT OLD.request
            OR NEW.number IS NOT OLD.number
            OR NEW.person IS NOT OLD.person
            OR NEW.posted_at IS NOT OLD.posted_at
            OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request)
        BEGIN
            SELECT RAISE(ABORT, 'message: rows never change');
        END;

        DROP TRIGGER access_grant_update_guard;

        CREATE TRIGGER access_grant_update_guard
        BEFORE UPDATE ON access_grant
        WHEN NEW.id IS NOT OLD.id
            OR NEW.request IS NOT OLD.request
            OR NEW.starts_at IS NOT OLD.starts_at
            OR NEW.ends_at IS NOT OLD.ends_at
            OR NEW.basis IS NOT OLD.basis
            OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                ON x.log = r.tenant AND x.request = r.id
                WHERE r.id = OLD.request AND r.settled_at IS NOT NULL)
        BEGIN
            SELECT RAISE(ABORT, 'access_grant: rows never change');
        END;

        DROP TRIGGER credential_update_unchanging;

        CREATE TRIGGER credential_update_unchanging
        BEFORE UPDATE ON credential
        WHEN NEW.id IS NOT OLD.id
            OR NEW.secret_hash IS NOT OLD.secret_hash
            OR NEW.request IS NOT OLD.request
            OR NEW.grant_id IS NOT OLD.grant_id
            OR NEW.tenant IS NOT OLD.tenant
            OR NEW.engineer IS NOT OLD.engineer
            OR NEW.service IS NOT OLD.service
            OR NEW.actions IS NOT OLD.actions
            OR NEW.username IS NOT OLD.username
            OR NEW.issued_at IS NOT OLD.issued_at
            OR NEW.expires_at IS NOT OLD.expires_at
            OR NEW.resource IS NOT OLD.resource AND NOT EXISTS (
                SELECT 1 FROM access_request r JOIN erasure x
                ON x.log = r.tenant AND x.request = r.id
                WHERE r.id = OLD.request AND r.settled_at IS NOT NULL)
        BEGIN
            SELECT RAISE(ABORT, 'credential: what it is about never changes');
        END;

        DROP TRIGGER credential_update_revoked;

        CREATE TRIGGER credential_update_revoked
        BEFORE UPDATE ON credential
        WHEN OLD.revoked_at IS NOT NULL
            AND (NEW.revoked_at IS NOT OLD.revoked_at OR NEW.resource IS OLD.resource)
        BEGIN
            SELECT RAISE(ABORT, 'credential: a revoked credential stays revoked');
        END;
        """

    private static let erasureOfOthers = """
        DROP TRIGGER support_request_update_unchanging;

        CREATE TRIGGER support_request_update_unchanging
        BEFORE UPDATE ON support_request
        WHEN NEW.tenant IS NOT OLD.tenant
            OR NEW.number IS NOT OLD.number
            OR NEW.service IS NOT OLD.service
            OR NEW.opened_by IS NOT OLD.opened_by
            OR NEW.opened_at IS NOT OLD.opened_at
            OR (NEW.subject IS NOT OLD.subject
                OR NEW.description IS NOT OLD.description
                OR NEW.url IS NOT OLD.url) AND NEW.entry_count <> OLD.entry_count
        BEGIN
            SELECT RAISE(ABORT, 'support_request: what was asked never changes');
        END;

        DROP TRIGGER support_request_update_step;

        CREATE TRIGGER support_request_update_step
        BEFORE UPDATE ON support_request
        WHEN (NEW.entry_count <> OLD.entry_count + 1
                OR NOT EXISTS (SELECT 1 FROM support_entry e
                    WHERE e.tenant = NEW.tenant AND e.support_request = NEW.number
                        AND e.number = NEW.entry_count))
            AND NOT (NEW.entry_count = OLD.entry_count
                AND NEW.state = OLD.state
                AND NEW.answered_by IS OLD.answered_by
                AND NEW.answered_at IS OLD.answered_at
                AND EXISTS (SELECT 1 FROM erasure
                    WHERE log = OLD.tenant AND support_request = OLD.number))
        BEGIN
            SELECT RAISE(ABORT, 'support_request: it moves by one entry at a time');
        END;

        DROP TRIGGER support_entry_update_guard;

        CREATE TRIGGER support_entry_update_guard
        BEFORE UPDATE ON support_entry
        WHEN NEW.tenant IS NOT OLD.tenant
            OR NEW.support_request IS NOT OLD.support_request
            OR NEW.number IS NOT OLD.number
            OR NEW.person IS NOT OLD.person
            OR NEW.act IS NOT OLD.act
            OR NEW.posted_at IS NOT OLD.posted_at
            OR NOT EXISTS (SELECT 1 FROM erasure
                WHERE log = OLD.tenant AND support_request = OLD.support_request)
        BEGIN
            SELECT RAISE(ABORT, 'support_entry: rows never change');
        END;

        DROP TRIGGER notice_update_unchanging;

        CREATE TRIGGER notice_update_unchanging
        BEFORE UPDATE ON notice
        WHEN NEW.id IS NOT OLD.id
            OR NEW.kind IS NOT OLD.kind
            OR NEW.tenant IS NOT OLD.tenant
            OR NEW.request IS NOT OLD.request
            OR NEW.recipient IS NOT OLD.recipient
            OR NEW.created_at IS NOT OLD.created_at
            OR NEW.send_at IS NOT OLD.send_at
            OR NEW.good_until IS NOT OLD.good_until
            OR (NEW.recipient_name IS NOT OLD.recipient_name
                OR NEW.recipient_address IS NOT OLD.recipient_address
                OR NEW.facts IS NOT OLD.facts)
                AND (NEW.delivery = 'queued' OR NEW.facts <> '{}'
                    OR NEW.recipient_name <> '(erased)')
        BEGIN
            SELECT RAISE(ABORT, 'notice: what it is about never changes');
        END;
        """
}
