extension Migration {
    /// What organisations' directories say of people and groups, the tokens by which they say it, and
    /// which roles groups give (docs/decisions/0057). `organisation` is empty for the provider.
    static let provisioning = Migration(
        number: 22,
        name: "provisioning",
        sqlite: """
            CREATE TABLE provisioning_token (
                id TEXT NOT NULL PRIMARY KEY,
                secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                organisation TEXT NOT NULL,
                label TEXT NOT NULL,
                addresses TEXT NOT NULL,
                made_by TEXT REFERENCES person (id),
                created_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL,
                last_used_at INTEGER,
                last_used_from TEXT,
                revoked_at INTEGER,
                CHECK (created_at < expires_at)
            ) STRICT;

            CREATE INDEX provisioning_token_of_organisation
            ON provisioning_token (organisation, created_at, id) WHERE revoked_at IS NULL;

            CREATE TRIGGER provisioning_token_delete_guard
            BEFORE DELETE ON provisioning_token
            BEGIN
                SELECT RAISE(ABORT, 'provisioning_token: rows are kept for ever');
            END;

            CREATE TRIGGER provisioning_token_update_unchanging
            BEFORE UPDATE ON provisioning_token
            WHEN NEW.id IS NOT OLD.id
                OR NEW.secret_hash IS NOT OLD.secret_hash
                OR NEW.organisation IS NOT OLD.organisation
                OR NEW.label IS NOT OLD.label
                OR NEW.addresses IS NOT OLD.addresses
                OR NEW.made_by IS NOT OLD.made_by
                OR NEW.created_at IS NOT OLD.created_at
                OR NEW.expires_at IS NOT OLD.expires_at
            BEGIN
                SELECT RAISE(ABORT, 'provisioning_token: what it is about never changes');
            END;

            CREATE TRIGGER provisioning_token_update_revoked
            BEFORE UPDATE ON provisioning_token
            WHEN OLD.revoked_at IS NOT NULL
            BEGIN
                SELECT RAISE(ABORT, 'provisioning_token: a revoked token stays revoked');
            END;

            CREATE TABLE provisioned_user (
                person TEXT NOT NULL PRIMARY KEY REFERENCES person (id),
                organisation TEXT NOT NULL,
                user_name TEXT NOT NULL,
                user_name_key TEXT NOT NULL,
                external_id TEXT,
                display_name TEXT,
                formatted_name TEXT,
                given_name TEXT,
                family_name TEXT,
                emails TEXT NOT NULL,
                is_active INTEGER CHECK (is_active IN (0, 1)),
                group_roles INTEGER NOT NULL,
                is_gone INTEGER NOT NULL CHECK (is_gone IN (0, 1)),
                made_with TEXT NOT NULL REFERENCES provisioning_token (id),
                created_at INTEGER NOT NULL,
                changed_at INTEGER NOT NULL,
                UNIQUE (organisation, user_name_key)
            ) STRICT;

            CREATE INDEX provisioned_user_by_external_id
            ON provisioned_user (organisation, external_id) WHERE external_id IS NOT NULL;

            CREATE INDEX provisioned_user_by_token ON provisioned_user (made_with, created_at);

            CREATE TABLE provisioned_group (
                id TEXT NOT NULL PRIMARY KEY,
                organisation TEXT NOT NULL,
                display_name TEXT NOT NULL,
                name_key TEXT NOT NULL,
                external_id TEXT,
                created_at INTEGER NOT NULL,
                changed_at INTEGER NOT NULL,
                UNIQUE (organisation, name_key)
            ) STRICT;

            CREATE TABLE provisioned_member (
                group_id TEXT NOT NULL REFERENCES provisioned_group (id),
                person TEXT NOT NULL REFERENCES person (id),
                PRIMARY KEY (group_id, person)
            ) STRICT;

            CREATE INDEX provisioned_member_of_person ON provisioned_member (person, group_id);

            CREATE TABLE group_roles (
                organisation TEXT NOT NULL,
                name_key TEXT NOT NULL,
                group_name TEXT NOT NULL,
                roles INTEGER NOT NULL CHECK (roles > 0),
                PRIMARY KEY (organisation, name_key)
            ) STRICT;
            """
    )
}
