extension Migration {
    /// Grants and what comes of them: credentials, removals, notices.
    static let grants = """
        CREATE TABLE access_grant (
            id TEXT NOT NULL PRIMARY KEY,
            request TEXT NOT NULL UNIQUE REFERENCES access_request (id),
            starts_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            scope TEXT NOT NULL CHECK (scope <> ''),
            basis TEXT NOT NULL CHECK (basis IN ('approval', 'policy')),
            UNIQUE (id, request),
            CHECK (starts_at < ends_at)
        ) STRICT;

        CREATE TABLE credential (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            request TEXT NOT NULL,
            grant_id TEXT NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant (id),
            engineer TEXT NOT NULL REFERENCES person (id),
            service TEXT NOT NULL,
            resource TEXT NOT NULL,
            actions INTEGER NOT NULL CHECK (actions > 0),
            username TEXT NOT NULL,
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            revoked_at INTEGER,
            FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
        ) STRICT;

        CREATE TABLE credential_use (
            credential TEXT NOT NULL PRIMARY KEY REFERENCES credential (id),
            first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            uses INTEGER NOT NULL CHECK (uses > 0)
        ) STRICT;

        CREATE TABLE removal (
            grant_id TEXT NOT NULL,
            service TEXT NOT NULL,
            request TEXT NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant (id),
            usernames TEXT NOT NULL,
            progress TEXT NOT NULL CHECK (progress IN ('pending', 'failed', 'confirmed')),
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            next_attempt INTEGER NOT NULL,
            problem TEXT,
            PRIMARY KEY (grant_id, service),
            FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
        ) STRICT;

        CREATE TABLE notice (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            tenant TEXT NOT NULL REFERENCES tenant (id),
            request TEXT NOT NULL REFERENCES access_request (id),
            recipient TEXT NOT NULL REFERENCES person (id),
            recipient_name TEXT NOT NULL,
            recipient_address TEXT NOT NULL,
            facts TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL,
            good_until INTEGER,
            delivery TEXT NOT NULL CHECK (delivery IN ('queued', 'sent', 'refused', \
        'cancelled')),
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            last_reply TEXT,
            sent_at INTEGER
        ) STRICT;

        CREATE INDEX credential_of_grant ON credential (grant_id, issued_at, id);

        CREATE INDEX credential_live ON credential (expires_at) WHERE revoked_at IS NULL;

        CREATE INDEX removal_of_request ON removal (request, grant_id, service);

        CREATE INDEX removal_due ON removal (next_attempt, grant_id, service)
        WHERE progress <> 'confirmed';

        CREATE INDEX notice_due ON notice (next_attempt, id) WHERE delivery = 'queued';

        CREATE INDEX notice_of_request ON notice (request, created_at, id);

        CREATE TRIGGER credential_update_unchanging
        BEFORE UPDATE ON credential
        WHEN NEW.id IS NOT OLD.id
            OR NEW.secret_hash IS NOT OLD.secret_hash
            OR NEW.request IS NOT OLD.request
            OR NEW.grant_id IS NOT OLD.grant_id
            OR NEW.tenant IS NOT OLD.tenant
            OR NEW.engineer IS NOT OLD.engineer
            OR NEW.service IS NOT OLD.service
            OR NEW.resource IS NOT OLD.resource
            OR NEW.actions IS NOT OLD.actions
            OR NEW.username IS NOT OLD.username
            OR NEW.issued_at IS NOT OLD.issued_at
            OR NEW.expires_at IS NOT OLD.expires_at
        BEGIN
            SELECT RAISE(ABORT, 'credential: what it is about never changes');
        END;

        CREATE TRIGGER credential_update_revoked
        BEFORE UPDATE ON credential
        WHEN OLD.revoked_at IS NOT NULL
        BEGIN
            SELECT RAISE(ABORT, 'credential: a revoked credential stays revoked');
        END;

        CREATE TRIGGER credential_insert_guard
        BEFORE INSERT ON credential
        WHEN NEW.expires_at > (SELECT ends_at FROM access_grant WHERE id = NEW.grant_id)
        BEGIN
            SELECT RAISE(ABORT, 'credential: it may not outlive its grant');
        END;

        CREATE TRIGGER credential_delete_guard
        BEFORE DELETE ON credential

        BEGIN
            SELECT RAISE(ABORT, 'credential: rows are kept for ever');
        END;

        CREATE TRIGGER credential_use_delete_guard
        BEFORE DELETE ON credential_use

        BEGIN
            SELECT RAISE(ABORT, 'credential_use: rows are kept for ever');
        END;

        CREATE TRIGGER removal_update_unchanging
        BEFORE UPDATE ON removal
        WHEN NEW.grant_id IS NOT OLD.grant_id
            OR NEW.service IS NOT OLD.service
            OR NEW.request IS NOT OLD.request
            OR NEW.tenant IS NOT OLD.tenant
        BEGIN
            SELECT RAISE(ABORT, 'removal: what it is about never changes');
        END;

        CREATE TRIGGER removal_delete_guard
        BEFORE DELETE ON removal

        BEGIN
            SELECT RAISE(ABORT, 'removal: rows are kept for ever');
        END;

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
            OR NEW.good_until IS NOT OLD.good_until
        BEGIN
            SELECT RAISE(ABORT, 'notice: what it is about never changes');
        END;

        CREATE TRIGGER access_grant_update_guard
        BEFORE UPDATE ON access_grant

        BEGIN
            SELECT RAISE(ABORT, 'access_grant: rows never change');
        END;

        CREATE TRIGGER access_grant_delete_guard
        BEFORE DELETE ON access_grant

        BEGIN
            SELECT RAISE(ABORT, 'access_grant: rows are kept for ever');
        END;
        """
}
