extension Migration {
    /// What an OpenID provider says of roles, secrets that are kept here, and until when passwords
    /// count where it cannot be reached; what a tenant's administrators asked for and is not so yet;
    /// and the sessions of one session there.
    static let identity = Migration(
        number: 21,
        name: "identity",
        sqlite: """
            ALTER TABLE sign_in_settings ADD COLUMN roles_claim TEXT
                CHECK (roles_claim IS NULL OR issuer IS NOT NULL);

            ALTER TABLE sign_in_settings ADD COLUMN claimed_roles TEXT
                CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL));

            ALTER TABLE sign_in_settings ADD COLUMN recovery_until INTEGER;

            ALTER TABLE sign_in_settings ADD COLUMN client_secret_sealed BLOB
                CHECK (client_secret_sealed IS NULL OR client_secret_file IS NULL);

            CREATE TABLE sign_in_change (
                id TEXT NOT NULL PRIMARY KEY,
                organisation TEXT NOT NULL UNIQUE,
                made_by TEXT NOT NULL REFERENCES person (id),
                made_at INTEGER NOT NULL,
                takes_effect_at INTEGER NOT NULL CHECK (takes_effect_at > made_at),
                issuer TEXT,
                client_id TEXT,
                authentication TEXT CHECK (authentication IN
                    ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
                client_secret_file TEXT,
                client_secret_sealed BLOB,
                acr_values TEXT NOT NULL,
                trusts_addresses INTEGER NOT NULL CHECK (trusts_addresses IN (0, 1)),
                roles_claim TEXT,
                claimed_roles TEXT,
                allows_passwords INTEGER NOT NULL CHECK (allows_passwords IN (0, 1)),
                domains TEXT,
                CHECK ((issuer IS NULL) = (client_id IS NULL)),
                CHECK ((issuer IS NULL) = (authentication IS NULL)),
                CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL))
            ) STRICT;

            CREATE INDEX sign_in_change_by_time ON sign_in_change (takes_effect_at, id);

            CREATE TRIGGER sign_in_change_update_guard
            BEFORE UPDATE ON sign_in_change

            BEGIN
                SELECT RAISE(ABORT, 'sign_in_change: rows never change');
            END;

            CREATE INDEX session_at_provider ON portal_session (issuer, issuer_session)
            WHERE issuer_session IS NOT NULL AND ended_at IS NULL;
            """
    )
}
