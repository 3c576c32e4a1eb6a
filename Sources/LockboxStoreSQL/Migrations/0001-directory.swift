extension Migration {
    /// Who is who, what belongs to whom, and how people sign in.
    static let directory = """
        CREATE TABLE provider (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            name TEXT NOT NULL
        ) STRICT;

        CREATE TABLE tenant (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            name TEXT NOT NULL,
            is_licensed INTEGER NOT NULL CHECK (is_licensed IN (0, 1)),
            require_approval INTEGER NOT NULL CHECK (require_approval IN (0, 1)),
            decision_window INTEGER NOT NULL CHECK (decision_window > 0),
            max_access INTEGER NOT NULL CHECK (max_access > 0),
            approvals_needed INTEGER NOT NULL CHECK (approvals_needed > 0),
            version INTEGER NOT NULL CHECK (version > 0)
        ) STRICT;

        CREATE TABLE service (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            kind TEXT NOT NULL,
            resource_type TEXT NOT NULL,
            introspection_client TEXT UNIQUE,
            introspection_secret_file TEXT,
            doveadm_url TEXT,
            doveadm_key_file TEXT,
            CHECK ((introspection_client IS NULL) = (introspection_secret_file IS NULL)),
            CHECK ((doveadm_url IS NULL) = (doveadm_key_file IS NULL))
        ) STRICT;

        CREATE TABLE resource (
            service TEXT NOT NULL REFERENCES service (id),
            name TEXT NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant (id),
            PRIMARY KEY (service, name)
        ) STRICT;

        CREATE TABLE person (
            id TEXT NOT NULL PRIMARY KEY,
            tenant TEXT REFERENCES tenant (id),
            name TEXT NOT NULL,
            email TEXT NOT NULL,
            canonical_email TEXT NOT NULL,
            aliases TEXT NOT NULL,
            roles INTEGER NOT NULL CHECK (roles >= 0),
            is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1))
        ) STRICT;

        CREATE TABLE identity (
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            person TEXT NOT NULL REFERENCES person (id),
            PRIMARY KEY (issuer, subject)
        ) STRICT;

        CREATE TABLE password (
            person TEXT NOT NULL PRIMARY KEY REFERENCES person (id),
            encoded TEXT NOT NULL,
            failures INTEGER NOT NULL CHECK (failures >= 0),
            locked_until INTEGER
        ) STRICT;

        CREATE TABLE api_token (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            person TEXT NOT NULL REFERENCES person (id),
            label TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            revoked_at INTEGER
        ) STRICT;

        CREATE TABLE command (
            person TEXT NOT NULL REFERENCES person (id),
            idempotency_key TEXT NOT NULL,
            payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
            subject TEXT NOT NULL,
            carried_out_at INTEGER NOT NULL,
            PRIMARY KEY (person, idempotency_key)
        ) STRICT;

        CREATE INDEX resource_of_tenant ON resource (tenant, service, name);

        CREATE INDEX person_of_tenant ON person (tenant, canonical_email, id);

        CREATE INDEX identity_of_person ON identity (person);

        CREATE INDEX token_of_person ON api_token (person, created_at, id) WHERE revoked_at \
        IS NULL;

        CREATE TRIGGER tenant_delete_guard
        BEFORE DELETE ON tenant

        BEGIN
            SELECT RAISE(ABORT, 'tenant: rows are kept for ever');
        END;

        CREATE TRIGGER person_delete_guard
        BEFORE DELETE ON person

        BEGIN
            SELECT RAISE(ABORT, 'person: rows are kept for ever');
        END;

        CREATE TRIGGER api_token_delete_guard
        BEFORE DELETE ON api_token

        BEGIN
            SELECT RAISE(ABORT, 'api_token: rows are kept for ever');
        END;

        CREATE TRIGGER person_update_unchanging
        BEFORE UPDATE ON person
        WHEN NEW.id IS NOT OLD.id
            OR NEW.tenant IS NOT OLD.tenant
        BEGIN
            SELECT RAISE(ABORT, 'person: what it is about never changes');
        END;

        CREATE TRIGGER api_token_update_unchanging
        BEFORE UPDATE ON api_token
        WHEN NEW.id IS NOT OLD.id
            OR NEW.secret_hash IS NOT OLD.secret_hash
            OR NEW.person IS NOT OLD.person
            OR NEW.label IS NOT OLD.label
            OR NEW.created_at IS NOT OLD.created_at
            OR NEW.expires_at IS NOT OLD.expires_at
        BEGIN
            SELECT RAISE(ABORT, 'api_token: what it is about never changes');
        END;

        CREATE TRIGGER api_token_update_revoked
        BEFORE UPDATE ON api_token
        WHEN OLD.revoked_at IS NOT NULL
        BEGIN
            SELECT RAISE(ABORT, 'api_token: a revoked token stays revoked');
        END;

        CREATE TRIGGER command_update_guard
        BEFORE UPDATE ON command

        BEGIN
            SELECT RAISE(ABORT, 'command: rows never change');
        END;

        CREATE TRIGGER command_delete_guard
        BEFORE DELETE ON command

        BEGIN
            SELECT RAISE(ABORT, 'command: rows are kept for ever');
        END;
        """
}
