import LockboxWire

/// API tokens in words and tables.
enum TokenText {
    /// The scopes by name, with what a token without one cannot do.
    static let scopes: [(name: String, words: String)] = [
        ("read", "see what you can see"), ("ask", "make requests, write messages, get credentials"),
        ("decide", "approve and deny"), ("administer", "change rules, roles and settings"),
    ]

    /// What a new sign-in with scopes `given` may do, and what it may not.
    static func lines(_ given: [String]) -> [String] {
        func words(_ isWanted: (String) -> Bool) -> String {
            scopes.filter { isWanted($0.name) }.map(\.words).joined(separator: "; ")
        }
        var lines = ["It may: \(words(given.contains))."]
        if let example = scopes.first(where: { !given.contains($0.name) }) {
            lines.append("It may not: \(words { !given.contains($0) }).")
            lines.append("For one that may: \(command(adding: example.name))")
        }
        return lines
    }

    /// The command that gets a token for `scope`, and for asking as ever.
    static func command(adding scope: String) -> String {
        let scopes = ["read", "ask"].contains(scope) ? [scope] : ["ask", scope]
        return "lockbox login " + scopes.map { "--scope \($0)" }.joined(separator: " ")
    }

    /// `showsPeople` where they are of several people.
    static func table(_ tokens: [TokenBody], now: Int64, showsPeople: Bool = false) -> Table {
        var table =
            showsPeople
            ? Table("Id", "Person", "Label", "May", "From", "Created", "Expires", "Last used")
            : Table("Id", "Label", "May", "From", "Created", "Expires", "Last used")
        for token in tokens {
            let used = token.lastUsedAt.map { at in
                TimeText.both(at, now: now) + (token.lastUsedFrom.map { " from \($0)" } ?? "")
            }
            let rest = [
                token.login ? "command line: \(token.label)" : token.label,
                token.scopes.joined(separator: ", "),
                token.addresses.isEmpty ? "anywhere" : token.addresses.joined(separator: ", "),
                TimeText.absolute(token.createdAt),
                token.expiresAt.map { TimeText.both($0, now: now) } ?? "never", used ?? "never",
            ]
            table.add(
                cells: [token.id] + (showsPeople ? [token.person.email ?? token.person.name] : [])
                    + rest
            )
        }
        return table
    }
}
