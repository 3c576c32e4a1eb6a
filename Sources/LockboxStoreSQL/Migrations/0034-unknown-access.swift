extension Migration {
    /// Which tenants have access closed that nobody granted. What was found is in the log alone.
    static let unknownAccess = Migration(
        number: 34,
        name: "unknown access",
        sqlite: """
            ALTER TABLE tenant ADD COLUMN closes_unknown_access INTEGER NOT NULL DEFAULT 0
            CHECK (closes_unknown_access IN (0, 1));

            ALTER TABLE policy_change ADD COLUMN closes_unknown_access INTEGER NOT NULL DEFAULT 0
            CHECK (closes_unknown_access IN (0, 1));

            CREATE TRIGGER policy_change_update_unknown
            BEFORE UPDATE ON policy_change
            WHEN NEW.closes_unknown_access IS NOT OLD.closes_unknown_access
            BEGIN
                SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
            END;
            """
    )
}
