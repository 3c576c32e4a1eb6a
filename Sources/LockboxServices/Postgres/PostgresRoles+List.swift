import LockboxDomain
import LockboxLibpq
import LockboxPorts

extension PostgresRoles {
    /// Every login name that is open: a role of our form or with our mark, whoever made it, that can
    /// sign in or has sessions; and a session whose role is gone. What of it is not as it was made
    /// here is said.
    func openLogins() throws -> [OpenAccess] {
        let roles = try session.rows(
            """
            SELECT r.oid, r.rolname, shobj_description(r.oid, 'pg_authid'),
                r.rolcanlogin OR EXISTS (SELECT FROM pg_stat_activity a WHERE a.usesysid = r.oid)
            FROM pg_roles r
            WHERE starts_with(r.rolname, $1)
               OR shobj_description(r.oid, 'pg_authid') ~ '^Lockbox (read|write): '
            """,
            [Grant.loginNamePrefix],
            columns: 4
        )
        let remembered = memory.all
        let databases = try databases(of: Set(roles.compactMap { $0[0] }).union(remembered.keys))
        var open: Set<OpenAccess> = []
        var there: Set<String> = []
        for row in roles {
            guard let oid = row[0], let name = row[1] else { throw PostgresError.strange }
            there.insert(oid)
            guard row[3] == "t" else { continue }
            open.formUnion(Self.openLogins(name, comment: row[2], databases[oid] ?? []))
        }
        for row in try session.rows(
            """
            SELECT DISTINCT usesysid FROM pg_stat_activity
            WHERE usesysid = ANY (string_to_array($1, ',')::oid[])
            """,
            [remembered.keys.joined(separator: ",")],
            columns: 1
        ) {
            guard let oid = row[0] else { throw PostgresError.strange }
            guard let name = remembered[oid], !there.contains(oid) else { continue }
            let oddity = "it has sessions, and no role has its name or comment"
            open.insert(OpenAccess(username: name, oddity: oddity, reaches: databases[oid] ?? []))
        }
        return open.sorted { ($0.username, $0.oddity ?? "") < ($1.username, $1.oddity ?? "") }
    }

    /// Where those of `oids` may connect or are connected.
    private func databases(of oids: Set<String>) throws -> [String: Set<String>] {
        var databases: [String: Set<String>] = [:]
        for row in try session.rows(
            """
            WITH wanted AS (SELECT unnest(string_to_array($1, ',')::oid[]) AS oid)
            SELECT r.oid, d.datname
            FROM wanted JOIN pg_roles r USING (oid)
            JOIN pg_database d ON d.datallowconn AND has_database_privilege(r.oid, d.oid, 'CONNECT')
            UNION
            SELECT a.usesysid, a.datname
            FROM wanted JOIN pg_stat_activity a ON a.usesysid = wanted.oid
            WHERE a.datname IS NOT NULL
            """,
            [oids.joined(separator: ",")],
            columns: 2
        ) {
            guard let oid = row[0], let name = row[1] else { throw PostgresError.strange }
            databases[oid, default: []].insert(name)
        }
        return databases
    }

    /// What a role stands for: the login that it is called, and the one that its comment names.
    private static func openLogins(_ name: String, comment: String?, _ databases: Set<String>)
        -> [OpenAccess]
    {
        let marked = [false, true].lazy.compactMap { isWriting -> String? in
            let mark = mark("", isWriting: isWriting)
            guard let comment, comment.hasPrefix(mark) else { return nil }
            return String(comment.dropFirst(mark.count))
        }.first
        if marked == name { return [OpenAccess(username: name, oddity: nil, reaches: databases)] }
        var open: [OpenAccess] = []
        if name.hasPrefix(Grant.loginNamePrefix) {
            let oddity = "its role has no comment, or another one, than Lockbox gave it"
            open.append(OpenAccess(username: name, oddity: oddity, reaches: databases))
        }
        if let marked {
            // A name may hold any character.
            let oddity = "the role \(String(reflecting: name)) carries its comment"
            open.append(OpenAccess(username: marked, oddity: oddity, reaches: databases))
        }
        return open
    }
}
