extension Migration {
    /// What the schema refuses: tables from `log_entry` on.
    static let postgresGuards2 = """
        CREATE TRIGGER log_checkpoint_delete_guard BEFORE DELETE ON log_checkpoint
        FOR EACH ROW EXECUTE FUNCTION refuse('log_checkpoint: rows are kept for ever');

        CREATE FUNCTION log_checkpoint_insert_root() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF EXISTS (
                SELECT 1 FROM log_checkpoint
                WHERE log = NEW.log AND size = NEW.size AND root <> NEW.root
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_checkpoint: another root was signed at this size';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_checkpoint_insert_root BEFORE INSERT ON log_checkpoint
        FOR EACH ROW EXECUTE FUNCTION log_checkpoint_insert_root();

        CREATE FUNCTION log_checkpoint_insert_size() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.size > coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_checkpoint: the log is not that long';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_checkpoint_insert_size BEFORE INSERT ON log_checkpoint
        FOR EACH ROW EXECUTE FUNCTION log_checkpoint_insert_size();

        CREATE TRIGGER log_checkpoint_update_guard BEFORE UPDATE ON log_checkpoint
        FOR EACH ROW EXECUTE FUNCTION refuse('log_checkpoint: rows never change');

        CREATE TRIGGER log_entry_delete_guard BEFORE DELETE ON log_entry
        FOR EACH ROW EXECUTE FUNCTION refuse('log_entry: rows are kept for ever');

        CREATE FUNCTION log_entry_insert_dense() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.position <> coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_entry: the next position is the size of the log';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_entry_insert_dense BEFORE INSERT ON log_entry
        FOR EACH ROW EXECUTE FUNCTION log_entry_insert_dense();

        CREATE FUNCTION log_entry_insert_time() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.time < (SELECT last_time FROM log_head WHERE log = NEW.log) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_entry: time does not run backwards';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_entry_insert_time BEFORE INSERT ON log_entry
        FOR EACH ROW EXECUTE FUNCTION log_entry_insert_time();

        CREATE TRIGGER log_entry_update_guard BEFORE UPDATE ON log_entry
        FOR EACH ROW EXECUTE FUNCTION refuse('log_entry: rows never change');

        CREATE TRIGGER log_head_delete_guard BEFORE DELETE ON log_head
        FOR EACH ROW EXECUTE FUNCTION refuse('log_head: rows are kept for ever');

        CREATE FUNCTION log_head_insert_step() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.size <> 0 + 1 OR NOT EXISTS (
                SELECT 1 FROM log_entry
                WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_head: a head moves with its entry';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_head_insert_step BEFORE INSERT ON log_head
        FOR EACH ROW EXECUTE FUNCTION log_head_insert_step();

        CREATE FUNCTION log_head_update_step() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.size <> OLD.size + 1 OR NOT EXISTS (
                SELECT 1 FROM log_entry
                WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_head: a head moves with its entry';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_head_update_step BEFORE UPDATE ON log_head
        FOR EACH ROW EXECUTE FUNCTION log_head_update_step();

        CREATE TRIGGER log_head_update_unchanging BEFORE UPDATE ON log_head
        FOR EACH ROW WHEN (NEW.log IS DISTINCT FROM OLD.log)
        EXECUTE FUNCTION refuse('log_head: what it is about never changes');

        CREATE TRIGGER log_origin_delete_guard BEFORE DELETE ON log_origin
        FOR EACH ROW EXECUTE FUNCTION refuse('log_origin: logs keep their name');

        CREATE TRIGGER log_origin_update_guard BEFORE UPDATE ON log_origin
        FOR EACH ROW EXECUTE FUNCTION refuse('log_origin: logs keep their name');

        CREATE TRIGGER log_text_delete_guard BEFORE DELETE ON log_text
        FOR EACH ROW EXECUTE FUNCTION refuse('log_text: rows are kept for ever');

        CREATE FUNCTION log_text_insert_field() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF EXISTS (
                SELECT 1 FROM log_text
                WHERE log = NEW.log AND position = NEW.position AND field = NEW.field
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_text: a field has one text';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_text_insert_field BEFORE INSERT ON log_text
        FOR EACH ROW EXECUTE FUNCTION log_text_insert_field();

        CREATE FUNCTION log_text_insert_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.position < (SELECT size FROM log_head WHERE log = NEW.log) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_text: texts come with their entry';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_text_insert_guard BEFORE INSERT ON log_text
        FOR EACH ROW EXECUTE FUNCTION log_text_insert_guard();

        CREATE FUNCTION log_text_update_erased() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.content IS NOT NULL OR NEW.salt IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM erasure
                WHERE log = OLD.log AND position = OLD.position AND field = OLD.field
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'log_text: a text can only be erased, with its salt and its record';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER log_text_update_erased BEFORE UPDATE ON log_text
        FOR EACH ROW EXECUTE FUNCTION log_text_update_erased();

        CREATE TRIGGER log_text_update_unchanging BEFORE UPDATE ON log_text
        FOR EACH ROW WHEN (NEW.log IS DISTINCT FROM OLD.log
            OR NEW.position IS DISTINCT FROM OLD.position
            OR NEW.field IS DISTINCT FROM OLD.field
            OR NEW.ordinal IS DISTINCT FROM OLD.ordinal
            OR NEW.names_someone IS DISTINCT FROM OLD.names_someone)
        EXECUTE FUNCTION refuse('log_text: what it is about never changes');

        CREATE TRIGGER log_tile_delete_guard BEFORE DELETE ON log_tile
        FOR EACH ROW EXECUTE FUNCTION refuse('log_tile: rows are kept for ever');

        CREATE TRIGGER log_tile_update_guard BEFORE UPDATE ON log_tile
        FOR EACH ROW EXECUTE FUNCTION refuse('log_tile: rows never change');

        CREATE TRIGGER login_request_update_over BEFORE UPDATE ON login_request
        FOR EACH ROW WHEN (OLD.is_denied = 1 OR OLD.token IS NOT NULL
            OR OLD.person IS NOT NULL AND NEW.person IS DISTINCT FROM OLD.person AND NEW.is_denied = 0)
        EXECUTE FUNCTION refuse('login_request: what is over stays over');

        CREATE TRIGGER login_request_update_unchanging BEFORE UPDATE ON login_request
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
            OR NEW.user_code_hash IS DISTINCT FROM OLD.user_code_hash
            OR NEW.device IS DISTINCT FROM OLD.device
            OR NEW.asked_from IS DISTINCT FROM OLD.asked_from
            OR NEW.scopes IS DISTINCT FROM OLD.scopes
            OR NEW.redirect IS DISTINCT FROM OLD.redirect
            OR NEW.challenge IS DISTINCT FROM OLD.challenge
            OR NEW.made_at IS DISTINCT FROM OLD.made_at
            OR NEW.ends_at IS DISTINCT FROM OLD.ends_at)
        EXECUTE FUNCTION refuse('login_request: what it is about never changes');

        CREATE TRIGGER message_delete_guard BEFORE DELETE ON message
        FOR EACH ROW EXECUTE FUNCTION refuse('message: rows are kept for ever');

        CREATE FUNCTION message_insert_dense() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.number <> 1 + (SELECT count(*) FROM message WHERE request = NEW.request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'message: numbers have no gaps';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER message_insert_dense BEFORE INSERT ON message
        FOR EACH ROW EXECUTE FUNCTION message_insert_dense();

        CREATE FUNCTION message_update_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.request IS DISTINCT FROM OLD.request
                OR NEW.number IS DISTINCT FROM OLD.number
                OR NEW.person IS DISTINCT FROM OLD.person
                OR NEW.posted_at IS DISTINCT FROM OLD.posted_at
                OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                    ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'message: rows never change';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER message_update_guard BEFORE UPDATE ON message
        FOR EACH ROW EXECUTE FUNCTION message_update_guard();

        CREATE FUNCTION notice_delete_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF (CASE OLD.delivery
                WHEN 'queued' THEN OLD.attempts > 0 OR OLD.begun_at IS NOT NULL
                WHEN 'refused' THEN TRUE
                WHEN 'bounced' THEN TRUE
                ELSE OLD.request IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM access_request
                    WHERE id = OLD.request AND settled_at IS NOT NULL
                )
                END) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'notice: it is kept until its request is settled';
            END IF;
            RETURN OLD;
        END
        $guard$;

        CREATE TRIGGER notice_delete_guard BEFORE DELETE ON notice
        FOR EACH ROW EXECUTE FUNCTION notice_delete_guard();

        CREATE TRIGGER notice_update_support BEFORE UPDATE ON notice
        FOR EACH ROW WHEN (NEW.support_request IS DISTINCT FROM OLD.support_request)
        EXECUTE FUNCTION refuse('notice: what it is about never changes');

        CREATE TRIGGER notice_update_unchanging BEFORE UPDATE ON notice
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.kind IS DISTINCT FROM OLD.kind
            OR NEW.tenant IS DISTINCT FROM OLD.tenant
            OR NEW.request IS DISTINCT FROM OLD.request
            OR NEW.recipient IS DISTINCT FROM OLD.recipient
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR NEW.send_at IS DISTINCT FROM OLD.send_at
            OR NEW.good_until IS DISTINCT FROM OLD.good_until
            OR (NEW.recipient_name IS DISTINCT FROM OLD.recipient_name
                OR NEW.recipient_address IS DISTINCT FROM OLD.recipient_address
                OR NEW.facts IS DISTINCT FROM OLD.facts)
                AND (NEW.delivery = 'queued' OR NEW.facts <> '{}'
                    OR NEW.recipient_name <> '(erased)'))
        EXECUTE FUNCTION refuse('notice: what it is about never changes');

        CREATE TRIGGER open_operation_update_guard BEFORE UPDATE ON open_operation
        FOR EACH ROW EXECUTE FUNCTION refuse('open_operation: rows never change');

        CREATE TRIGGER operation_total_delete_guard BEFORE DELETE ON operation_total
        FOR EACH ROW WHEN (OLD.subject = '')
        EXECUTE FUNCTION refuse('operation_total: what is not told apart is kept for ever');

        CREATE TRIGGER operation_total_update_guard BEFORE UPDATE ON operation_total
        FOR EACH ROW WHEN (NEW.grant_id IS DISTINCT FROM OLD.grant_id
            OR NEW.service IS DISTINCT FROM OLD.service
            OR NEW.subject IS DISTINCT FROM OLD.subject
            OR NEW.reads < OLD.reads
            OR NEW.writes < OLD.writes)
        EXECUTE FUNCTION refuse('operation_total: counts only grow');

        CREATE TRIGGER passkey_delete_guard BEFORE DELETE ON passkey
        FOR EACH ROW EXECUTE FUNCTION refuse('passkey: rows are kept for ever');

        CREATE TRIGGER passkey_update_answered BEFORE UPDATE ON passkey
        FOR EACH ROW WHEN (NEW.answered_at < OLD.answered_at)
        EXECUTE FUNCTION refuse('passkey: what was answered stays answered');

        CREATE TRIGGER passkey_update_removed BEFORE UPDATE ON passkey
        FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL)
        EXECUTE FUNCTION refuse('passkey: one that was removed stays removed');

        CREATE TRIGGER passkey_update_unchanging BEFORE UPDATE ON passkey
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.person IS DISTINCT FROM OLD.person
            OR NEW.name IS DISTINCT FROM OLD.name
            OR NEW.credential IS DISTINCT FROM OLD.credential
            OR NEW.public_key IS DISTINCT FROM OLD.public_key
            OR NEW.user_handle IS DISTINCT FROM OLD.user_handle
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR NEW.is_backup_eligible IS DISTINCT FROM OLD.is_backup_eligible)
        EXECUTE FUNCTION refuse('passkey: what it is about never changes');

        CREATE TRIGGER person_delete_guard BEFORE DELETE ON person
        FOR EACH ROW EXECUTE FUNCTION refuse('person: rows are kept for ever');

        CREATE TRIGGER person_proposal_update_guard BEFORE UPDATE ON person_proposal
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.tenant IS DISTINCT FROM OLD.tenant
            OR NEW.person IS DISTINCT FROM OLD.person
            OR NEW.made_at IS DISTINCT FROM OLD.made_at
            OR NEW.roles IS DISTINCT FROM OLD.roles
            OR NEW.email IS DISTINCT FROM OLD.email
            OR NEW.aliases IS DISTINCT FROM OLD.aliases
            OR NEW.switches_on IS DISTINCT FROM OLD.switches_on
            OR OLD.declined_at IS NOT NULL)
        EXECUTE FUNCTION refuse('person_proposal: what is proposed never changes');

        CREATE TRIGGER person_update_program BEFORE UPDATE ON person
        FOR EACH ROW WHEN (NEW.is_program IS DISTINCT FROM OLD.is_program)
        EXECUTE FUNCTION refuse('person: a program is one for ever, or never');

        CREATE TRIGGER person_update_unchanging BEFORE UPDATE ON person
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.tenant IS DISTINCT FROM OLD.tenant)
        EXECUTE FUNCTION refuse('person: what it is about never changes');

        CREATE TRIGGER policy_change_update_guard BEFORE UPDATE ON policy_change
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.tenant IS DISTINCT FROM OLD.tenant
            OR NEW.version IS DISTINCT FROM OLD.version
            OR NEW.require_approval IS DISTINCT FROM OLD.require_approval
            OR NEW.decision_window IS DISTINCT FROM OLD.decision_window
            OR NEW.max_access IS DISTINCT FROM OLD.max_access
            OR NEW.approvals_needed IS DISTINCT FROM OLD.approvals_needed
            OR NEW.withheld_from_tokens IS DISTINCT FROM OLD.withheld_from_tokens
            OR NEW.cooling_off IS DISTINCT FROM OLD.cooling_off
            OR NEW.made_by IS DISTINCT FROM OLD.made_by
            OR NEW.made_at IS DISTINCT FROM OLD.made_at
            OR NEW.takes_effect_at IS DISTINCT FROM OLD.takes_effect_at)
        EXECUTE FUNCTION refuse('policy_change: only who agrees changes');

        CREATE TRIGGER policy_change_update_programs BEFORE UPDATE ON policy_change
        FOR EACH ROW WHEN (NEW.allows_programs IS DISTINCT FROM OLD.allows_programs)
        EXECUTE FUNCTION refuse('policy_change: only who agrees changes');

        CREATE TRIGGER policy_change_update_retention BEFORE UPDATE ON policy_change
        FOR EACH ROW WHEN (NEW.retention IS DISTINCT FROM OLD.retention)
        EXECUTE FUNCTION refuse('policy_change: only who agrees changes');

        CREATE TRIGGER policy_change_update_signed BEFORE UPDATE ON policy_change
        FOR EACH ROW WHEN (NEW.signed_approvals IS DISTINCT FROM OLD.signed_approvals)
        EXECUTE FUNCTION refuse('policy_change: only who agrees changes');

        CREATE TRIGGER policy_change_update_unknown BEFORE UPDATE ON policy_change
        FOR EACH ROW WHEN (NEW.closes_unknown_access IS DISTINCT FROM OLD.closes_unknown_access)
        EXECUTE FUNCTION refuse('policy_change: only who agrees changes');

        CREATE TRIGGER portal_session_update_ended BEFORE UPDATE ON portal_session
        FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
        EXECUTE FUNCTION refuse('portal_session: what has ended stays ended');

        CREATE TRIGGER portal_session_update_unchanging BEFORE UPDATE ON portal_session
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.person IS DISTINCT FROM OLD.person
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR NEW.expires_at IS DISTINCT FROM OLD.expires_at)
        EXECUTE FUNCTION refuse('portal_session: what it is about never changes');

        CREATE TRIGGER provisioning_token_delete_guard BEFORE DELETE ON provisioning_token
        FOR EACH ROW EXECUTE FUNCTION refuse('provisioning_token: rows are kept for ever');

        CREATE TRIGGER provisioning_token_update_revoked BEFORE UPDATE ON provisioning_token
        FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL)
        EXECUTE FUNCTION refuse('provisioning_token: a revoked token stays revoked');

        CREATE TRIGGER provisioning_token_update_unchanging BEFORE UPDATE ON provisioning_token
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
            OR NEW.organisation IS DISTINCT FROM OLD.organisation
            OR NEW.label IS DISTINCT FROM OLD.label
            OR NEW.addresses IS DISTINCT FROM OLD.addresses
            OR NEW.made_by IS DISTINCT FROM OLD.made_by
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR NEW.expires_at IS DISTINCT FROM OLD.expires_at)
        EXECUTE FUNCTION refuse('provisioning_token: what it is about never changes');

        CREATE TRIGGER removal_delete_guard BEFORE DELETE ON removal
        FOR EACH ROW EXECUTE FUNCTION refuse('removal: rows are kept for ever');

        CREATE TRIGGER removal_update_unchanging BEFORE UPDATE ON removal
        FOR EACH ROW WHEN (NEW.grant_id IS DISTINCT FROM OLD.grant_id
            OR NEW.service IS DISTINCT FROM OLD.service
            OR NEW.request IS DISTINCT FROM OLD.request
            OR NEW.tenant IS DISTINCT FROM OLD.tenant)
        EXECUTE FUNCTION refuse('removal: what it is about never changes');

        CREATE TRIGGER request_transition_delete_guard BEFORE DELETE ON request_transition
        FOR EACH ROW EXECUTE FUNCTION refuse('request_transition: rows are kept for ever');

        CREATE TRIGGER request_transition_update_guard BEFORE UPDATE ON request_transition
        FOR EACH ROW EXECUTE FUNCTION refuse('request_transition: rows never change');

        CREATE TRIGGER sign_in_change_update_guard BEFORE UPDATE ON sign_in_change
        FOR EACH ROW EXECUTE FUNCTION refuse('sign_in_change: rows never change');

        CREATE TRIGGER statement_position_update_guard BEFORE UPDATE ON statement_position
        FOR EACH ROW WHEN (NEW.position < OLD.position)
        EXECUTE FUNCTION refuse('statement_position: what is recorded stays recorded');

        CREATE TRIGGER support_entry_delete_guard BEFORE DELETE ON support_entry
        FOR EACH ROW EXECUTE FUNCTION refuse('support_entry: rows are kept for ever');

        CREATE FUNCTION support_entry_insert_dense() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.number <> 1 + (SELECT entry_count FROM support_request
                WHERE tenant = NEW.tenant AND number = NEW.support_request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'support_entry: numbers have no gaps';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER support_entry_insert_dense BEFORE INSERT ON support_entry
        FOR EACH ROW EXECUTE FUNCTION support_entry_insert_dense();

        CREATE FUNCTION support_entry_update_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.tenant IS DISTINCT FROM OLD.tenant
                OR NEW.support_request IS DISTINCT FROM OLD.support_request
                OR NEW.number IS DISTINCT FROM OLD.number
                OR NEW.person IS DISTINCT FROM OLD.person
                OR NEW.act IS DISTINCT FROM OLD.act
                OR NEW.posted_at IS DISTINCT FROM OLD.posted_at
                OR NOT EXISTS (SELECT 1 FROM erasure
                    WHERE log = OLD.tenant AND support_request = OLD.support_request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'support_entry: rows never change';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER support_entry_update_guard BEFORE UPDATE ON support_entry
        FOR EACH ROW EXECUTE FUNCTION support_entry_update_guard();

        CREATE TRIGGER support_request_delete_guard BEFORE DELETE ON support_request
        FOR EACH ROW EXECUTE FUNCTION refuse('support_request: rows are kept for ever');

        CREATE FUNCTION support_request_update_step() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF (NEW.entry_count <> OLD.entry_count + 1
                    OR NOT EXISTS (SELECT 1 FROM support_entry e
                        WHERE e.tenant = NEW.tenant AND e.support_request = NEW.number
                            AND e.number = NEW.entry_count))
                AND NOT (NEW.entry_count = OLD.entry_count
                    AND NEW.state = OLD.state
                    AND NEW.answered_by IS NOT DISTINCT FROM OLD.answered_by
                    AND NEW.answered_at IS NOT DISTINCT FROM OLD.answered_at
                    AND EXISTS (SELECT 1 FROM erasure
                        WHERE log = OLD.tenant AND support_request = OLD.number)) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'support_request: it moves by one entry at a time';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER support_request_update_step BEFORE UPDATE ON support_request
        FOR EACH ROW EXECUTE FUNCTION support_request_update_step();

        CREATE TRIGGER support_request_update_unchanging BEFORE UPDATE ON support_request
        FOR EACH ROW WHEN (NEW.tenant IS DISTINCT FROM OLD.tenant
            OR NEW.number IS DISTINCT FROM OLD.number
            OR NEW.service IS DISTINCT FROM OLD.service
            OR NEW.opened_by IS DISTINCT FROM OLD.opened_by
            OR NEW.opened_at IS DISTINCT FROM OLD.opened_at
            OR (NEW.subject IS DISTINCT FROM OLD.subject
                OR NEW.description IS DISTINCT FROM OLD.description
                OR NEW.url IS DISTINCT FROM OLD.url) AND NEW.entry_count <> OLD.entry_count)
        EXECUTE FUNCTION refuse('support_request: what was asked never changes');

        CREATE TRIGGER tenant_delete_guard BEFORE DELETE ON tenant
        FOR EACH ROW EXECUTE FUNCTION refuse('tenant: rows are kept for ever');

        CREATE TRIGGER tenant_update_administered BEFORE UPDATE ON tenant
        FOR EACH ROW WHEN (OLD.administered_since IS NOT NULL
            AND NEW.administered_since IS DISTINCT FROM OLD.administered_since)
        EXECUTE FUNCTION refuse('tenant: since when it is administered never changes');

        CREATE TRIGGER work_lease_update_epoch BEFORE UPDATE ON work_lease
        FOR EACH ROW WHEN (NEW.epoch < OLD.epoch)
        EXECUTE FUNCTION refuse('work_lease: an epoch does not come back')
        """
}
