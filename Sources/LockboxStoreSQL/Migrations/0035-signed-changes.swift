extension Migration {
    /// Which tenants sign changes of their rules. The signatures themselves are in the log.
    static let signedChanges = Migration(
        number: 35,
        name: "signed changes",
        sqlite: """
            ALTER TABLE tenant ADD COLUMN signed_changes TEXT NOT NULL DEFAULT 'off'
            CHECK (signed_changes IN ('off', 'required'));

            ALTER TABLE policy_change ADD COLUMN signed_changes TEXT NOT NULL DEFAULT 'off'
            CHECK (signed_changes IN ('off', 'required'));

            CREATE TRIGGER policy_change_update_signed_changes
            BEFORE UPDATE ON policy_change
            WHEN NEW.signed_changes IS NOT OLD.signed_changes
            BEGIN
                SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
            END;
            """
    )
}
