extension Migration {
    /// Which tenants sign changes of their rules. The signatures themselves are in the log.
    static let postgresSignedChanges = Migration(
        number: 35,
        name: "signed changes",
        postgres: """
            ALTER TABLE tenant ADD COLUMN signed_changes TEXT COLLATE "C" NOT NULL DEFAULT 'off'
            CHECK (signed_changes IN ('off', 'required'));

            ALTER TABLE policy_change ADD COLUMN signed_changes TEXT COLLATE "C" NOT NULL DEFAULT 'off'
            CHECK (signed_changes IN ('off', 'required'));

            CREATE TRIGGER policy_change_update_signed_changes BEFORE UPDATE ON policy_change
            FOR EACH ROW WHEN (NEW.signed_changes IS DISTINCT FROM OLD.signed_changes)
            EXECUTE FUNCTION refuse('policy_change: only who agrees changes');
            """
    )
}
