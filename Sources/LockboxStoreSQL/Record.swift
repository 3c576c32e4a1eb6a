import LockboxDomain
import LockboxPorts
import MerkleLog

/// One row on its way back to a domain value. A column that does not fit throws
/// `StoreError.corrupt` with the table and the row's key, both of which are no personal data.
struct Record {
    let row: SQLRow
    let table: String
    /// How many of the first columns make the key.
    let keyColumns: Int

    init(_ row: SQLRow, of table: String, keyColumns: Int = 1) {
        self.row = row
        self.table = table
        self.keyColumns = keyColumns
    }

    /// `value`, or the error that says that this row has none.
    func required<Value>(_ value: Value?) throws(StoreError) -> Value {
        guard let value else { throw corrupt }
        return value
    }

    var corrupt: StoreError {
        let key = (0..<keyColumns).map { index in
            switch Result(catching: { () throws(StoreError) in try row.value(index) }) {
            case .success(.text(let text)): text
            case .success(.integer(let number)): String(number)
            case .success(.null), .success(.blob), .failure: "?"
            }
        }
        return .corrupt("\(table) \(key.joined(separator: " "))")
    }

    // MARK: - As stored

    func integer(_ column: Int) throws(StoreError) -> Int64 {
        try required(optionalInteger(column))
    }

    func text(_ column: Int) throws(StoreError) -> String { try required(optionalText(column)) }

    func blob(_ column: Int) throws(StoreError) -> [UInt8] {
        guard case .blob(let bytes) = try row.value(column) else { throw corrupt }
        return bytes
    }

    func optionalInteger(_ column: Int) throws(StoreError) -> Int64? {
        switch try row.value(column) {
        case .null: nil
        case .integer(let number): number
        case .text, .blob: throw corrupt
        }
    }

    func optionalText(_ column: Int) throws(StoreError) -> String? {
        switch try row.value(column) {
        case .null: nil
        case .text(let text): text
        case .integer, .blob: throw corrupt
        }
    }

    // MARK: - As the domain knows it

    func flag(_ column: Int) throws(StoreError) -> Bool {
        switch try integer(column) {
        case 0: false
        case 1: true
        case _: throw corrupt
        }
    }

    func count(_ column: Int) throws(StoreError) -> Int {
        try required(Int(exactly: try integer(column)))
    }

    func position(_ column: Int) throws(StoreError) -> UInt64 {
        try required(UInt64(exactly: try integer(column)))
    }

    func timestamp(_ column: Int) throws(StoreError) -> Timestamp {
        try required(optionalTimestamp(column))
    }

    func optionalTimestamp(_ column: Int) throws(StoreError) -> Timestamp? {
        guard let milliseconds = try optionalInteger(column) else { return nil }
        let instant = Timestamp(milliseconds: milliseconds)
        guard instant.milliseconds == milliseconds else { throw corrupt }
        return instant
    }

    func span(_ column: Int) throws(StoreError) -> TimeSpan {
        TimeSpan(milliseconds: try integer(column))
    }

    func id<Entity>(_ column: Int) throws(StoreError) -> ID<Entity> {
        try required(ID(try text(column)))
    }

    func optionalID<Entity>(_ column: Int) throws(StoreError) -> ID<Entity>? {
        guard let text = try optionalText(column) else { return nil }
        return try required(ID(text))
    }

    func slug<Entity>(_ column: Int) throws(StoreError) -> Slug<Entity> {
        try required(Slug(try text(column)))
    }

    func optionalSlug<Entity>(_ column: Int) throws(StoreError) -> Slug<Entity>? {
        guard let text = try optionalText(column) else { return nil }
        return try required(Slug(text))
    }

    func email(_ column: Int) throws(StoreError) -> EmailAddress {
        try required(EmailAddress(try text(column)))
    }

    func choice<Choice: RawRepresentable<String>>(_ column: Int) throws(StoreError) -> Choice {
        try required(Choice(rawValue: try text(column)))
    }

    func resource(service: Int, name: Int) throws(StoreError) -> Resource {
        let stored = try text(name)
        let resource = try required(Resource(service: try slug(service), name: stored))
        guard resource.name == stored else { throw corrupt }
        return resource
    }

    func actions(_ column: Int) throws(StoreError) -> Actions {
        try required(Actions(stored: try integer(column)))
    }

    func scope(_ column: Int) throws(StoreError) -> Scope {
        try required(Scope(stored: try text(column)))
    }

    func hash(_ column: Int) throws(StoreError) -> Hash {
        try required(Hash(bytes: try blob(column)))
    }

    func side(tenant column: Int) throws(StoreError) -> Side {
        guard let tenant: TenantID = try optionalSlug(column) else { return .provider }
        return .tenant(tenant)
    }

    func log(_ column: Int) throws(StoreError) -> LogID {
        try required(LogID(stored: try text(column)))
    }
}
