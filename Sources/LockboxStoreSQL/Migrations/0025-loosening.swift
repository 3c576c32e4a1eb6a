extension Migration {
    /// Looser rules that wait, for how long they do, and whose yes does not count yet. Whoever decides
    /// when this comes goes on deciding.
    static let loosening = Migration(
        number: 25,
        name: "loosening",
        sqlite: """
            ALTER TABLE tenant ADD COLUMN cooling_off INTEGER NOT NULL DEFAULT 86400000
                CHECK (cooling_off > 0);

            ALTER TABLE person ADD COLUMN decides_from INTEGER;

            ALTER TABLE person ADD COLUMN confirmed_by TEXT NOT NULL DEFAULT '[]';

            CREATE TABLE policy_change (
                id TEXT NOT NULL PRIMARY KEY,
                tenant TEXT NOT NULL UNIQUE REFERENCES tenant (id),
                version INTEGER NOT NULL CHECK (version > 0),
                require_approval INTEGER NOT NULL CHECK (require_approval IN (0, 1)),
                decision_window INTEGER NOT NULL CHECK (decision_window > 0),
                max_access INTEGER NOT NULL CHECK (max_access > 0),
                approvals_needed INTEGER NOT NULL CHECK (approvals_needed > 0),
                withheld_from_tokens INTEGER NOT NULL,
                cooling_off INTEGER NOT NULL CHECK (cooling_off > 0),
                made_by TEXT NOT NULL REFERENCES person (id),
                made_at INTEGER NOT NULL,
                takes_effect_at INTEGER NOT NULL CHECK (takes_effect_at > made_at),
                agreed TEXT NOT NULL
            ) STRICT;

            CREATE INDEX policy_change_due ON policy_change (takes_effect_at, id);

            CREATE TRIGGER policy_change_update_guard
            BEFORE UPDATE ON policy_change
            WHEN NEW.id IS NOT OLD.id
                OR NEW.tenant IS NOT OLD.tenant
                OR NEW.version IS NOT OLD.version
                OR NEW.require_approval IS NOT OLD.require_approval
                OR NEW.decision_window IS NOT OLD.decision_window
                OR NEW.max_access IS NOT OLD.max_access
                OR NEW.approvals_needed IS NOT OLD.approvals_needed
                OR NEW.withheld_from_tokens IS NOT OLD.withheld_from_tokens
                OR NEW.cooling_off IS NOT OLD.cooling_off
                OR NEW.made_by IS NOT OLD.made_by
                OR NEW.made_at IS NOT OLD.made_at
                OR NEW.takes_effect_at IS NOT OLD.takes_effect_at
            BEGIN
                SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
            END;
            """
    )
}
