import Foundation
import GRDB
import LockboxFixtures
import LockboxTestWorld

/// The file of a world, in the hands of somebody who writes into it what the store never would.
final class OddFile {
    /// One value in one row, and how it is undone.
    struct Change: CustomStringConvertible {
        let column: StoredColumn
        let row: Int64
        fileprivate let old: DatabaseValue
        fileprivate let new: String

        var description: String { "\(column) = \(new.prefix(60)) in row \(row)" }
    }

    private let database: DatabaseQueue

    /// Takes away what guards the tables.
    init(path: String) throws {
        database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = OFF")
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try database.dropGuards()
        }
    }

    func close() throws { try database.close() }

    func columns() throws -> [StoredColumn] {
        try database.read { try $0.storedColumns() }
    }

    func rows(of table: String) throws -> [Int64] {
        try database.read { database in
            try Int64.fetchAll(database, sql: "SELECT rowid FROM \(table)")
        }
    }

    /// Nil where the table takes no such value.
    func set(_ column: StoredColumn, to value: String, row: Int64) throws -> Change? {
        try database.writeWithoutTransaction { database in
            let old = try DatabaseValue.fetchOne(
                database,
                sql: "SELECT \(column.name) FROM \(column.table) WHERE rowid = ?",
                arguments: [row]
            )
            do {
                try database.execute(
                    sql: "UPDATE \(column.table) SET \(column.name) = \(value) WHERE rowid = ?",
                    arguments: [row]
                )
            } catch is DatabaseError {
                return nil
            }
            // A key of whole numbers is the row's own number.
            let moved = try Int64.fetchOne(
                database,
                sql: "SELECT rowid FROM \(column.table) WHERE rowid = ?",
                arguments: [row]
            )
            guard moved != nil else {
                try database.execute(
                    sql:
                        "UPDATE \(column.table) SET \(column.name) = ? WHERE \(column.name) = \(value)",
                    arguments: [row]
                )
                return nil
            }
            return Change(column: column, row: row, old: old ?? .null, new: value)
        }
    }

    func undo(_ change: Change) throws {
        try database.writeWithoutTransaction { database in
            try database.execute(
                sql: "UPDATE \(change.column.table) SET \(change.column.name) = ? WHERE rowid = ?",
                arguments: [change.old, change.row]
            )
        }
    }

    // MARK: - Values

    /// Something for `column`, as SQL.
    static func value(for column: StoredColumn, _ source: inout FuzzSource) -> String {
        if source.isOneIn(8) { return "NULL" }
        if source.isOneIn(4) {
            // What another row has: right in itself, and wrong there.
            return
                "(SELECT \(column.name) FROM \(column.table) ORDER BY rowid DESC LIMIT 1 OFFSET "
                + "\(source.below(6)))"
        }
        return switch column.type {
        case "INTEGER": source.pick(numbers)
        case "BLOB": source.pick(blobs)
        case _: source.isOneIn(4) ? quoted(source.pick(OddText.all)) : source.pick(texts)
        }
    }

    private static let numbers = [
        "0", "1", "-1", "2", "255", "256", "65536", "2147483648", "1099511627775", "1099511627776",
        "9007199254740991", "9007199254740992", "4611686018427387904", "-9223372036854775807 - 1",
        "9223372036854775807", "9223372036854775806", "253402300799999", "253402300800000",
        "253402300799998", "-62135596800000", "-62135596800001",
    ]

    private static let texts = [
        "''", "'x'", "printf('%.70000c', 'x')", "'['", "'[]'", "'{}'", "'[1]'", "'[\"\"]'",
        "'{\"a\":1}'", "'null'", "CAST(x'FF00C3' AS TEXT)", "CAST(x'610062' AS TEXT)", "'contoso'",
        "'provider'", "'active'", "'ended'", "'expired'", "'awaitingManager'", "'queued'",
        "'customerAsked'", "'approval'", "'policy'", "'mail mailbox:sue@contoso.test 1'",
        "'mail mailbox:sue@contoso.test 1' || char(10)", "'LBX-0000000000'", "'PER-0000000000'",
        "'scrypt$ln=10,r=8,p=1$00$00'", "'scrypt$ln=99999999999999999999,r=8,p=1$0$0'",
        "'mailbox:x'", "'a@b.test'",
    ]

    private static let blobs = [
        "x''", "x'00'", "zeroblob(32)", "zeroblob(31)", "zeroblob(70000)", "x'7B7D'", "x'5B5D'",
        "CAST('{\"data\":{}}' AS BLOB)", "CAST('{\"data\":{' AS BLOB)",
        "CAST('{\"data\":' AS BLOB)",
        "CAST('{\"a\\' AS BLOB)", "CAST('{\"index\":99999999999999999999}' AS BLOB)",
    ]

    private static func quoted(_ text: String) -> String {
        let bytes = text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "CAST(x'\(bytes)' AS TEXT)"
    }
}
