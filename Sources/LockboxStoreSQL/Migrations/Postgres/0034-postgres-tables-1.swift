extension Migration {
    /// The tables as they are after step 34, on PostgreSQL. Text is compared by its bytes.
    static let postgresTables1 = """
        CREATE TABLE tenant (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
            name TEXT COLLATE "C" NOT NULL,
            is_licensed BIGINT NOT NULL CHECK (is_licensed IN (0, 1)),
            require_approval BIGINT NOT NULL CHECK (require_approval IN (0, 1)),
            decision_window BIGINT NOT NULL CHECK (decision_window > 0),
            max_access BIGINT NOT NULL CHECK (max_access > 0),
            approvals_needed BIGINT NOT NULL CHECK (approvals_needed > 0),
            version BIGINT NOT NULL CHECK (version > 0),
            domains TEXT COLLATE "C" NOT NULL DEFAULT '[]',
            administered_since BIGINT,
            withheld_from_tokens BIGINT NOT NULL DEFAULT 0,
            cooling_off BIGINT NOT NULL DEFAULT 86400000 CHECK (cooling_off > 0),
            allows_programs BIGINT NOT NULL DEFAULT 1 CHECK (allows_programs IN (0, 1)),
            retention BIGINT CHECK (retention > 0),
            signed_approvals TEXT COLLATE "C" NOT NULL DEFAULT 'off'
                CHECK (signed_approvals IN ('off', 'required')),
            closes_unknown_access BIGINT NOT NULL DEFAULT 0
                CHECK (closes_unknown_access IN (0, 1))
        );

        CREATE TABLE person (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            tenant TEXT COLLATE "C" REFERENCES tenant (id),
            name TEXT COLLATE "C" NOT NULL,
            email TEXT COLLATE "C" NOT NULL,
            canonical_email TEXT COLLATE "C" NOT NULL,
            aliases TEXT COLLATE "C" NOT NULL,
            roles BIGINT NOT NULL CHECK (roles >= 0),
            is_disabled BIGINT NOT NULL CHECK (is_disabled IN (0, 1)),
            muted_letters BIGINT NOT NULL DEFAULT 0 CHECK (muted_letters >= 0),
            decides_from BIGINT,
            confirmed_by TEXT COLLATE "C" NOT NULL DEFAULT '[]',
            is_program BIGINT NOT NULL DEFAULT 0
                CHECK (is_program = 0 OR is_program = 1 AND tenant IS NULL
                AND roles IN (0, 1)),
            time_zone TEXT COLLATE "C"
                CHECK (length(time_zone) BETWEEN 1 AND 64
                AND time_zone ~ '^[A-Za-z][A-Za-z0-9+_/-]*$')
        );

        CREATE TABLE request_transition (
            prior TEXT COLLATE "C" NOT NULL,
            next TEXT COLLATE "C" NOT NULL,
            PRIMARY KEY (prior, next)
        );

        CREATE TABLE service (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
            kind TEXT COLLATE "C" NOT NULL,
            resource_type TEXT COLLATE "C" NOT NULL,
            introspection_client TEXT COLLATE "C" UNIQUE,
            introspection_secret_file TEXT COLLATE "C",
            doveadm_url TEXT COLLATE "C",
            doveadm_key_file TEXT COLLATE "C",
            settings TEXT COLLATE "C" NOT NULL DEFAULT '{}',
            CHECK ((introspection_client IS NULL) = (introspection_secret_file IS NULL)),
            CHECK ((doveadm_url IS NULL) = (doveadm_key_file IS NULL))
        );

        CREATE TABLE support_request (
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            number TEXT COLLATE "C" NOT NULL,
            subject TEXT COLLATE "C" NOT NULL,
            description TEXT COLLATE "C" NOT NULL,
            service TEXT COLLATE "C" REFERENCES service (id),
            url TEXT COLLATE "C",
            opened_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            opened_at BIGINT NOT NULL,
            state TEXT COLLATE "C" NOT NULL DEFAULT 'open'
                CHECK (state IN ('open', 'answered', 'closed')),
            entry_count BIGINT NOT NULL DEFAULT 0
                CHECK (entry_count > 0 OR entry_count = 0 AND state = 'open'),
            answered_by TEXT COLLATE "C" REFERENCES person (id),
            answered_at BIGINT
                CHECK ((answered_at IS NULL) = (answered_by IS NULL)
                AND (answered_at IS NULL OR entry_count > 0)
                AND (state <> 'answered' OR answered_at IS NOT NULL)),
            PRIMARY KEY (tenant, number)
        );

        CREATE TABLE access_request (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            support_request TEXT COLLATE "C" NOT NULL,
            engineer TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            reason TEXT COLLATE "C" NOT NULL,
            duration BIGINT NOT NULL CHECK (duration > 0),
            scope TEXT COLLATE "C" NOT NULL CHECK (scope <> ''),
            not_before BIGINT,
            created_at BIGINT NOT NULL,
            version BIGINT NOT NULL CHECK (version > 0),
            prior_state TEXT COLLATE "C" NOT NULL,
            state TEXT COLLATE "C" NOT NULL,
            deadline BIGINT,
            asked_at BIGINT,
            approvals_needed BIGINT CHECK (approvals_needed > 0),
            settled_at BIGINT,
            ending_reason TEXT COLLATE "C",
            ended_by TEXT COLLATE "C" REFERENCES person (id),
            comment TEXT COLLATE "C",
            expired_stage TEXT COLLATE "C",
            asked_by TEXT COLLATE "C" REFERENCES person (id),
            FOREIGN KEY (prior_state, state) REFERENCES request_transition (prior, next),
            FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number),
            CHECK ((settled_at IS NULL) = (deadline IS NOT NULL))
        );

        CREATE TABLE access_grant (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            request TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES access_request (id),
            starts_at BIGINT NOT NULL,
            ends_at BIGINT NOT NULL,
            scope TEXT COLLATE "C" NOT NULL CHECK (scope <> ''),
            basis TEXT COLLATE "C" NOT NULL,
            UNIQUE (id, request),
            CHECK (starts_at < ends_at)
        );

        CREATE TABLE api_token (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            secret_hash BYTEA NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            label TEXT COLLATE "C" NOT NULL,
            created_at BIGINT NOT NULL,
            expires_at BIGINT,
            revoked_at BIGINT,
            scopes BIGINT NOT NULL DEFAULT 15,
            addresses TEXT COLLATE "C" NOT NULL DEFAULT '[]',
            last_used_at BIGINT,
            last_used_from TEXT COLLATE "C",
            access_hash BYTEA CHECK (length(access_hash) = 32),
            access_ends_at BIGINT,
            refresh_hash BYTEA CHECK (length(refresh_hash) = 32),
            idle_ends_at BIGINT
        );

        CREATE TABLE credential (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            secret_hash BYTEA NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            request TEXT COLLATE "C" NOT NULL,
            grant_id TEXT COLLATE "C" NOT NULL,
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            engineer TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            service TEXT COLLATE "C" NOT NULL,
            resource TEXT COLLATE "C" NOT NULL,
            actions BIGINT NOT NULL CHECK (actions > 0),
            username TEXT COLLATE "C" NOT NULL,
            issued_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            revoked_at BIGINT,
            FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
        );

        CREATE TABLE browser_code (
            code_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
            credential TEXT COLLATE "C" NOT NULL REFERENCES credential (id),
            issued_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            CHECK (issued_at < expires_at)
        );

        CREATE TABLE command (
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            idempotency_key TEXT COLLATE "C" NOT NULL,
            payload_hash BYTEA NOT NULL CHECK (length(payload_hash) = 32),
            subject TEXT COLLATE "C" NOT NULL,
            carried_out_at BIGINT NOT NULL,
            PRIMARY KEY (person, idempotency_key)
        );

        CREATE TABLE cosignature (
            log TEXT COLLATE "C" NOT NULL,
            size BIGINT NOT NULL CHECK (size >= 0),
            witness TEXT COLLATE "C" NOT NULL CHECK (length(witness) > 0),
            line TEXT COLLATE "C" NOT NULL CHECK (length(line) > 0),
            PRIMARY KEY (log, size, witness)
        );

        CREATE TABLE credential_use (
            credential TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES credential (id),
            first_at BIGINT NOT NULL,
            last_at BIGINT NOT NULL,
            uses BIGINT NOT NULL CHECK (uses > 0)
        );

        CREATE TABLE decision (
            request TEXT COLLATE "C" NOT NULL REFERENCES access_request (id),
            position BIGINT NOT NULL CHECK (position >= 0),
            stage TEXT COLLATE "C" NOT NULL,
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            is_approval BIGINT NOT NULL CHECK (is_approval IN (0, 1)),
            duration BIGINT CHECK (duration > 0),
            scope TEXT COLLATE "C" CHECK (scope <> ''),
            comment TEXT COLLATE "C",
            decided_at BIGINT NOT NULL,
            is_signed BIGINT NOT NULL DEFAULT 0
                CHECK (is_signed = 0 OR is_signed = 1 AND is_approval = 1
                AND stage = 'customer'),
            PRIMARY KEY (request, position),
            UNIQUE (request, person),
            CHECK (is_approval = 1 OR (duration IS NULL AND scope IS NULL))
        );

        CREATE TABLE log_entry (
            log TEXT COLLATE "C" NOT NULL,
            position BIGINT NOT NULL CHECK (position >= 0),
            time BIGINT NOT NULL,
            activity TEXT COLLATE "C" NOT NULL,
            actor TEXT COLLATE "C" NOT NULL,
            request TEXT COLLATE "C",
            leaf BYTEA NOT NULL,
            hash BYTEA NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (log, position)
        );

        CREATE TABLE erasure (
            log TEXT COLLATE "C" NOT NULL,
            position BIGINT NOT NULL,
            field TEXT COLLATE "C" NOT NULL,
            record BIGINT NOT NULL CHECK (record > position),
            request TEXT COLLATE "C",
            support_request TEXT COLLATE "C",
            PRIMARY KEY (log, position, field),
            FOREIGN KEY (log, position) REFERENCES log_entry (log, position),
            FOREIGN KEY (log, record) REFERENCES log_entry (log, position)
        );

        CREATE TABLE group_roles (
            organisation TEXT COLLATE "C" NOT NULL,
            name_key TEXT COLLATE "C" NOT NULL,
            group_name TEXT COLLATE "C" NOT NULL,
            roles BIGINT NOT NULL CHECK (roles > 0),
            PRIMARY KEY (organisation, name_key)
        );

        CREATE TABLE identity (
            issuer TEXT COLLATE "C" NOT NULL,
            subject TEXT COLLATE "C" NOT NULL,
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            PRIMARY KEY (issuer, subject)
        );

        CREATE TABLE invitation (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 32),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            purpose TEXT COLLATE "C" NOT NULL,
            made_by TEXT COLLATE "C" REFERENCES person (id),
            made_at BIGINT NOT NULL,
            ends_at BIGINT NOT NULL,
            wrong_codes BIGINT NOT NULL CHECK (wrong_codes >= 0),
            used_at BIGINT,
            withdrawn_at BIGINT,
            CHECK (made_at < ends_at),
            CHECK (used_at IS NULL OR withdrawn_at IS NULL)
        );

        CREATE TABLE log_checkpoint (
            log TEXT COLLATE "C" NOT NULL,
            size BIGINT NOT NULL CHECK (size >= 0),
            ordinal BIGINT NOT NULL,
            root BYTEA NOT NULL CHECK (length(root) = 32),
            note TEXT COLLATE "C" NOT NULL,
            PRIMARY KEY (log, size, ordinal)
        );

        CREATE TABLE log_head (
            log TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            size BIGINT NOT NULL CHECK (size > 0),
            range_hashes BYTEA NOT NULL,
            last_time BIGINT NOT NULL
        );

        CREATE TABLE log_origin (
            id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
            origin TEXT COLLATE "C" NOT NULL CHECK (length(origin) BETWEEN 1 AND 200)
        );

        CREATE TABLE log_text (
            log TEXT COLLATE "C" NOT NULL,
            position BIGINT NOT NULL,
            field TEXT COLLATE "C" NOT NULL,
            ordinal BIGINT NOT NULL,
            salt BYTEA,
            names_someone BIGINT NOT NULL CHECK (names_someone IN (0, 1)),
            content TEXT COLLATE "C",
            PRIMARY KEY (log, position, ordinal),
            FOREIGN KEY (log, position) REFERENCES log_entry (log, position)
        );

        CREATE TABLE log_tile (
            log TEXT COLLATE "C" NOT NULL,
            level BIGINT NOT NULL CHECK (level > 0),
            position BIGINT NOT NULL CHECK (position >= 0),
            hash BYTEA NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (log, level, position)
        )
        """
}
