/// Reads JSON in the one spelling that a log entry may have (RFC 8785, with ASCII keys, strings,
/// whole numbers up to 2⁵³−1, booleans, lists and objects), and nothing else.
///
/// An ordinary JSON reader would accept white space, repeated keys or other escapes: two readers
/// could then see two things in the same bytes, and a verifier would vouch for what somebody else
/// never saw.
package struct CanonicalJSONReader {
    /// Why bytes were refused.
    package struct Problem: Error, Hashable, Sendable {
        /// How many bytes were fine.
        package let offset: Int
    }

    private static let depthLimit = 32

    private let bytes: [UInt8]
    private let takesNull: Bool
    private var position = 0
    private var depth = 0

    private init(_ bytes: [UInt8], takesNull: Bool) {
        self.bytes = bytes
        self.takesNull = takesNull
    }

    /// The value that these bytes spell. A log entry holds no `null`; with `takesNull` it is taken
    /// too.
    package static func read(
        _ bytes: some Sequence<UInt8>,
        takesNull: Bool = false
    ) throws(Problem) -> JSONValue {
        var reader = CanonicalJSONReader(Array(bytes), takesNull: takesNull)
        let value = try reader.value()
        guard reader.position == reader.bytes.count else { throw reader.problem }
        return value
    }

    /// The members of the object that these bytes spell, by rising names: cheaper to go through once
    /// than to look up.
    package static func members(_ bytes: [UInt8]) throws(Problem) -> [(
        name: String, value: JSONValue
    )] {
        var reader = CanonicalJSONReader(bytes, takesNull: false)
        let members = try reader.members()
        guard reader.position == reader.bytes.count else { throw reader.problem }
        return members
    }

    private var problem: Problem { Problem(offset: position) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func expect(_ text: String) throws(Problem) {
        for byte in text.utf8 { try expect(byte) }
    }

    private mutating func expect(_ byte: UInt8) throws(Problem) {
        guard skip(byte) else { throw problem }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(Problem) -> JSONValue {
        guard depth < Self.depthLimit else { throw problem }
        depth += 1
        defer { depth -= 1 }
        switch next {
        case UInt8(ascii: "{"):
            // Rising names are different ones.
            return .object(Dictionary(try members().map { ($0, $1) }) { first, _ in first })
        case UInt8(ascii: "["): return .array(try list())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n") where takesNull:
            try expect("null")
            return .null
        case _: return .integer(try integer())
        }
    }

    private mutating func members() throws(Problem) -> [(name: String, value: JSONValue)] {
        try expect(UInt8(ascii: "{"))
        var members: [(name: String, value: JSONValue)] = []
        if skip(UInt8(ascii: "}")) { return members }
        repeat {
            let key = try string()
            guard key.utf8.allSatisfy({ $0 < 0x80 }) else { throw problem }
            // Rising keys are sorted keys, and none twice.
            if let last = members.last, !last.name.utf8.lexicographicallyPrecedes(key.utf8) {
                throw problem
            }
            try expect(UInt8(ascii: ":"))
            members.append((key, try value()))
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return members
    }

    private mutating func list() throws(Problem) -> [JSONValue] {
        try expect(UInt8(ascii: "["))
        var items: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return items }
        repeat { items.append(try value()) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return items
    }

    private mutating func integer() throws(Problem) -> Int64 {
        let start = position
        let isNegative = skip(UInt8(ascii: "-"))
        let digits = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte),
            position - digits < 17
        {
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Int64(text), number.magnitude < 1 << 53, String(number) == text,
            !isNegative || number < 0
        else { throw Problem(offset: start) }
        return number
    }

    private mutating func string() throws(Problem) -> String {
        try expect(UInt8(ascii: "\""))
        // Most hold nothing that is written in another way.
        let start = position
        let isASCII = skipPlain()
        if skip(UInt8(ascii: "\"")) {
            let plain = bytes[start..<position - 1]
            if isASCII { return String(decoding: plain, as: UTF8.self) }
            guard let valid = String(validating: plain, as: UTF8.self) else {
                throw Problem(offset: position - 1)
            }
            return valid
        }
        var text = Array(bytes[start..<position])
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw problem }
            if byte == UInt8(ascii: "\\") {
                text.append(try escape())
            } else {
                let plain = position
                skipPlain()
                text += bytes[plain..<position]
            }
        }
        let end = position
        try expect(UInt8(ascii: "\""))
        guard let valid = String(validating: text, as: UTF8.self) else {
            throw Problem(offset: end)
        }
        return valid
    }

    /// Goes over as much of a string as needs no look of its own; whether that is ASCII.
    @discardableResult
    private mutating func skipPlain() -> Bool {
        var bits: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                break
            }
            bits |= byte
            position += 1
        }
        return bits < 0x80
    }

    /// The escapes that RFC 8785 §3.2.2.2 prescribes, each for the one character that needs it.
    private mutating func escape() throws(Problem) -> UInt8 {
        try expect(UInt8(ascii: "\\"))
        guard let mark = next else { throw problem }
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            position += 1
            return mark
        case UInt8(ascii: "u"): return try controlEscape()
        case _:
            guard let byte = Self.shortEscapes[mark] else { throw problem }
            position += 1
            return byte
        }
    }

    private static let shortEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "f"): 0x0C,
        UInt8(ascii: "r"): 0x0D,
    ]

    private mutating func controlEscape() throws(Problem) -> UInt8 {
        try expect("u00")
        var byte: UInt8 = 0
        for _ in 0..<2 {
            guard let digit = next.flatMap({ Array("0123456789abcdef".utf8).firstIndex(of: $0) })
            else { throw problem }
            byte = byte << 4 | UInt8(digit)
            position += 1
        }
        guard byte < 0x20, !Self.shortEscapes.values.contains(byte) else { throw problem }
        return byte
    }
}
