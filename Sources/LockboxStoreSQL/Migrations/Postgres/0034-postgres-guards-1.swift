extension Migration {
    /// What the schema refuses, with an SQLSTATE of its own: tables up to `invitation`.
    static let postgresGuards1 = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
        BEGIN
            RAISE EXCEPTION USING ERRCODE = 'LB001', MESSAGE = TG_ARGV[0];
        END
        $refuse$;

        CREATE TRIGGER access_grant_delete_guard BEFORE DELETE ON access_grant
        FOR EACH ROW EXECUTE FUNCTION refuse('access_grant: rows are kept for ever');

        CREATE FUNCTION access_grant_update_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.id IS DISTINCT FROM OLD.id
                OR NEW.request IS DISTINCT FROM OLD.request
                OR NEW.starts_at IS DISTINCT FROM OLD.starts_at
                OR NEW.ends_at IS DISTINCT FROM OLD.ends_at
                OR NEW.basis IS DISTINCT FROM OLD.basis
                OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                    ON x.log = r.tenant AND x.request = r.id
                    WHERE r.id = OLD.request AND r.settled_at IS NOT NULL) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'access_grant: rows never change';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER access_grant_update_guard BEFORE UPDATE ON access_grant
        FOR EACH ROW EXECUTE FUNCTION access_grant_update_guard();

        CREATE TRIGGER access_request_delete_guard BEFORE DELETE ON access_request
        FOR EACH ROW EXECUTE FUNCTION refuse('access_request: rows are kept for ever');

        CREATE FUNCTION access_request_insert_closed() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF EXISTS (SELECT 1 FROM support_request s
                WHERE s.tenant = NEW.tenant AND s.number = NEW.support_request
                    AND s.state = 'closed') THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'access_request: its support request is closed';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER access_request_insert_closed BEFORE INSERT ON access_request
        FOR EACH ROW EXECUTE FUNCTION access_request_insert_closed();

        CREATE TRIGGER access_request_insert_columns BEFORE INSERT ON access_request
        FOR EACH ROW WHEN ((NEW.deadline IS NOT NULL) <>
                (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
            OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
            OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
            OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
            OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
            OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
            OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired'))
        EXECUTE FUNCTION refuse('access_request: the columns do not fit the state');

        CREATE TRIGGER access_request_insert_guard BEFORE INSERT ON access_request
        FOR EACH ROW WHEN (NEW.version <> 1 OR NEW.prior_state <> '')
        EXECUTE FUNCTION refuse('access_request: a request begins at version 1');

        CREATE TRIGGER access_request_update_asker BEFORE UPDATE ON access_request
        FOR EACH ROW WHEN (NEW.asked_by IS DISTINCT FROM OLD.asked_by)
        EXECUTE FUNCTION refuse('access_request: what it is about never changes');

        CREATE TRIGGER access_request_update_columns BEFORE UPDATE ON access_request
        FOR EACH ROW WHEN ((NEW.deadline IS NOT NULL) <>
                (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
            OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
            OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
            OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
            OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
            OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
            OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired'))
        EXECUTE FUNCTION refuse('access_request: the columns do not fit the state');

        CREATE FUNCTION access_request_update_grant() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF ((NEW.state IN ('scheduled', 'active', 'ended')) <> EXISTS (
                SELECT 1 FROM access_grant WHERE request = NEW.id AND CASE NEW.state
                    WHEN 'scheduled' THEN starts_at = NEW.deadline
                    WHEN 'active' THEN ends_at = NEW.deadline
                    ELSE TRUE END
            )) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'access_request: the state does not fit the grant';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER access_request_update_grant BEFORE UPDATE ON access_request
        FOR EACH ROW EXECUTE FUNCTION access_request_update_grant();

        CREATE TRIGGER access_request_update_prior BEFORE UPDATE ON access_request
        FOR EACH ROW WHEN (NEW.prior_state <> CASE NEW.version
            WHEN OLD.version THEN OLD.prior_state ELSE OLD.state END)
        EXECUTE FUNCTION refuse('access_request: the prior state must be the present one');

        CREATE TRIGGER access_request_update_unchanging BEFORE UPDATE ON access_request
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.tenant IS DISTINCT FROM OLD.tenant
            OR NEW.support_request IS DISTINCT FROM OLD.support_request
            OR NEW.engineer IS DISTINCT FROM OLD.engineer
            OR NEW.duration IS DISTINCT FROM OLD.duration
            OR NEW.not_before IS DISTINCT FROM OLD.not_before
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR (NEW.reason IS DISTINCT FROM OLD.reason OR NEW.scope IS DISTINCT FROM OLD.scope)
                AND NEW.version <> OLD.version)
        EXECUTE FUNCTION refuse('access_request: what it is about never changes');

        CREATE FUNCTION access_request_update_version() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.version <> OLD.version + 1 AND NOT (
                NEW.version = OLD.version
                AND NEW.state = OLD.state
                AND NEW.settled_at IS NOT DISTINCT FROM OLD.settled_at
                AND NEW.ending_reason IS NOT DISTINCT FROM OLD.ending_reason
                AND NEW.ended_by IS NOT DISTINCT FROM OLD.ended_by
                AND NEW.expired_stage IS NOT DISTINCT FROM OLD.expired_stage
                AND OLD.settled_at IS NOT NULL
                AND EXISTS (SELECT 1 FROM erasure WHERE log = OLD.tenant AND request = OLD.id)
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'access_request: the version before must be the present one';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER access_request_update_version BEFORE UPDATE ON access_request
        FOR EACH ROW EXECUTE FUNCTION access_request_update_version();

        CREATE TRIGGER api_token_delete_guard BEFORE DELETE ON api_token
        FOR EACH ROW WHEN (OLD.expires_at IS NULL AND OLD.revoked_at IS NULL)
        EXECUTE FUNCTION refuse('api_token: a token without an end is kept');

        CREATE TRIGGER api_token_update_login BEFORE UPDATE ON api_token
        FOR EACH ROW WHEN ((NEW.idle_ends_at IS NULL) IS DISTINCT FROM (OLD.idle_ends_at IS NULL)
            OR (NEW.access_ends_at IS NULL) IS DISTINCT FROM (OLD.access_ends_at IS NULL)
            OR OLD.idle_ends_at IS NULL
                AND (NEW.access_hash IS NOT NULL OR NEW.refresh_hash IS NOT NULL))
        EXECUTE FUNCTION refuse('api_token: a token never becomes a login, nor the other way');

        CREATE TRIGGER api_token_update_revoked BEFORE UPDATE ON api_token
        FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL)
        EXECUTE FUNCTION refuse('api_token: a revoked token stays revoked');

        CREATE TRIGGER api_token_update_unchanging BEFORE UPDATE ON api_token
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
            OR NEW.person IS DISTINCT FROM OLD.person
            OR NEW.label IS DISTINCT FROM OLD.label
            OR NEW.scopes IS DISTINCT FROM OLD.scopes
            OR NEW.addresses IS DISTINCT FROM OLD.addresses
            OR NEW.created_at IS DISTINCT FROM OLD.created_at
            OR NEW.expires_at IS DISTINCT FROM OLD.expires_at)
        EXECUTE FUNCTION refuse('api_token: what it is about never changes');

        CREATE TRIGGER browser_code_update_guard BEFORE UPDATE ON browser_code
        FOR EACH ROW EXECUTE FUNCTION refuse('browser_code: rows never change');

        CREATE TRIGGER command_update_guard BEFORE UPDATE ON command
        FOR EACH ROW EXECUTE FUNCTION refuse('command: rows never change');

        CREATE TRIGGER credential_delete_guard BEFORE DELETE ON credential
        FOR EACH ROW EXECUTE FUNCTION refuse('credential: rows are kept for ever');

        CREATE FUNCTION credential_insert_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.expires_at > (SELECT ends_at FROM access_grant WHERE id = NEW.grant_id) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'credential: it may not outlive its grant';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER credential_insert_guard BEFORE INSERT ON credential
        FOR EACH ROW EXECUTE FUNCTION credential_insert_guard();

        CREATE TRIGGER credential_update_revoked BEFORE UPDATE ON credential
        FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL
            AND (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.resource IS NOT DISTINCT FROM OLD.resource))
        EXECUTE FUNCTION refuse('credential: a revoked credential stays revoked');

        CREATE FUNCTION credential_update_unchanging() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.id IS DISTINCT FROM OLD.id
                OR NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
                OR NEW.request IS DISTINCT FROM OLD.request
                OR NEW.grant_id IS DISTINCT FROM OLD.grant_id
                OR NEW.tenant IS DISTINCT FROM OLD.tenant
                OR NEW.engineer IS DISTINCT FROM OLD.engineer
                OR NEW.service IS DISTINCT FROM OLD.service
                OR NEW.actions IS DISTINCT FROM OLD.actions
                OR NEW.username IS DISTINCT FROM OLD.username
                OR NEW.issued_at IS DISTINCT FROM OLD.issued_at
                OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
                OR NEW.resource IS DISTINCT FROM OLD.resource AND NOT EXISTS (
                    SELECT 1 FROM access_request r JOIN erasure x
                    ON x.log = r.tenant AND x.request = r.id
                    WHERE r.id = OLD.request AND r.settled_at IS NOT NULL) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'credential: what it is about never changes';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER credential_update_unchanging BEFORE UPDATE ON credential
        FOR EACH ROW EXECUTE FUNCTION credential_update_unchanging();

        CREATE TRIGGER credential_use_delete_guard BEFORE DELETE ON credential_use
        FOR EACH ROW EXECUTE FUNCTION refuse('credential_use: rows are kept for ever');

        CREATE TRIGGER decision_delete_guard BEFORE DELETE ON decision
        FOR EACH ROW EXECUTE FUNCTION refuse('decision: rows are kept for ever');

        CREATE FUNCTION decision_insert_dense() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.position <> (SELECT count(*) FROM decision WHERE request = NEW.request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'decision: positions have no gaps';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER decision_insert_dense BEFORE INSERT ON decision
        FOR EACH ROW EXECUTE FUNCTION decision_insert_dense();

        CREATE FUNCTION decision_update_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NEW.request IS DISTINCT FROM OLD.request
                OR NEW.position IS DISTINCT FROM OLD.position
                OR NEW.stage IS DISTINCT FROM OLD.stage
                OR NEW.person IS DISTINCT FROM OLD.person
                OR NEW.is_approval IS DISTINCT FROM OLD.is_approval
                OR NEW.duration IS DISTINCT FROM OLD.duration
                OR NEW.decided_at IS DISTINCT FROM OLD.decided_at
                OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
                    ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'decision: rows never change';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER decision_update_guard BEFORE UPDATE ON decision
        FOR EACH ROW EXECUTE FUNCTION decision_update_guard();

        CREATE TRIGGER erasure_delete_guard BEFORE DELETE ON erasure
        FOR EACH ROW EXECUTE FUNCTION refuse('erasure: rows are kept for ever');

        CREATE FUNCTION erasure_insert_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $guard$
        BEGIN
            IF NOT EXISTS (
                SELECT 1 FROM log_entry e JOIN log_head h ON h.log = e.log AND h.size = e.position + 1
                WHERE e.log = NEW.log AND e.position = NEW.record AND e.activity = 'texts.erased'
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'LB001',
                    MESSAGE = 'erasure: it comes with its record';
            END IF;
            RETURN NEW;
        END
        $guard$;

        CREATE TRIGGER erasure_insert_guard BEFORE INSERT ON erasure
        FOR EACH ROW EXECUTE FUNCTION erasure_insert_guard();

        CREATE TRIGGER erasure_update_guard BEFORE UPDATE ON erasure
        FOR EACH ROW EXECUTE FUNCTION refuse('erasure: rows never change');

        CREATE TRIGGER invitation_update_over BEFORE UPDATE ON invitation
        FOR EACH ROW WHEN (OLD.used_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL)
        EXECUTE FUNCTION refuse('invitation: what is over stays over');

        CREATE TRIGGER invitation_update_unchanging BEFORE UPDATE ON invitation
        FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id
            OR NEW.person IS DISTINCT FROM OLD.person
            OR NEW.purpose IS DISTINCT FROM OLD.purpose
            OR NEW.made_by IS DISTINCT FROM OLD.made_by
            OR NEW.made_at IS DISTINCT FROM OLD.made_at
            OR NEW.ends_at IS DISTINCT FROM OLD.ends_at
            OR NEW.wrong_codes < OLD.wrong_codes)
        EXECUTE FUNCTION refuse('invitation: what it is about never changes')
        """
}
