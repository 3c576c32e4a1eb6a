extension Migration {
    /// Sign-ins at command lines: API tokens whose secrets follow each other, and what asks for one
    /// before anybody has said yes.
    static let logins = Migration(
        number: 27,
        name: "logins",
        sqlite: """
            ALTER TABLE api_token ADD COLUMN access_hash BLOB CHECK (length(access_hash) = 32);

            ALTER TABLE api_token ADD COLUMN access_ends_at INTEGER;

            ALTER TABLE api_token ADD COLUMN refresh_hash BLOB CHECK (length(refresh_hash) = 32);

            ALTER TABLE api_token ADD COLUMN idle_ends_at INTEGER;

            CREATE UNIQUE INDEX api_token_by_access ON api_token (access_hash)
            WHERE access_hash IS NOT NULL;

            CREATE TRIGGER api_token_update_login
            BEFORE UPDATE ON api_token
            WHEN (NEW.idle_ends_at IS NULL) IS NOT (OLD.idle_ends_at IS NULL)
                OR (NEW.access_ends_at IS NULL) IS NOT (OLD.access_ends_at IS NULL)
                OR OLD.idle_ends_at IS NULL
                    AND (NEW.access_hash IS NOT NULL OR NEW.refresh_hash IS NOT NULL)
            BEGIN
                SELECT RAISE(ABORT, 'api_token: a token never becomes a login, nor the other way');
            END;

            CREATE TABLE login_request (
                id TEXT NOT NULL PRIMARY KEY,
                secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                user_code_hash BLOB UNIQUE CHECK (length(user_code_hash) = 32),
                device TEXT NOT NULL,
                asked_from TEXT,
                scopes INTEGER NOT NULL,
                redirect TEXT,
                challenge TEXT,
                made_at INTEGER NOT NULL,
                ends_at INTEGER NOT NULL,
                person TEXT REFERENCES person (id),
                is_denied INTEGER NOT NULL CHECK (is_denied IN (0, 1)),
                token TEXT,
                CHECK (made_at < ends_at),
                CHECK ((redirect IS NULL) = (challenge IS NULL)),
                CHECK ((redirect IS NULL) = (user_code_hash IS NOT NULL)),
                CHECK (is_denied = 0 OR person IS NULL),
                CHECK (token IS NULL OR person IS NOT NULL)
            ) STRICT;

            CREATE INDEX login_request_by_end ON login_request (ends_at);

            CREATE INDEX login_request_of_person ON login_request (person)
            WHERE token IS NULL;

            CREATE TRIGGER login_request_update_unchanging
            BEFORE UPDATE ON login_request
            WHEN NEW.id IS NOT OLD.id
                OR NEW.secret_hash IS NOT OLD.secret_hash
                OR NEW.user_code_hash IS NOT OLD.user_code_hash
                OR NEW.device IS NOT OLD.device
                OR NEW.asked_from IS NOT OLD.asked_from
                OR NEW.scopes IS NOT OLD.scopes
                OR NEW.redirect IS NOT OLD.redirect
                OR NEW.challenge IS NOT OLD.challenge
                OR NEW.made_at IS NOT OLD.made_at
                OR NEW.ends_at IS NOT OLD.ends_at
            BEGIN
                SELECT RAISE(ABORT, 'login_request: what it is about never changes');
            END;

            CREATE TRIGGER login_request_update_over
            BEFORE UPDATE ON login_request
            WHEN OLD.is_denied = 1 OR OLD.token IS NOT NULL
                OR OLD.person IS NOT NULL AND NEW.person IS NOT OLD.person AND NEW.is_denied = 0
            BEGIN
                SELECT RAISE(ABORT, 'login_request: what is over stays over');
            END;
            """
    )
}
