/// Who is who, what belongs to whom, and how people sign in.
struct DirectoryTables: SchemaPart {
    let dialect: SQLDialect

    var tables: [String] { organisations + people + signIn }

    private var organisations: [String] {
        [
            """
            CREATE TABLE provider (
                id \(integer) NOT NULL PRIMARY KEY CHECK (id = 1),
                name \(text) NOT NULL
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE tenant (
                id \(text) NOT NULL PRIMARY KEY CHECK (id <> ''),
                name \(text) NOT NULL,
                \(flag("is_licensed")),
                \(flag("require_approval")),
                decision_window \(integer) NOT NULL CHECK (decision_window > 0),
                max_access \(integer) NOT NULL CHECK (max_access > 0),
                approvals_needed \(integer) NOT NULL CHECK (approvals_needed > 0),
                version \(integer) NOT NULL CHECK (version > 0)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE service (
                id \(text) NOT NULL PRIMARY KEY CHECK (id <> ''),
                kind \(text) NOT NULL,
                resource_type \(text) NOT NULL,
                introspection_client \(text) UNIQUE,
                introspection_secret_file \(text),
                doveadm_url \(text),
                doveadm_key_file \(text),
                CHECK ((introspection_client IS NULL) = (introspection_secret_file IS NULL)),
                CHECK ((doveadm_url IS NULL) = (doveadm_key_file IS NULL))
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE resource (
                service \(text) NOT NULL REFERENCES service (id),
                name \(text) NOT NULL,
                tenant \(text) NOT NULL REFERENCES tenant (id),
                PRIMARY KEY (service, name)
            )\(dialect.tableEnd)
            """,
        ]
    }

    private var people: [String] {
        [
            """
            CREATE TABLE person (
                id \(text) NOT NULL PRIMARY KEY,
                tenant \(text) REFERENCES tenant (id),
                name \(text) NOT NULL,
                email \(text) NOT NULL,
                canonical_email \(text) NOT NULL,
                aliases \(text) NOT NULL,
                roles \(integer) NOT NULL CHECK (roles >= 0),
                \(flag("is_disabled"))
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE identity (
                issuer \(text) NOT NULL,
                subject \(text) NOT NULL,
                person \(text) NOT NULL REFERENCES person (id),
                PRIMARY KEY (issuer, subject)
            )\(dialect.tableEnd)
            """,
        ]
    }

    private var signIn: [String] {
        [
            """
            CREATE TABLE password (
                person \(text) NOT NULL PRIMARY KEY REFERENCES person (id),
                encoded \(text) NOT NULL,
                failures \(integer) NOT NULL CHECK (failures >= 0),
                locked_until \(integer)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE api_token (
                id \(text) NOT NULL PRIMARY KEY,
                secret_hash \(bytes) NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
                person \(text) NOT NULL REFERENCES person (id),
                label \(text) NOT NULL,
                created_at \(integer) NOT NULL,
                expires_at \(integer),
                revoked_at \(integer)
            )\(dialect.tableEnd)
            """,
            """
            CREATE TABLE command (
                person \(text) NOT NULL REFERENCES person (id),
                idempotency_key \(text) NOT NULL,
                payload_hash \(bytes) NOT NULL CHECK (length(payload_hash) = 32),
                subject \(text) NOT NULL,
                carried_out_at \(integer) NOT NULL,
                PRIMARY KEY (person, idempotency_key)
            )\(dialect.tableEnd)
            """,
        ]
    }

    var indices: [String] {
        [
            "CREATE INDEX resource_of_tenant ON resource (tenant, service, name)",
            "CREATE INDEX person_of_tenant ON person (tenant, canonical_email, id)",
            "CREATE INDEX identity_of_person ON identity (person)",
            "CREATE INDEX token_of_person ON api_token (person, created_at, id) WHERE revoked_at IS NULL",
        ]
    }

    var guards: [SQLDialect.Guard] {
        [
            dialect.keptForever("tenant"), dialect.keptForever("person"),
            dialect.keptForever("api_token"),
            // The log and the decisions name people by identifier: one that changed sides would
            // change what they say.
            dialect.unchanging("person", ["id", "tenant"]),
            dialect.unchanging(
                "api_token",
                ["id", "secret_hash", "person", "label", "created_at", "expires_at"]
            ),
            .init(
                table: "api_token",
                change: .update,
                condition: "OLD.revoked_at IS NOT NULL",
                name: "revoked",
                message: "api_token: a revoked token stays revoked"
            ),
        ] + dialect.appendOnly("command")
    }
}
