import Glibc
import LockboxDomain
import LockboxPorts

/// What a new login role is made of.
struct RoleOpening: Sendable {
    let username: String
    let database: String
    /// The operator's role that it becomes a member of.
    let group: String
    let isWriting: Bool
    /// The server must write down what is run.
    let isLogged: Bool
    let verifier: String
    let end: Timestamp
}

/// Lockbox's login roles at one server, over one connection to it. Everything is found and ended by
/// oid: a role can be renamed, and a session outlives its role.
struct PostgresRoles {
    /// Rounds of terminating until no session is left, and the milliseconds between them: together
    /// a second.
    private static let (rounds, betweenRounds): (Int, Int32) = (50, 20)
    /// Connections at once under one login name: a tool or two with a small pool.
    static let connections = 10

    let session: PostgresSession
    let memory: RememberedRoles
    /// A connection to another database of the server.
    let other: (_ database: String) throws -> PostgresSession

    init(
        session: PostgresSession,
        memory: RememberedRoles,
        session other: @escaping (_ database: String) throws -> PostgresSession
    ) {
        self.session = session
        self.memory = memory
        self.other = other
    }

    /// A role that is there.
    struct Found {
        let oid: String
        let name: String
        let isWriting: Bool
    }

    // MARK: Finding

    /// The comment on a role that was made here. It stays with the oid when the role is renamed.
    static func mark(_ username: String, isWriting: Bool) -> String {
        "Lockbox \(isWriting ? "write" : "read"): \(username)"
    }

    /// The roles that are there under `usernames`: by name, by mark, or by an oid that is known.
    private func find(_ usernames: [String]) throws -> [Found] {
        let marks = usernames.flatMap { name in
            [false, true].map { Self.mark(name, isWriting: $0) }
        }
        let known = usernames.flatMap { memory.oids(of: $0) }
        let rows = try session.rows(
            """
            SELECT r.oid, r.rolname, shobj_description(r.oid, 'pg_authid')
            FROM pg_roles r
            WHERE r.rolname = ANY (string_to_array($1, ','))
               OR shobj_description(r.oid, 'pg_authid') = ANY (string_to_array($2, ','))
               OR r.oid = ANY (string_to_array($3, ',')::oid[])
            """,
            [usernames, marks, known].map { $0.joined(separator: ",") }
        )
        return try rows.map { row in
            guard row.count == 3, let oid = row[0], let name = row[1] else {
                throw PostgresError.strange
            }
            let username = usernames.first { username in
                name == username || row[2]?.hasSuffix(": \(username)") == true
            }
            if let username { memory.remember(oid, as: username) }
            return Found(
                oid: oid,
                name: name,
                isWriting: row[2]?.hasPrefix("Lockbox write: ") == true
            )
        }
    }

    /// Every login name that is open: a role of our form or with our mark, whoever made it, and a
    /// session whose role is gone.
    func openLogins() throws -> [String] {
        var names: Set<String> = []
        for row in try session.rows(
            """
            SELECT r.rolname, shobj_description(r.oid, 'pg_authid')
            FROM pg_roles r
            WHERE starts_with(r.rolname, $1)
               OR shobj_description(r.oid, 'pg_authid') ~ '^Lockbox (read|write): '
            """,
            [Grant.loginNamePrefix]
        ) {
            guard row.count == 2, let name = row[0] else { throw PostgresError.strange }
            let marked = row[1]?.split(separator: " ").last.map(String.init)
            names.insert(name.hasPrefix(Grant.loginNamePrefix) ? name : marked ?? name)
        }
        let remembered = memory.all
        for row in try session.rows(
            """
            SELECT DISTINCT usesysid FROM pg_stat_activity
            WHERE usesysid = ANY (string_to_array($1, ',')::oid[])
            """,
            [remembered.keys.joined(separator: ",")]
        ) {
            guard let oid = row.first ?? nil else { throw PostgresError.strange }
            if let name = remembered[oid] { names.insert(name) }
        }
        return names.sorted()
    }

    // MARK: Ending

