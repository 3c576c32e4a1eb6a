extension Migration {
    /// Letters by which people choose their passwords, without the codes that make them work; and
    /// since when a tenant's people are its own (docs/decisions/0052).
    static let invitations = Migration(
        number: 18,
        name: "invitations",
        sqlite: """
            CREATE TABLE invitation (
                id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
                person TEXT NOT NULL REFERENCES person (id),
                purpose TEXT NOT NULL,
                made_by TEXT REFERENCES person (id),
                made_at INTEGER NOT NULL,
                ends_at INTEGER NOT NULL,
                wrong_codes INTEGER NOT NULL CHECK (wrong_codes >= 0),
                used_at INTEGER,
                withdrawn_at INTEGER,
                CHECK (made_at < ends_at),
                CHECK (used_at IS NULL OR withdrawn_at IS NULL)
            ) STRICT;

            CREATE UNIQUE INDEX invitation_open ON invitation (person, purpose)
            WHERE used_at IS NULL AND withdrawn_at IS NULL;

            CREATE INDEX invitation_of_person ON invitation (person, purpose, made_at);

            CREATE INDEX invitation_by_end ON invitation (ends_at);

            CREATE TRIGGER invitation_update_unchanging
            BEFORE UPDATE ON invitation
            WHEN NEW.id IS NOT OLD.id
                OR NEW.person IS NOT OLD.person
                OR NEW.purpose IS NOT OLD.purpose
                OR NEW.made_by IS NOT OLD.made_by
                OR NEW.made_at IS NOT OLD.made_at
                OR NEW.ends_at IS NOT OLD.ends_at
                OR NEW.wrong_codes < OLD.wrong_codes
            BEGIN
                SELECT RAISE(ABORT, 'invitation: what it is about never changes');
            END;

            CREATE TRIGGER invitation_update_over
            BEFORE UPDATE ON invitation
            WHEN OLD.used_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
            BEGIN
                SELECT RAISE(ABORT, 'invitation: what is over stays over');
            END;

            ALTER TABLE tenant ADD COLUMN administered_since INTEGER;

            CREATE TRIGGER tenant_update_administered
            BEFORE UPDATE ON tenant
            WHEN OLD.administered_since IS NOT NULL
                AND NEW.administered_since IS NOT OLD.administered_since
            BEGIN
                SELECT RAISE(ABORT, 'tenant: since when it is administered never changes');
            END;
            """
    )
}
