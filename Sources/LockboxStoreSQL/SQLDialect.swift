/// In which words a database reads the schema. Everything that follows the schema is written once,
/// for all of them.
package enum SQLDialect: Sendable {
    case sqlite

    /// Asks for the names of all tables.
    var tableNames: String {
        switch self {
        case .sqlite:
            """
            SELECT name FROM sqlite_schema
            WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
            """
        }
    }
}
