import LockboxPorts
import LockboxStoreSQL

// Values as PostgreSQL sends and takes them in its binary format.

/// The OIDs of types (`pg_type.dat` in PostgreSQL's sources).
private enum TypeID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let void: UInt32 = 2278
    static let unknown: UInt32 = 705
    static let varchar: UInt32 = 1043
}

extension SQLValue {
    /// Of a value that is given; 0 leaves it to the server.
    var type: UInt32 {
        switch self {
        case .null: 0
        case .integer: TypeID.int8
        case .text: TypeID.text
        case .blob: TypeID.bytea
        }
    }

    /// As it is sent.
    var bytes: [UInt8]? {
        get throws(SQLConstraintViolation) {
            switch self {
            case .null: return nil
            case .integer(let value):
                return withUnsafeBytes(of: value.bigEndian) { Array($0) }
            case .text(let value):
                guard !value.utf8.contains(0) else {
                    throw SQLConstraintViolation(kind: .check, message: "text holds a NUL")
                }
                return Array(value.utf8)
            case .blob(let value): return value
            }
        }
    }

    /// Of a column with this type.
    init(_ bytes: UnsafeRawBufferPointer?, type: UInt32) throws(StoreError) {
        guard let bytes else {
            self = .null
            return
        }
        switch type {
        case TypeID.int8, TypeID.int4, TypeID.int2:
            // The sign is that of the first byte.
            let start: Int64 = bytes.first.map { $0 & 0x80 != 0 ? -1 : 0 } ?? 0
            self = .integer(bytes.reduce(start) { $0 << 8 | Int64($1) })
        case TypeID.bool: self = .integer(bytes.first == 1 ? 1 : 0)
        case TypeID.text, TypeID.varchar, TypeID.name, TypeID.unknown:
            self = .text(String(decoding: bytes, as: UTF8.self))
        case TypeID.bytea: self = .blob(Array(bytes))
        case TypeID.void: self = .null
        default: throw .corrupt("a column of type \(type), which this program never makes")
        }
    }
}
