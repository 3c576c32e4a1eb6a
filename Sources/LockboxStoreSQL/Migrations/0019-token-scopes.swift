extension Migration {
    /// What an API token may be used for, from where, and when it last was; and what a tenant keeps
    /// from all tokens. Tokens that were issued before may be used for everything, as they could.
    static let tokenScopes = Migration(
        number: 19,
        name: "token-scopes",
        sqlite: """
            ALTER TABLE api_token ADD COLUMN scopes INTEGER NOT NULL DEFAULT 15;

            ALTER TABLE api_token ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';

            ALTER TABLE api_token ADD COLUMN last_used_at INTEGER;

            ALTER TABLE api_token ADD COLUMN last_used_from TEXT;

            ALTER TABLE tenant ADD COLUMN withheld_from_tokens INTEGER NOT NULL DEFAULT 0;

            DROP TRIGGER api_token_update_unchanging;

            CREATE TRIGGER api_token_update_unchanging
            BEFORE UPDATE ON api_token
            WHEN NEW.id IS NOT OLD.id
                OR NEW.secret_hash IS NOT OLD.secret_hash
                OR NEW.person IS NOT OLD.person
                OR NEW.label IS NOT OLD.label
                OR NEW.scopes IS NOT OLD.scopes
                OR NEW.addresses IS NOT OLD.addresses
                OR NEW.created_at IS NOT OLD.created_at
                OR NEW.expires_at IS NOT OLD.expires_at
            BEGIN
                SELECT RAISE(ABORT, 'api_token: what it is about never changes');
            END;
            """
    )
}
