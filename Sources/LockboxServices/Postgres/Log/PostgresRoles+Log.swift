import LockboxPorts

extension PostgresRoles {
    /// Has the server write `mark` into its log, of which `form` is read.
    func write(_ mark: String, into form: PostgresSettings.Statements.Form) throws {
        var settings: [String: String] = [:]
        for row in try session.rows(
            """
            SELECT name, setting FROM pg_settings
            WHERE name IN ('logging_collector', 'log_destination', 'log_timezone')
            UNION ALL
            SELECT 'lc_messages', setting FROM (
                SELECT setting FROM pg_settings WHERE name = 'lc_messages'
                UNION SELECT substr(c, 13) FROM pg_db_role_setting s, unnest(s.setconfig) c
                WHERE starts_with(c, 'lc_messages=')) s
            WHERE setting !~ '^(C|POSIX|en)([._].*)?$' AND setting <> ''
            """,
            columns: 2
        ) { settings[row[0] ?? ""] = row[1] ?? "" }
        let destinations = (settings["log_destination"] ?? "").split(separator: ",").map {
            $0.filter { $0 != " " }
        }
        var wanted: [String] = []
        if settings["logging_collector"] != "on" {
            wanted.append("logging_collector = on (and a restart)")
        }
        if !destinations.contains(form.rawValue) {
            wanted.append("\(form.rawValue) in log_destination")
        }
        // Times are read, and the words around a statement.
        if !["UTC", "Etc/UTC", "GMT", "Etc/GMT"].contains(settings["log_timezone"] ?? "") {
            wanted.append("log_timezone = 'UTC'")
        }
        if settings["lc_messages"] != nil {
            wanted.append("lc_messages = 'C' (also of roles and databases)")
        }
        guard wanted.isEmpty else {
            throw EnforcerError(
                "the database server does not write down what is run as Lockbox reads it",
                cause: "postgresql.conf needs \(wanted.joined(separator: ", "))"
            )
        }
        try session.rows(
            "DO \(try session.literal("BEGIN RAISE LOG '\(LoggedLine.markPrefix)\(mark)'; END"))"
        )
    }
}