    /// The first action: terminates all sessions of `usernames` together, shuts their roles out,
    /// and terminates what came between.
    func cut(_ usernames: [String]) throws {
        let found = try find(usernames)
        let oids = Set(usernames.flatMap { memory.oids(of: $0) })
        guard !oids.isEmpty else { return }
        var firstError: (any Error)?
        func trying(_ body: () throws -> Void) {
            do { try body() } catch { firstError = firstError ?? error }
        }
        // What runs may hold the lock that shutting out waits for.
        trying { try terminate(oids) }
        for role in found { trying { try shutOut(role) } }
        trying { try terminate(oids) }
        if let firstError { throw firstError }
    }

    /// Ends `username` for good. `groups` are the operator's roles that its sessions could act as, of
    /// which `heir` gets what was made under a write access.
    func end(_ username: String, groups: [String], heir: String?) throws {
        for role in try find([username]) { try end(role, groups: groups, heir: heir) }
        try look(for: username)
    }

    /// Nobody is there any more, and nobody can come.
    func look(for username: String) throws {
        let found = try find([username])
        try empty(memory.oids(of: username))
        guard found.isEmpty else {
            throw EnforcerError("the database server still has the login role")
        }
    }

    private func end(_ role: Found, groups: [String], heir: String?) throws {
        try terminate([role.oid])
        // To end what is the role's, one must be of it.
        try session.rows(onRole(role.oid, "GRANT %1$I TO %2$I", "current_user"))
        try rollBackPrepared(role, groups)
        try shutOut(role)
        try empty([role.oid])
        try rollBackPrepared(role, groups)
        try dropSlots(of: role)
        try dropOwned(by: role, heir: role.isWriting ? heir : nil)
        try session.rows(onRole(role.oid, "DROP ROLE %1$I"))
    }

    /// No rights for what is in, and no way in. Each by itself: a lock on the role, or attributes
    /// that only a superuser may give and take, do not keep what was granted.
    private func shutOut(_ role: Found) throws {
        var firstError: (any Error)?
        for statement in [
            Self.takingBackMemberships(of: role), Self.takingBackDatabases(of: role),
            try onRole(role.oid, "ALTER ROLE %1$I NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL"),
        ] {
            do { try session.rows(statement) } catch { firstError = firstError ?? error }
        }
        if let firstError { throw firstError }
    }

    private static func takingBackMemberships(of role: Found) -> String {
        """
        DO $$
        DECLARE held record;
        BEGIN
            FOR held IN
                SELECT g.rolname AS granted, m.rolname AS member
                FROM pg_auth_members a
                JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
                WHERE a.member = \(role.oid)
            LOOP EXECUTE format('REVOKE %I FROM %I', held.granted, held.member); END LOOP;
        END $$
        """
    }

    /// Each as who granted it: a `REVOKE` of all, and so `DROP OWNED`, is an owner's, and leaves
    /// what somebody granted with a grant option.
    private static func takingBackDatabases(of role: Found) -> String {
        """
        DO $$
        DECLARE held record;
        BEGIN
            FOR held IN
                SELECT d.datname, m.rolname AS member, g.rolname AS grantor, x.privilege_type
                FROM pg_database d CROSS JOIN aclexplode(d.datacl) x
                JOIN pg_roles m ON m.oid = x.grantee JOIN pg_roles g ON g.oid = x.grantor
                WHERE x.grantee = \(role.oid)
            LOOP
                EXECUTE format('SET LOCAL ROLE %I', held.grantor);
                EXECUTE format('REVOKE %s ON DATABASE %I FROM %I',
                    held.privilege_type, held.datname, held.member);
                RESET ROLE;
            END LOOP;
        END $$
        """
    }

    /// A statement with the role of `oid` by its name of that moment (`%1$I`), and `value` (`%2$I`).
    private func onRole(_ oid: String, _ statement: String, _ value: String = "''") throws
        -> String
    {
        let body = """
            DECLARE name text;
            BEGIN
                SELECT rolname INTO name FROM pg_roles WHERE oid = \(oid);
                IF name IS NOT NULL THEN EXECUTE format('\(statement)', name, \(value)); END IF;
            END
            """
        return "DO \(try session.literal(body))"
    }

