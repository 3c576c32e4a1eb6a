import Glibc
import LockboxDomain
import LockboxLibpq
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

    /// A role that is there.
    struct Found {
        let oid: String
        let name: String
        /// By its mark; nil if it has none.
        let isWriting: Bool?
        /// By its name or its mark. Where the oid alone is known, it may be somebody else's by now:
        /// of a server that was restored from a copy.
        let isOurs: Bool
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
            [usernames, marks, known].map { $0.joined(separator: ",") },
            columns: 3
        )
        return try rows.map { row in
            guard let oid = row[0], let name = row[1] else { throw PostgresError.strange }
            let isWriting = [false, true].first { isWriting in
                row[2]?.hasPrefix(Self.mark("", isWriting: isWriting)) == true
            }
            let username = usernames.first { username in
                name == username
                    || isWriting.map { Self.mark(username, isWriting: $0) == row[2] } == true
            }
            if let username { memory.remember(oid, as: username) }
            return Found(oid: oid, name: name, isWriting: isWriting, isOurs: username != nil)
        }
    }

    // MARK: Ending

    /// The first action: terminates all sessions of `usernames` together, shuts their roles out,
    /// and terminates what came between.
    func cut(_ usernames: [String]) throws {
        let found = try find(usernames)
        let oids = oids(of: usernames, found)
        guard !oids.isEmpty else { return }
        // What runs may hold the lock that shutting out waits for.
        try tryAll(
            [{ try terminate(oids) }]
                + found.filter(\.isOurs).map { role in { try shutOut(role) } }
                + [{ try terminate(oids) }]
        )
    }

    /// Those known of `usernames`, whether or not there still is a role, but for roles that may be
    /// somebody else's.
    private func oids(of usernames: [String], _ found: [Found]) -> Set<String> {
        Set(usernames.flatMap { memory.oids(of: $0) })
            .subtracting(found.lazy.filter { !$0.isOurs }.map(\.oid))
    }

    /// Ends `username` for good. `roles` are the operator's, that its sessions could act as; the one
    /// for writing gets what was made under a write access.
    func end(_ username: String, of roles: PostgresSettings.Roles) throws {
        for role in try find([username]) where role.isOurs { try end(role, of: roles) }
        try look(for: username)
    }

    /// Nobody is there any more, and nobody can come.
    func look(for username: String) throws {
        let found = try find([username])
        try empty(oids(of: [username], found))
        if let role = found.first {
            throw EnforcerError(
                "the database server still has the login role",
                cause: role.isOurs
                    ? nil
                    : "\(role.name) has the number that \(username) had, but neither its name nor its "
                        + "comment; Lockbox leaves it alone"
            )
        }
    }

    private func end(_ role: Found, of roles: PostgresSettings.Roles) throws {
        try terminate([role.oid])
        // To end what is the role's, one must be of it.
        try session.rows(onRole(role.oid, "GRANT %1$I TO %2$I", "current_user"))
        try rollBackPrepared(role, roles)
        try shutOut(role)
        try empty([role.oid])
        try rollBackPrepared(role, roles)
        try dropSlots(of: role)
        try dropOwned(by: role, heir: role.isWriting == true ? roles.write : nil)
        try session.rows(onRole(role.oid, "DROP ROLE %1$I"))
    }

    /// No rights for what is in, and no way in. Each by itself: a lock on the role, or attributes
    /// that only a superuser may give and take, do not keep what was granted.
    private func shutOut(_ role: Found) throws {
        let statements = [
            Self.takingBackMemberships(of: role), Self.takingBackDatabases(of: role),
            try onRole(role.oid, "ALTER ROLE %1$I NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL"),
        ]
        try tryAll(statements.map { statement in { try session.rows(statement) } })
    }

    /// What only a superuser can take back does not keep the rest. What stays keeps the role from
    /// being dropped, and so shows, or goes with it.
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
            LOOP
                BEGIN
                    EXECUTE format('REVOKE %I FROM %I', held.granted, held.member);
                EXCEPTION WHEN insufficient_privilege THEN NULL;
                END;
            END LOOP;
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
                BEGIN
                    EXECUTE format('SET LOCAL ROLE %I', held.grantor);
                    EXECUTE format('REVOKE %s ON DATABASE %I FROM %I',
                        held.privilege_type, held.datname, held.member);
                    RESET ROLE;
                EXCEPTION WHEN insufficient_privilege THEN NULL;
                END;
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
            try tryAll(oids.map { oid in { try terminate(oid) } })
        }
    }

    private func terminate(_ oids: String) throws {
        for row in try session.rows(
            """
            SELECT a.usesysid, s.slot_name, pg_terminate_backend(a.pid)
            FROM pg_stat_activity a LEFT JOIN pg_replication_slots s ON s.active_pid = a.pid
            WHERE a.usesysid = ANY (string_to_array($1, ',')::oid[]) AND a.pid <> pg_backend_pid()
            """,
            [oids],
            columns: 3
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
    /// `SET ROLE` is the operator's role's, or one's above it, and does not say by whom: of all that
    /// act as that role, it is rolled back. What can log in is somebody else: nobody becomes it
    /// (`mayOpenNothingElse`).
    private func rollBackPrepared(_ role: Found, _ roles: PostgresSettings.Roles) throws {
        let groups = [
            role.isWriting == true ? nil : roles.read, role.isWriting == false ? nil : roles.write,
        ]
        for _ in 0..<Self.rounds {
            var isBusy = false
            for row in try session.rows(
                """
                WITH RECURSIVE held(oid) AS (
                    SELECT oid FROM pg_roles WHERE rolname IN ($2, $3)
                    UNION SELECT r.oid FROM held h JOIN pg_auth_members m ON m.member = h.oid
                    JOIN pg_roles r ON r.oid = m.roleid AND NOT r.rolcanlogin
                )
                SELECT p.gid, d.datname, r.rolname
                FROM pg_prepared_xact() p
                JOIN pg_database d ON d.oid = p.dbid JOIN pg_roles r ON r.oid = p.ownerid
                WHERE p.ownerid = $1::oid OR p.ownerid IN (SELECT oid FROM held)
                """,
                // No role has an empty name.
                [role.oid] + groups.map { $0 ?? "" },
                columns: 3
            ) {
                guard let gid = row[0], let database = row[1], let name = row[2] else {
                    throw PostgresError.strange
                }
                isBusy = try !rollBack(gid, in: database, as: name) || isBusy
            }
            guard isBusy else { return }
            poll(nil, 0, Self.betweenRounds)
        }
        throw EnforcerError("the database server still shows prepared transactions")
    }

    /// False if somebody else has it in hand at this moment: another end, whose connection can break
    /// yet.
    private func rollBack(_ gid: String, in database: String, as name: String) throws -> Bool {
        let there = try other(database)
        try there.rows("SET ROLE \(try there.identifier(name))")
        do {
            try there.rows("ROLLBACK PREPARED \(try there.literal(gid))")
        } catch PostgresError.refused(code: PostgresError.notThere, message: _) {
            // Another end was faster.
        } catch PostgresError.refused(code: PostgresError.inUse, message: _) {
            return false
        }
        return true
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
            [role.oid],
            columns: 1
        ).compactMap { $0[0] }
        try tryAll(
            [{ try dropOwned(by: role, heir: heir, over: session) }]
                + databases.map { database in
                    { try dropOwned(by: role, heir: heir, over: other(database)) }
                }
        )
    }

    private func dropOwned(by role: Found, heir: String?, over there: PostgresSession) throws {
        try there.rows("BEGIN")
        if let heir {
            try there.rows(
                onRole(role.oid, "REASSIGN OWNED BY %1$I TO %2$I", try there.literal(heir))
            )
        }
        try there.rows(onRole(role.oid, "DROP OWNED BY %1$I"))
        try there.rows("COMMIT")
    }
}

/// Makes all of `attempts`, whatever becomes of each. What went wrong first is thrown at the end.
private func tryAll(_ attempts: [() throws -> Void]) throws {
    var firstError: (any Error)?
    for attempt in attempts {
        do { try attempt() } catch { firstError = firstError ?? error }
    }
    if let firstError { throw firstError }
}
