package import GRDB

/// One column of a database file's tables.
package struct StoredColumn: CustomStringConvertible, Sendable {
    package let table: String
    package let name: String
    package let type: String

    package var description: String { "\(table).\(name)" }
}

/// What somebody with the disk in hand can do to a file behind the store's back.
extension Database {
    /// Takes away what guards the tables.
    package func dropGuards() throws {
        try execute(sql: "PRAGMA foreign_keys = OFF")
        for name in try String.fetchAll(
            self,
            sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ) {
            try execute(sql: "DROP TRIGGER \"\(name)\"")
        }
    }

    /// Every column of every table that is not the database's own.
    package func storedColumns() throws -> [StoredColumn] {
        try Row.fetchAll(
            self,
            sql: """
                SELECT t.name AS "table", c.name AS name, c.type AS type
                FROM sqlite_master t JOIN pragma_table_info(t.name) c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'
                    AND t.name NOT LIKE 'log!_words%' ESCAPE '!'
                """
        ).map { StoredColumn(table: $0["table"], name: $0["name"], type: $0["type"]) }
    }
}
