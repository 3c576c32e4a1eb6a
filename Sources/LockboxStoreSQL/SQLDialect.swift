/// In which words a database reads the schema and the few statements that have no common form.
/// Everything else is written once, for all of them.
package enum SQLDialect: Sendable {
    case sqlite
    case postgres

    /// Asks for the names of all tables.
    var tableNames: String {
        switch self {
        case .sqlite:
            """
            SELECT name FROM sqlite_schema
            WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
            """
        case .postgres:
            """
            SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()
            ORDER BY tablename
            """
        }
    }

    /// A member of the data of a record whose bytes are in the column `leaf`.
    func told(_ member: String, in leaf: String) -> String {
        switch self {
        // The path begins with a dollar sign, which else begins a placeholder.
        case .sqlite: "json_extract(CAST(\(leaf) AS TEXT), char(36) || '.data.\(member)')"
        case .postgres: "(convert_from(\(leaf), 'UTF8')::json -> 'data' ->> '\(member)')"
        }
    }

    /// All rows in one text: `position` and `hash` with a space between, and a comma between rows.
    var positionsWithHashes: String {
        switch self {
        case .sqlite: "group_concat(position || ' ' || lower(hex(hash)))"
        case .postgres: "string_agg(position || ' ' || encode(hash, 'hex'), ',')"
        }
    }

    /// Compares a text with what `pattern` gives.
    var matches: String {
        switch self {
        case .sqlite: "GLOB"
        case .postgres: "~"
        }
    }

    /// What a text matches in which `text`, of ASCII, stands between one character of each of the
    /// sets, which are in brackets.
    func pattern(_ before: String, _ text: String, _ after: String) -> String {
        switch self {
        // Of what stands for something else, `text` has nothing but brackets.
        case .sqlite: return "*\(before)\(text)\(after)*"
        case .postgres:
            let letters = text.unicodeScalars.map { scalar in
                let isPlain = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                return isPlain ? "\(scalar)" : "\\\(scalar)"
            }
            return before + letters.joined() + after
        }
    }
}
