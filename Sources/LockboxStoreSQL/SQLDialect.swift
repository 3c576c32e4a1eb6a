/// In which words a database reads the schema. Everything that follows the schema is written once,
/// for all of them.
package struct SQLDialect: Sendable {
    /// Whole numbers of 64 bits.
    let integer: String
    /// Texts that compare by their bytes: two identifiers that differ in letter case are two.
    let text: String
    let bytes: String
    /// What stands after a table's closing parenthesis.
    let tableEnd: String
    /// "Differs from", where NULL is a value like others.
    let differs: String
    /// The statements that make the database refuse what a guard describes.
    let guarding: @Sendable (Guard) -> [String]

    /// A rule that looks at other rows, or at the row as it was, and so is beyond a CHECK.
    struct Guard: Sendable {
        enum Change: String, Sendable {
            case insert = "INSERT"
            case update = "UPDATE"
            case delete = "DELETE"
        }

        let table: String
        let change: Change
        /// What is refused, in terms of OLD and NEW; nil refuses every such change.
        var condition: String?
        /// Tells two guards of one table and change apart.
        var name = "guard"
        let message: String
    }
}

extension SQLDialect {
    /// SQLite 3.37 or later.
    package static let sqlite = SQLDialect(
        integer: "INTEGER",
        text: "TEXT",
        bytes: "BLOB",
        tableEnd: " STRICT",
        differs: "IS NOT",
        guarding: { rule in
            [
                """
                CREATE TRIGGER \(rule.table)_\(rule.change.rawValue.lowercased())_\(rule.name)
                BEFORE \(rule.change.rawValue) ON \(rule.table)
                \(rule.condition.map { "WHEN \($0)" } ?? "")
                BEGIN
                    SELECT RAISE(ABORT, '\(rule.message)');
                END
                """
            ]
        }
    )

    /// Every row stays as it was written.
    func appendOnly(_ table: String) -> [Guard] {
        [
            Guard(table: table, change: .update, message: "\(table): rows never change"),
            keptForever(table),
        ]
    }

    /// No row goes.
    func keptForever(_ table: String) -> Guard {
        Guard(table: table, change: .delete, message: "\(table): rows are kept for ever")
    }

    /// `columns` stay as they were first written.
    func unchanging(_ table: String, _ columns: [String]) -> Guard {
        Guard(
            table: table,
            change: .update,
            condition: columns.map { "NEW.\($0) \(differs) OLD.\($0)" }.joined(
                separator: "\n    OR "
            ),
            name: "unchanging",
            message: "\(table): what it is about never changes"
        )
    }
}
