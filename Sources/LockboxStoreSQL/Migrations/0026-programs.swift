extension Migration {
    /// Programs of the provider that ask for access, what they asked for, and which tenants let none.
    static let programs = Migration(
        number: 26,
        name: "programs",
        sqlite: """
            ALTER TABLE person ADD COLUMN is_program INTEGER NOT NULL DEFAULT 0
            CHECK (is_program = 0 OR is_program = 1 AND tenant IS NULL AND roles IN (0, 1));

            CREATE TRIGGER person_update_program
            BEFORE UPDATE ON person
            WHEN NEW.is_program IS NOT OLD.is_program
            BEGIN
                SELECT RAISE(ABORT, 'person: a program is one for ever, or never');
            END;

            ALTER TABLE tenant ADD COLUMN allows_programs INTEGER NOT NULL DEFAULT 1
            CHECK (allows_programs IN (0, 1));

            ALTER TABLE policy_change ADD COLUMN allows_programs INTEGER NOT NULL DEFAULT 1
            CHECK (allows_programs IN (0, 1));

            CREATE TRIGGER policy_change_update_programs
            BEFORE UPDATE ON policy_change
            WHEN NEW.allows_programs IS NOT OLD.allows_programs
            BEGIN
                SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
            END;

            ALTER TABLE access_request ADD COLUMN asked_by TEXT REFERENCES person (id);

            CREATE INDEX request_of_program ON access_request (asked_by, created_at, id)
            WHERE asked_by IS NOT NULL;

            CREATE INDEX request_open_of_program ON access_request (asked_by, id)
            WHERE asked_by IS NOT NULL AND deadline IS NOT NULL;

            CREATE TRIGGER access_request_update_asker
            BEFORE UPDATE ON access_request
            WHEN NEW.asked_by IS NOT OLD.asked_by
            BEGIN
                SELECT RAISE(ABORT, 'access_request: what it is about never changes');
            END;
            """
    )
}
