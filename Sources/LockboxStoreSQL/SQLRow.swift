package import LockboxPorts

/// A column of an answer: by its name, or by its place where an expression has no name.
package enum SQLColumn: Hashable, Sendable, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral
{
    case name(String)
    case place(Int)

    package init(stringLiteral name: String) { self = .name(name) }
    package init(integerLiteral place: Int) { self = .place(place) }
}

extension SQLColumn: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let name): name
        case .place(let place): "\(place)"
        }
    }
}

/// One row of an answer, read by the names of its columns.
///
/// A column that is missing or of another type means that the database is not the one this program
/// wrote: every reader throws `StoreError.corrupt` instead of crashing or guessing.
package struct SQLRow: Sendable {
    private let places: [String: Int]
    private let values: [SQLValue]
    private var table: String?
    private var key: [String] = []

    /// `places` says where in `values` a column is, by its name; it is the same for all rows of an
    /// answer.
    package init(_ values: [SQLValue], places: [String: Int]) {
        self.values = values
        self.places = places
    }

    /// The same row, as one of `table`, where `key` makes it the only one. An error then names both
    /// of them, which are no personal data.
    func of(_ table: String, key: [String]) -> SQLRow {
        var row = self
        row.table = table
        row.key = key
        return row
    }

    package func value(_ column: SQLColumn) throws(StoreError) -> SQLValue {
        let place =
            switch column {
            case .name(let name): places[name]
            case .place(let place): Optional(place)
            }
        guard let place, values.indices.contains(place) else {
            throw .corrupt("column \(column) of a row of \(values.count)")
        }
        return values[place]
    }

    /// Whether the column holds nothing.
    func isNull(_ column: SQLColumn) throws(StoreError) -> Bool { try value(column) == .null }

    /// `value`, or the error that says that this row has none.
    func required<Value>(_ value: Value?) throws(StoreError) -> Value {
        guard let value else { throw corrupt }
        return value
    }

    /// Names the row, not its content: log lines carry no data.
    var corrupt: StoreError {
        let words = key.map { column in
            switch places[column].map({ values[$0] }) {
            case .text(let text): text
            case .integer(let number): String(number)
            case .null, .blob, nil: "?"
            }
        }
        return .corrupt(([table ?? "row"] + words).joined(separator: " "))
    }

    // MARK: - As stored

    package func integer(_ column: SQLColumn) throws(StoreError) -> Int64 {
        try required(optionalInteger(column), column, "an integer")
    }

    package func text(_ column: SQLColumn) throws(StoreError) -> String {
        try required(optionalText(column), column, "text")
    }

    package func blob(_ column: SQLColumn) throws(StoreError) -> [UInt8] {
        try required(optionalBlob(column), column, "bytes")
    }

    package func optionalInteger(_ column: SQLColumn) throws(StoreError) -> Int64? {
        switch try value(column) {
        case .null: nil
        case .integer(let value): value
        case .text, .blob: throw mismatch(column, "an integer")
        }
    }

    package func optionalText(_ column: SQLColumn) throws(StoreError) -> String? {
        switch try value(column) {
        case .null: nil
        case .text(let value): value
        case .integer, .blob: throw mismatch(column, "text")
        }
    }

    package func optionalBlob(_ column: SQLColumn) throws(StoreError) -> [UInt8]? {
        switch try value(column) {
        case .null: nil
        case .blob(let value): value
        case .integer, .text: throw mismatch(column, "bytes")
        }
    }

    private func required<Value>(_ value: Value?, _ column: SQLColumn, _ wanted: String)
        throws(StoreError) -> Value
    {
        guard let value else { throw mismatch(column, wanted) }
        return value
    }

    /// A row of a table is named by its key alone.
    private func mismatch(_ column: SQLColumn, _ wanted: String) -> StoreError {
        table == nil ? .corrupt("column \(column) is not \(wanted)") : corrupt
    }
}