    /// Terminates every process of `oids`, and remembers the replication slots that they held. If
    /// the server refuses one, the others are terminated all the same.
    private func terminate(_ oids: Set<String>) throws {
        do {
            try terminate(oids.joined(separator: ","))
        } catch PostgresError.refused where oids.count > 1 {
            var firstError: (any Error)?
            for oid in oids {
                do { try terminate(oid) } catch { firstError = firstError ?? error }
            }
            if let firstError { throw firstError }
        }
    }

    private func terminate(_ oids: String) throws {
        for row in try session.rows(
            """
            SELECT a.usesysid, s.slot_name, pg_terminate_backend(a.pid)
            FROM pg_stat_activity a LEFT JOIN pg_replication_slots s ON s.active_pid = a.pid
            WHERE a.usesysid = ANY (string_to_array($1, ',')::oid[]) AND a.pid <> pg_backend_pid()
            """,
            [oids]
        ) {
            if let oid = row[0], let slot = row[1] { memory.remember(slot: slot, of: oid) }
        }
    }

    /// Terminates until nobody of `oids` is left.
    private func empty(_ oids: Set<String>) throws {
        guard !oids.isEmpty else { return }
        for _ in 0..<Self.rounds {
            try terminate(oids)
            let left = try session.rows(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE usesysid = ANY (string_to_array($1, ',')::oid[])
                """,
                [oids.joined(separator: ",")]
            )
            if left.first?.first == "0" { return }
            poll(nil, 0, Self.betweenRounds)
        }
        throw EnforcerError("the database server still shows open sessions")
    }

    /// Each can be rolled back in its own database and by its own role only. What was prepared after
    /// `SET ROLE` is the operator's role's, and does not say by whom: of all that act as that role,
    /// it is rolled back.
    private func rollBackPrepared(_ role: Found, _ groups: [String]) throws {
        for row in try session.rows(
            """
            WITH RECURSIVE held(oid) AS (
                SELECT oid FROM pg_roles WHERE rolname IN ($2, $3)
                UNION SELECT m.roleid FROM pg_auth_members m JOIN held h ON m.member = h.oid
            )
            SELECT p.gid, d.datname, r.rolname
            FROM pg_prepared_xact() p
            JOIN pg_database d ON d.oid = p.dbid JOIN pg_roles r ON r.oid = p.ownerid
            WHERE p.ownerid = $1::oid OR p.ownerid IN (SELECT oid FROM held)
            """,
            [role.oid, groups.first ?? "", groups.last ?? ""]
        ) {
            guard let gid = row[0], let database = row[1], let name = row[2] else {
                throw PostgresError.strange
            }
            let there = try other(database)
            try there.rows("SET ROLE \(try there.identifier(name))")
            try there.rows("ROLLBACK PREPARED \(try there.literal(gid))")
        }
    }

    private func dropSlots(of role: Found) throws {
        for slot in memory.slots(of: role.oid) {
            try session.rows(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                    + "WHERE slot_name = $1",
                [slot]
            )
        }
        memory.forget(slotsOf: role.oid)
    }

    /// In every database where something is the role's, or was granted to it. What was made under a
    /// write access stays, and is the write role's; a read access leaves nothing.
    private func dropOwned(by role: Found, heir: String?) throws {
        let databases = try session.rows(
            """
            SELECT DISTINCT d.datname
            FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
            WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1::oid
            """,
            [role.oid]
        ).compactMap { $0.first ?? nil }
        for there in try [session] + databases.map(other) {
            try there.rows("BEGIN")
            if let heir {
                try there.rows(
                    onRole(
                        role.oid,
                        "REASSIGN OWNED BY %1$I TO %2$I",
                        try there.literal(heir)
                    )
                )
            }
            try there.rows(onRole(role.oid, "DROP OWNED BY %1$I"))
            try there.rows("COMMIT")
        }
    }
}
