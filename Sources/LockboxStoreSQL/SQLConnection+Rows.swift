/// A row that is to be written: each column with its value.
struct Columns: ExpressibleByDictionaryLiteral {
    private(set) var names: [String] = []
    private(set) var values: [SQLValue] = []

    init(dictionaryLiteral columns: (String, SQLValue)...) {
        for (name, value) in columns { self[name] = value }
    }

    /// Adds a column. Reading gives what was added.
    subscript(name: String) -> SQLValue {
        get { names.firstIndex(of: name).map { values[$0] } ?? .null }
        set {
            names.append(name)
            values.append(newValue)
        }
    }

    fileprivate var list: String { names.joined(separator: ", ") }
    fileprivate var placeholders: String {
        (1...names.count).map { "$\($0)" }.joined(separator: ", ")
    }
}

extension SQLConnection {
    /// The rows of `table` that `clause` asks for, with all columns; `key` says which of them name
    /// a row.
    func select<Value>(
        from table: String,
        key: [String] = ["id"],
        _ clause: String = "",
        _ values: [SQLValue] = [],
        row: (SQLRow) throws -> Value
    ) throws -> [Value] {
        try query("SELECT * FROM \(table) \(clause)", values) { try row($0.of(table, key: key)) }
    }

    /// The only such row, or nil.
    func selectOne<Value>(
        from table: String,
        key: [String] = ["id"],
        _ clause: String = "",
        _ values: [SQLValue] = [],
        row: (SQLRow) throws -> Value
    ) throws -> Value? {
        try queryOne("SELECT * FROM \(table) \(clause)", values) {
            try row($0.of(table, key: key))
        }
    }

    func insert(_ row: Columns, into table: String) throws {
        try execute(
            "INSERT INTO \(table) (\(row.list)) VALUES (\(row.placeholders))",
            row.values
        )
    }

    /// Inserts the row, or sets every column of the one that has the same `key`.
    func save(_ row: Columns, in table: String, key: [String] = ["id"]) throws {
        let others = row.names.filter { !key.contains($0) }
        try execute(
            """
            INSERT INTO \(table) (\(row.list)) VALUES (\(row.placeholders))
            ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE
            SET \(others.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            """,
            row.values
        )
    }

    /// Sets every column of the row with the same `id`, and what `also` says; false if there is
    /// none. Columns that never change are set too: the schema refuses another value, where an
    /// update without them would pass over a bug.
    func update(_ row: Columns, in table: String, also: String = "") throws -> Bool {
        let settings = row.names.enumerated().map { "\($1) = $\($0 + 1)" }.joined(separator: ", ")
        let id = row.names.firstIndex(of: "id").map { "$\($0 + 1)" } ?? "NULL"
        return try execute(
            "UPDATE \(table) SET \(settings)\(also) WHERE id = \(id)",
            row.values
        ) == 1
    }
}
