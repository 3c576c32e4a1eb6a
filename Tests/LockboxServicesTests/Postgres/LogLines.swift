import Foundation

@testable import LockboxServices

/// Records as PostgreSQL writes them.
struct LogLine {
    var time = "2026-11-26 15:29:32.191 UTC"
    var user: String? = "lbx-7k3m9qpxab-1"
    var database: String? = "contoso"
    var tag = "idle"
    var severity = "LOG"
    var message: String
    var detail: String?
    var context: String?
    var query: String?
    var application = "psql"

    init(_ message: String) { self.message = message }

    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }

    /// What is known of a file is its beginning, so that each file has one of its own.
    static func first(_ number: Int) -> Self {
        Self("database system is ready").with {
            $0.time = "2026-11-26 15:29:3\(number).000 UTC"
            ($0.user, $0.database) = (nil, nil)
        }
    }

    func text(_ form: PostgresSettings.Statements.Form) -> String {
        switch form {
        case .csvlog: csv
        case .jsonlog: json
        }
    }

    private var csv: String {
        func quoted(_ text: String?) -> String {
            text.map { "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" } ?? ""
        }
        return [
            time, quoted(user), quoted(database), "11255", "\"[local]\"", "6b08505c.2bf7", "3",
            quoted(tag), "2026-11-26 15:29:32 UTC", "3/4", "0", severity, "00000", quoted(message),
            quoted(detail), "", "", "", quoted(context), quoted(query), "", "", quoted(application),
            "\"client backend\"", "", "0",
        ].joined(separator: ",") + "\n"
    }

    private var json: String {
        func quoted(_ text: String) -> String {
            var result = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                case _ where scalar.value < 0x20:
                    result += "\\u" + String(format: "%04x", scalar.value)
                case _: result.unicodeScalars.append(scalar)
                }
            }
            return "\"\(result)\""
        }
        var members = ["\"timestamp\":\(quoted(time))"]
        if let user { members.append("\"user\":\(quoted(user))") }
        if let database { members.append("\"dbname\":\(quoted(database))") }
        members += [
            "\"pid\":11255", "\"remote_host\":\"[local]\"", "\"session_id\":\"6b08505c.2bf7\"",
            "\"line_num\":3", "\"ps\":\(quoted(tag))", "\"txid\":0",
            "\"error_severity\":\(quoted(severity))", "\"message\":\(quoted(message))",
        ]
        if let detail { members.append("\"detail\":\(quoted(detail))") }
        if let context { members.append("\"context\":\(quoted(context))") }
        if let query { members.append("\"statement\":\(quoted(query))") }
        members += [
            "\"application_name\":\(quoted(application))", "\"backend_type\":\"client backend\"",
            "\"query_id\":0",
        ]
        return "{\(members.joined(separator: ","))}\n"
    }
}
