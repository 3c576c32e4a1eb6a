import LockboxDomain

/// Support requests, access requests and their decisions.
struct RequestTables: SchemaPart {
    let dialect: SQLDialect

    /// How the beginning is spelt where a state is expected; a foreign key would pass over NULL.
    static let beginning = ""

    var tables: [String] { [supportRequest, transition, fillTransition, accessRequest, decision] }

    private var supportRequest: String {
        """
        CREATE TABLE support_request (
            tenant \(text) NOT NULL REFERENCES tenant (id),
            number \(text) NOT NULL,
            subject \(text) NOT NULL,
            description \(text) NOT NULL,
            service \(text) REFERENCES service (id),
            url \(text),
            opened_by \(text) NOT NULL REFERENCES person (id),
            opened_at \(integer) NOT NULL,
            PRIMARY KEY (tenant, number)
        )\(dialect.tableEnd)
        """
    }

    private var transition: String {
        """
        CREATE TABLE request_transition (
            prior \(text) NOT NULL,
            next \(text) NOT NULL,
            PRIMARY KEY (prior, next)
        )\(dialect.tableEnd)
        """
    }

    /// The domain's own list, and the step from waiting to waiting that one of several approvals
    /// is.
    private var fillTransition: String {
        let pairs = AccessRequest.legalTransitions.map {
            ($0.from?.rawValue ?? Self.beginning, $0.to.rawValue)
        }
        let waiting = AccessRequest.StateName.awaitingCustomer.rawValue
        let rows = (pairs + [(waiting, waiting)]).map { "('\($0)', '\($1)')" }
        return "INSERT INTO request_transition (prior, next) VALUES \(rows.joined(separator: ", "))"
    }

    /// Columns from `deadline` on are those that only some states have; the CHECK says which. The
    /// deadline is the next instant at which time alone changes the state: `decideBy`, or the
    /// grant's start or end.
    private var accessRequest: String {
        """
        CREATE TABLE access_request (
            id \(text) NOT NULL PRIMARY KEY,
            tenant \(text) NOT NULL REFERENCES tenant (id),
            support_request \(text) NOT NULL,
            engineer \(text) NOT NULL REFERENCES person (id),
            reason \(text) NOT NULL,
            duration \(integer) NOT NULL CHECK (duration > 0),
            scope \(text) NOT NULL CHECK (scope <> ''),
            not_before \(integer),
            created_at \(integer) NOT NULL,
            version \(integer) NOT NULL CHECK (version > 0),
            prior_state \(text) NOT NULL,
            state \(text) NOT NULL,
            deadline \(integer),
            asked_at \(integer),
            approvals_needed \(integer) CHECK (approvals_needed > 0),
            settled_at \(integer),
            ending_reason \(text),
            ended_by \(text) REFERENCES person (id),
            comment \(text),
            expired_stage \(text),
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
        )\(dialect.tableEnd)
        """
    }

    private var decision: String {
        """
        CREATE TABLE decision (
            request \(text) NOT NULL REFERENCES access_request (id),
            position \(integer) NOT NULL CHECK (position >= 0),
            \(choice("stage", Decision.Stage.self)),
            person \(text) NOT NULL REFERENCES person (id),
            \(flag("is_approval")),
            duration \(integer) CHECK (duration > 0),
            scope \(text) CHECK (scope <> ''),
            comment \(text),
            decided_at \(integer) NOT NULL,
            PRIMARY KEY (request, position),
            UNIQUE (request, person),
            CHECK (is_approval = 1 OR (duration IS NULL AND scope IS NULL))
        )\(dialect.tableEnd)
        """
    }

    var indices: [String] {
        [
            "CREATE INDEX support_request_by_time ON support_request (opened_at, number, tenant)",
            "CREATE INDEX support_request_of_tenant ON support_request (tenant, opened_at, number)",
            "CREATE INDEX support_request_of_person ON support_request (opened_by, opened_at, number, tenant)",
            "CREATE INDEX support_request_by_number ON support_request (number, tenant)",
            "CREATE INDEX request_by_time ON access_request (created_at, id)",
            "CREATE INDEX request_of_tenant ON access_request (tenant, created_at, id)",
            "CREATE INDEX request_of_engineer ON access_request (engineer, created_at, id)",
            "CREATE INDEX request_of_support ON access_request (tenant, support_request, created_at, id)",
            "CREATE INDEX request_due ON access_request (deadline, id) WHERE deadline IS NOT NULL",
            "CREATE INDEX request_open_of_tenant ON access_request (tenant, id) WHERE deadline IS NOT NULL",
            "CREATE INDEX request_open_of_engineer ON access_request (engineer, id) WHERE deadline IS NOT NULL",
        ]
    }

    var guards: [SQLDialect.Guard] {
        [
            dialect.unchanging(
                "access_request",
                [
                    "id", "tenant", "support_request", "engineer", "reason", "duration", "scope",
                    "not_before",
                    "created_at",
                ]
            ),
            .init(
                table: "access_request",
                change: .update,
                condition: "NEW.version <> OLD.version + 1",
                name: "version",
                message: "access_request: the version before must be the present one"
            ),
            .init(
                table: "access_request",
                change: .update,
                condition: "NEW.prior_state <> OLD.state",
                name: "prior",
                message: "access_request: the prior state must be the present one"
            ),
            .init(
                table: "access_request",
                change: .insert,
                condition: "NEW.version <> 1 OR NEW.prior_state <> ''",
                message: "access_request: a request begins at version 1"
            ),
            dialect.keptForever("access_request"),
            grantFits,
            .init(
                table: "decision",
                change: .insert,
                condition:
                    "NEW.position <> (SELECT count(*) FROM decision WHERE request = NEW.request)",
                name: "dense",
                message: "decision: positions have no gaps"
            ),
        ] + dialect.appendOnly("decision") + dialect.appendOnly("request_transition")
            + dialect.appendOnly("support_request")
    }

    /// Access that is open, or was, rests on a grant whose start or end is the deadline; other
    /// states have none.
    private var grantFits: SQLDialect.Guard {
        .init(
            table: "access_request",
            change: .update,
            condition: """
                (NEW.state IN ('scheduled', 'active', 'ended')) <> EXISTS (
                    SELECT 1 FROM access_grant WHERE request = NEW.id AND CASE NEW.state
                        WHEN 'scheduled' THEN starts_at = NEW.deadline
                        WHEN 'active' THEN ends_at = NEW.deadline
                        ELSE TRUE END
                )
                """,
            name: "grant",
            message: "access_request: the state does not fit the grant"
        )
    }
}
