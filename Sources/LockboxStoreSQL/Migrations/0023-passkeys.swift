extension Migration {
    /// Passkeys, which sessions began with one, and who may use them. A passkey that was removed is
    /// kept, so that its name means no other.
    static let passkeys = Migration(
        number: 23,
        name: "passkeys",
        sqlite: """
            CREATE TABLE passkey (
                id TEXT NOT NULL PRIMARY KEY,
                person TEXT NOT NULL REFERENCES person (id),
                name TEXT NOT NULL,
                credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 16 AND 1023),
                public_key BLOB NOT NULL CHECK (length(public_key) BETWEEN 1 AND 2048),
                user_handle BLOB NOT NULL CHECK (length(user_handle) = 32),
                created_at INTEGER NOT NULL,
                is_backup_eligible INTEGER NOT NULL CHECK (is_backup_eligible IN (0, 1)),
                is_backed_up INTEGER NOT NULL CHECK (is_backed_up IN (0, 1)),
                counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
                last_used_at INTEGER,
                answered_at INTEGER NOT NULL,
                removed_at INTEGER,
                CHECK (is_backed_up = 0 OR is_backup_eligible = 1)
            ) STRICT;

            CREATE INDEX passkey_of_person ON passkey (person, created_at, id)
            WHERE removed_at IS NULL;

            CREATE TRIGGER passkey_update_unchanging
            BEFORE UPDATE ON passkey
            WHEN NEW.id IS NOT OLD.id
                OR NEW.person IS NOT OLD.person
                OR NEW.name IS NOT OLD.name
                OR NEW.credential IS NOT OLD.credential
                OR NEW.public_key IS NOT OLD.public_key
                OR NEW.user_handle IS NOT OLD.user_handle
                OR NEW.created_at IS NOT OLD.created_at
                OR NEW.is_backup_eligible IS NOT OLD.is_backup_eligible
            BEGIN
                SELECT RAISE(ABORT, 'passkey: what it is about never changes');
            END;

            CREATE TRIGGER passkey_update_answered
            BEFORE UPDATE ON passkey
            WHEN NEW.answered_at < OLD.answered_at
            BEGIN
                SELECT RAISE(ABORT, 'passkey: what was answered stays answered');
            END;

            CREATE TRIGGER passkey_update_removed
            BEFORE UPDATE ON passkey
            WHEN OLD.removed_at IS NOT NULL
            BEGIN
                SELECT RAISE(ABORT, 'passkey: one that was removed stays removed');
            END;

            CREATE TRIGGER passkey_delete_guard
            BEFORE DELETE ON passkey
            BEGIN
                SELECT RAISE(ABORT, 'passkey: rows are kept for ever');
            END;

            ALTER TABLE portal_session ADD COLUMN passkey TEXT REFERENCES passkey (id);

            ALTER TABLE sign_in_settings ADD COLUMN allows_passkeys INTEGER NOT NULL DEFAULT 0
            CHECK (allows_passkeys IN (0, 1));

            UPDATE sign_in_settings SET allows_passkeys = allows_passwords;

            ALTER TABLE sign_in_change ADD COLUMN allows_passkeys INTEGER NOT NULL DEFAULT 0
            CHECK (allows_passkeys IN (0, 1));
            """
    )
}
