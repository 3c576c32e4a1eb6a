extension Migration {
    /// Which tenants count signed approvals alone, and which decisions are signed. The signatures
    /// themselves, and the keys, are in the log.
    static let signedApprovals = Migration(
        number: 32,
        name: "signed approvals",
        sqlite: """
            ALTER TABLE tenant ADD COLUMN signed_approvals TEXT NOT NULL DEFAULT 'off'
            CHECK (signed_approvals IN ('off', 'required'));

            ALTER TABLE policy_change ADD COLUMN signed_approvals TEXT NOT NULL DEFAULT 'off'
            CHECK (signed_approvals IN ('off', 'required'));

            CREATE TRIGGER policy_change_update_signed
            BEFORE UPDATE ON policy_change
            WHEN NEW.signed_approvals IS NOT OLD.signed_approvals
            BEGIN
                SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
            END;

            ALTER TABLE decision ADD COLUMN is_signed INTEGER NOT NULL DEFAULT 0
            CHECK (is_signed = 0 OR is_signed = 1 AND is_approval = 1 AND stage = 'customer');
            """
    )
}
