package import LockboxPorts

/// What a column holds or a placeholder stands for. No floating point: nothing in Lockbox is
/// measured in it.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

extension SQLValue {
    /// `nil` as NULL.
    package static func optional(_ value: Int64?) -> SQLValue {
        value.map(SQLValue.integer) ?? .null
    }
    /// `nil` as NULL.
    package static func optional(_ value: String?) -> SQLValue { value.map(SQLValue.text) ?? .null }
    /// `nil` as NULL.
    package static func optional(_ value: [UInt8]?) -> SQLValue {
        value.map(SQLValue.blob) ?? .null
    }
}

/// One row of an answer, read by column index.
///
/// A column that is missing or of another type means that the database is not the one this program
/// wrote: every reader throws `StoreError.corrupt` instead of crashing or guessing.
package struct SQLRow: Sendable {
    private let columns: [SQLValue]

    package init(_ columns: [SQLValue]) {
        self.columns = columns
    }

    package func value(_ index: Int) throws(StoreError) -> SQLValue {
        guard columns.indices.contains(index) else {
            throw .corrupt("column \(index) of a row of \(columns.count)")
        }
        return columns[index]
    }

    package func integer(_ index: Int) throws(StoreError) -> Int64 {
        try required(optionalInteger(index), index, "an integer")
    }

    package func text(_ index: Int) throws(StoreError) -> String {
        try required(optionalText(index), index, "text")
    }

    package func blob(_ index: Int) throws(StoreError) -> [UInt8] {
        try required(optionalBlob(index), index, "bytes")
    }

    package func optionalInteger(_ index: Int) throws(StoreError) -> Int64? {
        switch try value(index) {
        case .null: nil
        case .integer(let value): value
        case .text, .blob: throw mismatch(index, "an integer")
        }
    }

    package func optionalText(_ index: Int) throws(StoreError) -> String? {
        switch try value(index) {
        case .null: nil
        case .text(let value): value
        case .integer, .blob: throw mismatch(index, "text")
        }
    }

    package func optionalBlob(_ index: Int) throws(StoreError) -> [UInt8]? {
        switch try value(index) {
        case .null: nil
        case .blob(let value): value
        case .integer, .text: throw mismatch(index, "bytes")
        }
    }

    private func required<Value>(_ value: Value?, _ index: Int, _ wanted: String) throws(StoreError)
        -> Value
    {
        guard let value else { throw mismatch(index, wanted) }
        return value
    }

    /// Names the column and the type wanted, not the content: log lines carry no data.
    private func mismatch(_ index: Int, _ wanted: String) -> StoreError {
        .corrupt("column \(index) is not \(wanted)")
    }
}
