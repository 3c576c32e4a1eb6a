import LockboxDomain

/// The tables. Instants and spans are whole milliseconds, yes and no are 1 and 0, hashes are 32
/// bytes. A column `tenant` is NULL, and a column `log` is empty, for the provider.
///
/// ```
///  provider        service ◄── resource ──► tenant ◄────────────────── person ◄── identity, sign_in_client
///                                             ▲                          ▲  ◄── password
///                                             │                          │  ◄── api_token, portal_session
///                                      support_request ── opened by ─────┤  ◄── command
///                                             ▲                          │
///  request_transition ◄── (prior, next) ── access_request ── engineer ───┤
///                                             ▲  ▲  ▲                    │
///           decision, message (append-only) ─┘  │  └─ notice            │
///                                                │                       │
///                       removal ──► access_grant (fixed) ◄── credential ─┘ ◄── credential_use
///
///  log_head ─ log_entry (append-only) ◄── log_text      log_tile, log_checkpoint (append-only)
/// ```
/// The schema guards what no release of the program may break: a request moves only along
/// `request_transition` and by one version at a time; terms, decisions, grants and the log never
/// change; a log has no gaps and its time does not run backwards; one sign-in identity means one
/// person. The log refers to no other table: it outlives all of them.
package enum Schema {
    /// Every step, the oldest first.
    package static func migrations(for dialect: SQLDialect) -> [Migration] {
        let first =
            DirectoryTables(dialect: dialect).statements
            + RequestTables(dialect: dialect).statements
            + GrantTables(dialect: dialect).statements + LogTables(dialect: dialect).statements
        return [
            Migration(number: 1, name: "first tables", statements: first),
            Migration(
                number: 2,
                name: "messages and muted letters",
                statements: MessageTables(dialect: dialect).statements
            ),
            Migration(
                number: 3,
                name: "sessions",
                statements: SessionTables(dialect: dialect).statements
            ),
        ]
    }
}

/// Some tables of one step, in the words of one dialect.
protocol SchemaPart {
    var dialect: SQLDialect { get }
    var tables: [String] { get }
    var indices: [String] { get }
    var guards: [SQLDialect.Guard] { get }
}

extension SchemaPart {
    var statements: [String] { tables + indices + guards.flatMap(dialect.guarding) }

    var integer: String { dialect.integer }
    var text: String { dialect.text }
    var bytes: String { dialect.bytes }
    /// A column that says yes or no.
    func flag(_ name: String) -> String { "\(name) \(integer) NOT NULL CHECK (\(name) IN (0, 1))" }
    /// A column that holds one of the names of an enumeration that is closed for good. (One that
    /// may grow has no CHECK: an older database would refuse its new names.)
    func choice<Choice: CaseIterable & RawRepresentable<String>>(_ name: String, _: Choice.Type)
        -> String
    {
        let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return "\(name) \(text) NOT NULL CHECK (\(name) IN (\(names)))"
    }
}
