/// A value in CBOR (RFC 8949), of the kinds that authenticators use.
enum CBOR: Hashable, Sendable {
    case unsigned(UInt64)
    /// `-1 - n`.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([CBOR: CBOR])
    case bool(Bool)
    case null

    /// A whole number, if it is one that fits.
    init(_ number: Int) {
        self = number < 0 ? .negative(UInt64(-1 - number)) : .unsigned(UInt64(number))
    }

    var map: [CBOR: CBOR]? { if case .map(let entries) = self { entries } else { nil } }
    var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// Reads CTAP2's canonical form of CBOR (CTAP 2.2 §8), and nothing else: definite lengths, written as
/// short as they can be, keys in order and once, text in UTF-8, no tags and no fractions. What can be
/// written in one way is read in one way.
struct CBORReader {
    /// The bytes are not that form.
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The one value that `bytes` are.
    static func whole(_ bytes: [UInt8]) throws(Malformed) -> CBOR {
        var reader = CBORReader(bytes)
        let value = try reader.next()
        guard reader.position == bytes.count else { throw Malformed() }
        return value
    }

    /// The value that comes next.
    mutating func next() throws(Malformed) -> CBOR { try value(depth: 0) }

    private mutating func value(depth: Int) throws(Malformed) -> CBOR {
        guard depth <= WebAuthnLimits.depth else { throw Malformed() }
        let (major, argument) = try head()
        switch major {
        case 0: return .unsigned(argument)
        case 1: return .negative(argument)
        case 2: return .bytes(try take(argument))
        case 3:
            guard let text = String(validating: try take(argument), as: UTF8.self) else {
                throw Malformed()
            }
            return .text(text)
        case 4:
            var elements: [CBOR] = []
            for _ in 0..<(try count(argument)) { elements.append(try value(depth: depth + 1)) }
            return .array(elements)
        case 5: return .map(try map(try count(argument), depth: depth + 1))
        case 7:
            switch argument {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            case _: throw Malformed()
            }
        // Tags.
        case _: throw Malformed()
        }
    }

    private mutating func map(_ count: Int, depth: Int) throws(Malformed) -> [CBOR: CBOR] {
        var entries: [CBOR: CBOR] = [:]
        var before: ArraySlice<UInt8>?
        for _ in 0..<count {
            let start = position
            let key = try value(depth: depth)
            let written = bytes[start..<position]
            // The order that is asked for leaves no place for a key that comes twice.
            if let before, !Self.isOrdered(before, written) { throw Malformed() }
            before = written
            entries[key] = try value(depth: depth)
        }
        return entries
    }

    /// Lower major type first, then shorter, then bytewise.
    private static func isOrdered(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        let majors = (one.first.map { $0 >> 5 } ?? 0, other.first.map { $0 >> 5 } ?? 0)
        if majors.0 != majors.1 { return majors.0 < majors.1 }
        if one.count != other.count { return one.count < other.count }
        return one.lexicographicallyPrecedes(other)
    }

    /// Major type and argument of the next value.
    private mutating func head() throws(Malformed) -> (major: UInt8, argument: UInt64) {
        guard position < bytes.count else { throw Malformed() }
        let first = bytes[position]
        position += 1
        let (major, short) = (first >> 5, first & 31)
        switch short {
        case 0...23: return (major, UInt64(short))
        case 24...27:
            // Numbers of the seventh type that are longer than one byte are fractions.
            guard major != 7 else { throw Malformed() }
            let length = 1 << Int(short - 24)
            let argument = try take(UInt64(length)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let least: [UInt64] = [24, 1 << 8, 1 << 16, 1 << 32]
            guard argument >= least[Int(short - 24)] else { throw Malformed() }
            return (major, argument)
        // Lengths that are told only at the end, and what is reserved.
        case _: throw Malformed()
        }
    }

    private mutating func take(_ length: UInt64) throws(Malformed) -> [UInt8] {
        guard length <= UInt64(bytes.count - position) else { throw Malformed() }
        let end = position + Int(length)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    private func count(_ argument: UInt64) throws(Malformed) -> Int {
        guard argument <= UInt64(WebAuthnLimits.elements) else { throw Malformed() }
        return Int(argument)
    }
}
