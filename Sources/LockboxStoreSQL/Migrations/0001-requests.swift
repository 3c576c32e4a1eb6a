extension Migration {
    /// Support requests, access requests and their decisions.
    ///
    /// In `access_request`, columns from `deadline` on are those that only some states have. The
    /// deadline is the next instant at which time alone changes the state: `decideBy`, or the
    /// grant's start or end. In `request_transition`, an empty `prior` is the beginning, for a
    /// foreign key passes over NULL; the step from waiting to waiting is one of several approvals.
    static let requests = """
        CREATE TABLE support_request (
            tenant TEXT NOT NULL REFERENCES tenant (id),
            number TEXT NOT NULL,
            subject TEXT NOT NULL,
            description TEXT NOT NULL,
            service TEXT REFERENCES service (id),
            url TEXT,
            opened_by TEXT NOT NULL REFERENCES person (id),
            opened_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, number)
        ) STRICT;

        CREATE TABLE request_transition (
            prior TEXT NOT NULL,
            next TEXT NOT NULL,
            PRIMARY KEY (prior, next)
        ) STRICT;

        INSERT INTO request_transition (prior, next) VALUES
            ('', 'awaitingManager'),
            ('awaitingManager', 'awaitingCustomer'),
            ('awaitingManager', 'rejected'),
            ('awaitingManager', 'withdrawn'),
            ('awaitingManager', 'expired'),
            ('awaitingManager', 'scheduled'),
            ('awaitingManager', 'active'),
            ('awaitingCustomer', 'denied'),
            ('awaitingCustomer', 'withdrawn'),
            ('awaitingCustomer', 'expired'),
            ('awaitingCustomer', 'scheduled'),
            ('awaitingCustomer', 'active'),
            ('scheduled', 'active'),
            ('scheduled', 'ended'),
            ('active', 'ended'),
            ('awaitingCustomer', 'awaitingCustomer');

        CREATE TABLE access_request (
            id TEXT NOT NULL PRIMARY KEY,
            tenant TEXT NOT NULL REFERENCES tenant (id),
            support_request TEXT NOT NULL,
            engineer TEXT NOT NULL REFERENCES person (id),
            reason TEXT NOT NULL,
            duration INTEGER NOT NULL CHECK (duration > 0),
            scope TEXT NOT NULL CHECK (scope <> ''),
            not_before INTEGER,
            created_at INTEGER NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            prior_state TEXT NOT NULL,
            state TEXT NOT NULL,
            deadline INTEGER,
            asked_at INTEGER,
            approvals_needed INTEGER CHECK (approvals_needed > 0),
            settled_at INTEGER,
            ending_reason TEXT,
            ended_by TEXT REFERENCES person (id),
            comment TEXT,
            expired_stage TEXT,
            FOREIGN KEY (prior_state, state) REFERENCES request_transition (prior, next),
            FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number),
            CHECK ((deadline IS NOT NULL) =
                (state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))),
            CHECK ((settled_at IS NULL) = (deadline IS NOT NULL)),
            CHECK ((asked_at IS NOT NULL) = (state = 'awaitingCustomer')),
            CHECK ((approvals_needed IS NOT NULL) = (state = 'awaitingCustomer')),
            CHECK ((ending_reason IS NOT NULL) = (state = 'ended')),
            CHECK (ended_by IS NULL OR state = 'ended'),
            CHECK (comment IS NULL OR state IN ('ended', 'withdrawn')),
            CHECK ((expired_stage IS NOT NULL) = (state = 'expired'))
        ) STRICT;

        CREATE TABLE decision (
            request TEXT NOT NULL REFERENCES access_request (id),
            position INTEGER NOT NULL CHECK (position >= 0),
            stage TEXT NOT NULL CHECK (stage IN ('manager', 'customer')),
            person TEXT NOT NULL REFERENCES person (id),
            is_approval INTEGER NOT NULL CHECK (is_approval IN (0, 1)),
            duration INTEGER CHECK (duration > 0),
            scope TEXT CHECK (scope <> ''),
            comment TEXT,
            decided_at INTEGER NOT NULL,
            PRIMARY KEY (request, position),
            UNIQUE (request, person),
            CHECK (is_approval = 1 OR (duration IS NULL AND scope IS NULL))
        ) STRICT;

        CREATE INDEX support_request_by_time ON support_request (opened_at, number, tenant);

        CREATE INDEX support_request_of_tenant ON support_request (tenant, opened_at, number);

        CREATE INDEX support_request_of_person ON support_request (opened_by, opened_at, \
        number, tenant);

        CREATE INDEX support_request_by_number ON support_request (number, tenant);

        CREATE INDEX request_by_time ON access_request (created_at, id);

        CREATE INDEX request_of_tenant ON access_request (tenant, created_at, id);

        CREATE INDEX request_of_engineer ON access_request (engineer, created_at, id);

        CREATE INDEX request_of_support ON access_request (tenant, support_request, \
        created_at, id);

        CREATE INDEX request_due ON access_request (deadline, id) WHERE deadline IS NOT NULL;

        CREATE INDEX request_open_of_tenant ON access_request (tenant, id) WHERE deadline IS \
        NOT NULL;

        CREATE INDEX request_open_of_engineer ON access_request (engineer, id) WHERE \
        deadline IS NOT NULL;

        CREATE TRIGGER access_request_update_unchanging
        BEFORE UPDATE ON access_request
        WHEN NEW.id IS NOT OLD.id
            OR NEW.tenant IS NOT OLD.tenant
            OR NEW.support_request IS NOT OLD.support_request
            OR NEW.engineer IS NOT OLD.engineer
            OR NEW.reason IS NOT OLD.reason
            OR NEW.duration IS NOT OLD.duration
            OR NEW.scope IS NOT OLD.scope
            OR NEW.not_before IS NOT OLD.not_before
            OR NEW.created_at IS NOT OLD.created_at
        BEGIN
            SELECT RAISE(ABORT, 'access_request: what it is about never changes');
        END;

        CREATE TRIGGER access_request_update_version
        BEFORE UPDATE ON access_request
        WHEN NEW.version <> OLD.version + 1
        BEGIN
            SELECT RAISE(ABORT, 'access_request: the version before must be the present one');
        END;

        CREATE TRIGGER access_request_update_prior
        BEFORE UPDATE ON access_request
        WHEN NEW.prior_state <> OLD.state
        BEGIN
            SELECT RAISE(ABORT, 'access_request: the prior state must be the present one');
        END;

        CREATE TRIGGER access_request_insert_guard
        BEFORE INSERT ON access_request
        WHEN NEW.version <> 1 OR NEW.prior_state <> ''
        BEGIN
            SELECT RAISE(ABORT, 'access_request: a request begins at version 1');
        END;

        CREATE TRIGGER access_request_delete_guard
        BEFORE DELETE ON access_request

        BEGIN
            SELECT RAISE(ABORT, 'access_request: rows are kept for ever');
        END;

        CREATE TRIGGER access_request_update_grant
        BEFORE UPDATE ON access_request
        WHEN (NEW.state IN ('scheduled', 'active', 'ended')) <> EXISTS (
            SELECT 1 FROM access_grant WHERE request = NEW.id AND CASE NEW.state
                WHEN 'scheduled' THEN starts_at = NEW.deadline
                WHEN 'active' THEN ends_at = NEW.deadline
                ELSE TRUE END
        )
        BEGIN
            SELECT RAISE(ABORT, 'access_request: the state does not fit the grant');
        END;

        CREATE TRIGGER decision_insert_dense
        BEFORE INSERT ON decision
        WHEN NEW.position <> (SELECT count(*) FROM decision WHERE request = NEW.request)
        BEGIN
            SELECT RAISE(ABORT, 'decision: positions have no gaps');
        END;

        CREATE TRIGGER decision_update_guard
        BEFORE UPDATE ON decision

        BEGIN
            SELECT RAISE(ABORT, 'decision: rows never change');
        END;

        CREATE TRIGGER decision_delete_guard
        BEFORE DELETE ON decision

        BEGIN
            SELECT RAISE(ABORT, 'decision: rows are kept for ever');
        END;

        CREATE TRIGGER request_transition_update_guard
        BEFORE UPDATE ON request_transition

        BEGIN
            SELECT RAISE(ABORT, 'request_transition: rows never change');
        END;

        CREATE TRIGGER request_transition_delete_guard
        BEFORE DELETE ON request_transition

        BEGIN
            SELECT RAISE(ABORT, 'request_transition: rows are kept for ever');
        END;

        CREATE TRIGGER support_request_update_guard
        BEFORE UPDATE ON support_request

        BEGIN
            SELECT RAISE(ABORT, 'support_request: rows never change');
        END;

        CREATE TRIGGER support_request_delete_guard
        BEFORE DELETE ON support_request

        BEGIN
            SELECT RAISE(ABORT, 'support_request: rows are kept for ever');
        END;
        """
}
