import LockboxDomain
import LockboxLibpq
import LockboxPorts

extension PostgresRoles {
    /// Makes the login role, or gives the one that is there a new password: all of it or nothing.
    func open(_ opening: RoleOpening) throws {
        // Before 15 a role may grant itself to others, and everybody may create in `public`.
        let version = session.serverVersion
        guard version > 0 else { throw PostgresError.strange }
        guard version >= 150_000 else {
            throw EnforcerError("the database server is older than PostgreSQL 15")
        }
        try session.rows("BEGIN")
        let database = try session.rows(
            "SELECT 1 FROM pg_database WHERE datname = $1 AND datallowconn AND NOT datistemplate",
            [opening.database]
        )
        guard !database.isEmpty else {
            throw EnforcerError("the database server has no such database")
        }
        let oid = try make(opening)
        try mayOpenNothingElse(oid, opening.database)
        if opening.isLogged { try mayNotSwitchOffItsLog(oid) }
        try session.rows("COMMIT")
        memory.remember(oid, as: opening.username)
    }

    private func make(_ opening: RoleOpening) throws -> String {
        let name = try session.identifier(opening.username)
        let mark = Self.mark(opening.username, isWriting: opening.isWriting)
        let existing = try session.rows(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1",
            [opening.username],
            columns: 1
        )
        guard existing.isEmpty || existing == [[mark]] else {
            throw EnforcerError("the database server has a role of this name that is not Lockbox's")
        }
        try session.rows(
            """
            \(existing.isEmpty ? "CREATE" : "ALTER") ROLE \(name) LOGIN
            CONNECTION LIMIT \(Self.connections)
            PASSWORD \(try session.literal(opening.verifier))
            VALID UNTIL \(try session.literal(opening.end.description))
            """
        )
        try session.rows("COMMENT ON ROLE \(name) IS \(try session.literal(mark))")
        try session.rows("GRANT \(try session.identifier(opening.group)) TO \(name)")
        try session.rows(
            "GRANT CONNECT ON DATABASE \(try session.identifier(opening.database)) TO \(name)"
        )
        // What keeps a reader from writing is the operator's role; this tells her early.
        try session.rows(
            "ALTER ROLE \(name) SET default_transaction_read_only = \(opening.isWriting ? "off" : "on")"
        )
        if opening.isLogged, try !isEverythingLogged() {
            try session.rows("ALTER ROLE \(name) SET log_statement = 'all'")
        }
        let made = try session.rows(
            """
            SELECT oid FROM pg_roles
            WHERE rolname = $1 AND has_database_privilege(oid, $2, 'CONNECT')
            """,
            [opening.username, opening.database],
            columns: 1
        )
        guard let oid = made.first?.first ?? nil else {
            throw EnforcerError("Lockbox may not let anybody connect to this database")
        }
        return oid
    }

    /// Whether the server's own configuration has every statement logged, and no database or role an
    /// exception that logs less.
    private func isEverythingLogged() throws -> Bool {
        try !session.rows(
            """
            SELECT FROM pg_settings
            WHERE name = 'log_statement' AND setting = 'all'
              AND source IN ('configuration file', 'command line')
              AND NOT EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) c
                              WHERE starts_with(c, 'log_statement=') AND c <> 'log_statement=all')
            """
        ).isEmpty
    }

    /// The role of the oid `$1`, and all that it can become.
    private static let held = """
        WITH RECURSIVE held(oid) AS (
            SELECT $1::oid UNION SELECT m.roleid FROM pg_auth_members m JOIN held h ON m.member = h.oid
        )
        """

    /// What decides whether and how a statement is logged.
    private static let logging = [
        "log_statement", "log_min_messages", "lc_messages", "log_parameter_max_length",
        "pgaudit.log", "pgaudit.log_catalog", "pgaudit.log_level", "pgaudit.log_parameter",
        "pgaudit.log_statement", "pgaudit.log_statement_once",
    ]

    private func mayNotSwitchOffItsLog(_ oid: String) throws {
        let rows = try session.rows(
            """
            \(Self.held)
            SELECT string_agg(DISTINCT p, ', '), string_agg(DISTINCT r.rolname, ', ')
            FROM pg_roles r JOIN held USING (oid), unnest(string_to_array($2, ',')) p
            WHERE has_parameter_privilege(r.oid, p, 'SET')
            """,
            [oid, Self.logging.joined(separator: ",")],
            columns: 2
        )
        guard let row = rows.first else { throw PostgresError.strange }
        if let parameters = row[0], let roles = row[1] {
            throw EnforcerError(
                "the service's roles may switch off what is logged",
                cause: "REVOKE SET ON PARAMETER \(parameters) is needed for: \(roles)"
            )
        }
    }

    /// A login role that could make others, become one that can log in, or see another tenant's
    /// database, is not made.
    private func mayOpenNothingElse(_ oid: String, _ database: String) throws {
        let rows = try session.rows(
            """
            \(Self.held)
            SELECT
                (SELECT string_agg(r.rolname, ', ') FROM pg_roles r JOIN held USING (oid)
                 WHERE r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolcreatedb
                    OR r.rolbypassrls OR r.rolcanlogin AND r.oid <> $1::oid OR r.rolname IN (
                    'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
                    'pg_signal_backend')),
                (SELECT string_agg(d.datname, ', ') FROM pg_database d
                 WHERE d.datname <> $2 AND d.datallowconn AND NOT d.datistemplate
                   AND has_database_privilege($1::oid, d.oid, 'CONNECT')
                   AND (EXISTS (SELECT FROM pg_shdepend s JOIN held h ON s.refobjid = h.oid
                                WHERE s.refclassid = 'pg_authid'::regclass AND s.dbid = d.oid)
                        OR d.datname <> 'postgres'
                           AND EXISTS (SELECT FROM pg_roles r JOIN held USING (oid) WHERE r.rolname
                                       IN ('pg_read_all_data', 'pg_write_all_data'))))
            """,
            [oid, database],
            columns: 2
        )
        guard let row = rows.first else { throw PostgresError.strange }
        if let roles = row[0] {
            throw EnforcerError(
                "the service's roles may do more than open a database",
                cause: "LOGIN, superuser, CREATEROLE, CREATEDB, BYPASSRLS, REPLICATION, "
                    + "pg_signal_backend or the server's files: \(roles)"
            )
        }
        if let databases = row[1] {
            throw EnforcerError(
                "the service's roles open other databases too",
                cause: "REVOKE CONNECT ON DATABASE … FROM PUBLIC is needed for: \(databases)"
            )
        }
    }
}
