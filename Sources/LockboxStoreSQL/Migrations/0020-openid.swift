extension Migration {
    /// Where the people of an organisation sign in, the provider's under an empty name; and which
    /// sessions began there.
    static let openID = Migration(
        number: 20,
        name: "openid",
        sqlite: """
            CREATE TABLE sign_in_settings (
                organisation TEXT NOT NULL PRIMARY KEY,
                issuer TEXT,
                client_id TEXT,
                authentication TEXT CHECK (authentication IN
                    ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
                client_secret_file TEXT,
                acr_values TEXT NOT NULL,
                trusts_addresses INTEGER NOT NULL CHECK (trusts_addresses IN (0, 1)),
                allows_passwords INTEGER NOT NULL CHECK (allows_passwords IN (0, 1)),
                domains TEXT,
                CHECK ((issuer IS NULL) = (client_id IS NULL)),
                CHECK ((issuer IS NULL) = (authentication IS NULL))
            ) STRICT;

            ALTER TABLE portal_session ADD COLUMN issuer TEXT;

            ALTER TABLE portal_session ADD COLUMN issuer_session TEXT;
            """
    )
}
