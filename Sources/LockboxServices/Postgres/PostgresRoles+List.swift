import LockboxDomain
import LockboxPorts

extension PostgresRoles {
    /// Every login name that is open: a role of our form or with our mark, whoever made it, and a
    /// session whose role is gone. What of it is not as it was made here is said.
    func openLogins() throws -> [OpenAccess] {
        let roles = try session.rows(
            """
            SELECT r.oid, r.rolname, shobj_description(r.oid, 'pg_authid')
            FROM pg_roles r
            WHERE starts_with(r.rolname, $1)
               OR shobj_description(r.oid, 'pg_authid') ~ '^Lockbox (read|write): '
            """,
            [Grant.loginNamePrefix],
            columns: 3
        )
        var open: Set<OpenAccess> = []
        var there: Set<String> = []
        for row in roles {
            guard let oid = row[0], let name = row[1] else { throw PostgresError.strange }
            there.insert(oid)
            open.formUnion(Self.openLogins(name, comment: row[2]))
        }
        let remembered = memory.all
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
            open.insert(OpenAccess(username: name, oddity: oddity))
        }
        return open.sorted { ($0.username, $0.oddity ?? "") < ($1.username, $1.oddity ?? "") }
    }

    /// What a role stands for: the login that it is called, and the one that its comment names.
    private static func openLogins(_ name: String, comment: String?) -> [OpenAccess] {
        let marked = [false, true].lazy.compactMap { isWriting -> String? in
            let mark = mark("", isWriting: isWriting)
            guard let comment, comment.hasPrefix(mark) else { return nil }
            return String(comment.dropFirst(mark.count))
        }.first
        if marked == name { return [OpenAccess(username: name)] }
        var open: [OpenAccess] = []
        if name.hasPrefix(Grant.loginNamePrefix) {
            let oddity = "its role has no comment, or another one, than Lockbox gave it"
            open.append(OpenAccess(username: name, oddity: oddity))
        }
        if let marked {
            // A name may hold any character.
            let oddity = "the role \(String(reflecting: name)) carries its comment"
            open.append(OpenAccess(username: marked, oddity: oddity))
        }
        return open
    }
}
