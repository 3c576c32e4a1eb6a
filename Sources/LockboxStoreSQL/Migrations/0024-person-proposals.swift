extension Migration {
    /// What the operator's file says of people and a tenant's administrators have not said yet.
    static let personProposals = Migration(
        number: 24,
        name: "person proposals",
        sqlite: """
            CREATE TABLE person_proposal (
                id TEXT NOT NULL PRIMARY KEY,
                tenant TEXT NOT NULL REFERENCES tenant (id),
                person TEXT NOT NULL UNIQUE REFERENCES person (id),
                made_at INTEGER NOT NULL,
                roles TEXT,
                email TEXT,
                aliases TEXT,
                switches_on INTEGER NOT NULL CHECK (switches_on IN (0, 1)),
                declined_at INTEGER CHECK (declined_at >= made_at),
                CHECK (roles IS NOT NULL OR email IS NOT NULL OR aliases IS NOT NULL
                    OR switches_on = 1)
            ) STRICT;

            CREATE INDEX person_proposal_of_tenant ON person_proposal (tenant, made_at, id);

            CREATE TRIGGER person_proposal_update_guard
            BEFORE UPDATE ON person_proposal
            WHEN NEW.id IS NOT OLD.id
                OR NEW.tenant IS NOT OLD.tenant
                OR NEW.person IS NOT OLD.person
                OR NEW.made_at IS NOT OLD.made_at
                OR NEW.roles IS NOT OLD.roles
                OR NEW.email IS NOT OLD.email
                OR NEW.aliases IS NOT OLD.aliases
                OR NEW.switches_on IS NOT OLD.switches_on
                OR OLD.declined_at IS NOT NULL
            BEGIN
                SELECT RAISE(ABORT, 'person_proposal: what is proposed never changes');
            END;
            """
    )
}
