/// The values that a log record may hold: strings, whole numbers up to 2⁵³−1, booleans, lists and
/// objects with ASCII keys.
///
/// Within this subset RFC 8785 (JCS) has exactly one spelling per value, which `canonicalBytes`
/// writes.
package enum CanonicalJSON: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case list([CanonicalJSON])
    case object([String: CanonicalJSON])

    /// The largest whole number that every JSON reader holds exactly.
    package static let largest: Int64 = 1 << 53 - 1

    /// RFC 8785: no white space, members sorted, minimal escapes, UTF-8.
    package var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .string(let text): Self.write(text, to: &bytes)
        case .integer(let number):
            precondition(number.magnitude <= Self.largest, "beyond what every JSON reader holds")
            bytes += String(number).utf8
        case .boolean(let flag): bytes += (flag ? "true" : "false").utf8
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for (position, item) in items.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                item.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            // ASCII keys sort alike by UTF-16 code units, which the RFC wants, and by bytes.
            for (position, key) in members.keys.sorted(by: {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }).enumerated() {
                precondition(key.utf8.allSatisfy { $0 < 128 })
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                members[key]?.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case 0x08: bytes += #"\b"#.utf8
            case 0x09: bytes += #"\t"#.utf8
            case 0x0A: bytes += #"\n"#.utf8
            case 0x0C: bytes += #"\f"#.utf8
            case 0x0D: bytes += #"\r"#.utf8
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += #"\u00"#.utf8
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            case _: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
