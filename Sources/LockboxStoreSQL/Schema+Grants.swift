import LockboxDomain
import LockboxPorts

/// Grants and what comes of them: credentials, removals, notices.
struct GrantTables: SchemaPart {
    let dialect: SQLDialect

    var tables: [String] {
        [
            """
            CREATE TABLE access_grant (
                id \(text) NOT NULL PRIMARY KEY,
                request \(text) NOT NULL UNIQUE REFERENCES access_request (id),
                starts_at \(integer) NOT NULL,
                ends_at \(integer) NOT NULL,
                scope \(text) NOT NULL CHECK (scope <> ''),
                \(choice("basis", Grant.Basis.self)),
                UNIQUE (id, request),
                CHECK (starts_at < ends_at)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE credential (
                id \(text) NOT NULL PRIMARY KEY,
                secret_hash \(bytes) NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                request \(text) NOT NULL,
                grant_id \(text) NOT NULL,
                tenant \(text) NOT NULL REFERENCES tenant (id),
                engineer \(text) NOT NULL REFERENCES person (id),
                service \(text) NOT NULL,
                resource \(text) NOT NULL,
                actions \(integer) NOT NULL CHECK (actions > 0),
                username \(text) NOT NULL,
                issued_at \(integer) NOT NULL,
                expires_at \(integer) NOT NULL,
                revoked_at \(integer),
                FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE credential_use (
                credential \(text) NOT NULL PRIMARY KEY REFERENCES credential (id),
                first_at \(integer) NOT NULL,
                last_at \(integer) NOT NULL,
                uses \(integer) NOT NULL CHECK (uses > 0)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE removal (
                grant_id \(text) NOT NULL,
                service \(text) NOT NULL,
                request \(text) NOT NULL,
                tenant \(text) NOT NULL REFERENCES tenant (id),
                usernames \(text) NOT NULL,
                \(choice("progress", Removal.Progress.self)),
                attempts \(integer) NOT NULL CHECK (attempts >= 0),
                next_attempt \(integer) NOT NULL,
                problem \(text),
                PRIMARY KEY (grant_id, service),
                FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE notice (
                id \(text) NOT NULL PRIMARY KEY,
                kind \(text) NOT NULL,
                tenant \(text) NOT NULL REFERENCES tenant (id),
                request \(text) NOT NULL REFERENCES access_request (id),
                recipient \(text) NOT NULL REFERENCES person (id),
                recipient_name \(text) NOT NULL,
                recipient_address \(text) NOT NULL,
                facts \(text) NOT NULL,
                created_at \(integer) NOT NULL,
                next_attempt \(integer) NOT NULL,
                good_until \(integer),
                \(choice("delivery", Notice.Delivery.self)),
                attempts \(integer) NOT NULL CHECK (attempts >= 0),
                last_reply \(text),
                sent_at \(integer)
            )\(dialect.tableEnd)
            """,
        ]
    }

    var indices: [String] {
        [
            "CREATE INDEX credential_of_grant ON credential (grant_id, issued_at, id)",
            "CREATE INDEX credential_live ON credential (expires_at) WHERE revoked_at IS NULL",
            "CREATE INDEX removal_of_request ON removal (request, grant_id, service)",
            """
            CREATE INDEX removal_due ON removal (next_attempt, grant_id, service)
            WHERE progress <> 'confirmed'
            """,
            "CREATE INDEX notice_due ON notice (next_attempt, id) WHERE delivery = 'queued'",
            "CREATE INDEX notice_of_request ON notice (request, created_at, id)",
        ]
    }

    var guards: [SQLDialect.Guard] {
        [
            dialect.unchanging(
                "credential",
                [
                    "id", "secret_hash", "request", "grant_id", "tenant", "engineer", "service",
                    "resource", "actions",
                    "username", "issued_at", "expires_at",
                ]
            ),
            .init(
                table: "credential",
                change: .update,
                condition: "OLD.revoked_at IS NOT NULL",
                name: "revoked",
                message: "credential: a revoked credential stays revoked"
            ),
            .init(
                table: "credential",
                change: .insert,
                condition:
                    "NEW.expires_at > (SELECT ends_at FROM access_grant WHERE id = NEW.grant_id)",
                message: "credential: it may not outlive its grant"
            ),
            dialect.keptForever("credential"),
            dialect.keptForever("credential_use"),
            dialect.unchanging("removal", ["grant_id", "service", "request", "tenant"]),
            dialect.keptForever("removal"),
            dialect.unchanging(
                "notice",
                [
                    "id", "kind", "tenant", "request", "recipient", "recipient_name",
                    "recipient_address", "facts",
                    "created_at", "good_until",
                ]
            ),
        ] + dialect.appendOnly("access_grant")
    }
}
