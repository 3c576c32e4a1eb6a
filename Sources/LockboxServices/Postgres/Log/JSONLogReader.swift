import LockboxDomain

/// Reads `jsonlog`: an object of texts and numbers on each line (RFC 8259). No line feed stands in a
/// text as itself, so that a line is a record whatever an engineer writes, and whatever a crash left.
struct JSONLogReader: Sendable {
    private enum Place {
        case start, key, inKey, colon, value, text, bare, comma, end
        /// Behind a backslash, of a text.
        case escape
        /// In the digits behind `\u`.
        case digits(Int, of: UInt32)
        /// Of a line that is none: until its end.
        case wrong
    }

    private static let longestKey = 64
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12,
        UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
    ]

    private var place = Place.start
    private var key: [UInt8] = []
    private var field: LogField?
    private var record = LogRecord()

    mutating func read(_ byte: UInt8) -> LogStep {
        if byte == UInt8(ascii: "\n") {
            defer { self = Self() }
            if case .end = place { return .record(record) }
            return .unreadable
        }
        switch place {
        case .wrong: break
        case .text: readText(byte)
        case .escape: readEscape(byte)
        case .digits(let count, let value): readDigit(byte, count, value)
        case .start, .key, .inKey, .colon, .value, .bare, .comma, .end: readStructure(byte)
        }
        return .goesOn
    }

    private mutating func readStructure(_ byte: UInt8) {
        switch (place, byte) {
        case (.start, UInt8(ascii: "{")): place = .key
        case (.key, UInt8(ascii: "\"")):
            key = []
            place = .inKey
        case (.inKey, UInt8(ascii: "\"")):
            field = LogField.members[String(decoding: key, as: UTF8.self)]
            // Of two, the first: a second one is none of PostgreSQL's.
            if let known = field, record[known].length > 0 { field = nil }
            place = .colon
        case (.inKey, _):
            key.append(byte)
            if key.count > Self.longestKey || byte == UInt8(ascii: "\\") { place = .wrong }
        case (.colon, UInt8(ascii: ":")): place = .value
        case (.value, UInt8(ascii: "\"")): place = .text
        case (.bare, UInt8(ascii: ",")), (.comma, UInt8(ascii: ",")): place = .key
        case (.bare, UInt8(ascii: "}")), (.comma, UInt8(ascii: "}")): place = .end
        case (.value, _), (.bare, _):
            place = byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-") ? .bare : .wrong
        case (_, _): place = .wrong
        }
    }

    private mutating func readText(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): place = .comma
        case UInt8(ascii: "\\"): place = .escape
        case 0..<0x20: place = .wrong
        default: keep(byte)
        }
    }

    private mutating func readEscape(_ byte: UInt8) {
        if byte == UInt8(ascii: "u") {
            place = .digits(0, of: 0)
        } else if let meant = Self.escapes[byte] {
            keep(meant)
            place = .text
        } else {
            place = .wrong
        }
    }

    /// PostgreSQL writes control characters alone so; half a character shows as replaced.
    private mutating func readDigit(_ byte: UInt8, _ count: Int, _ value: UInt32) {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
            place = .wrong
            return
        }
        let value = value << 4 | UInt32(digit)
        guard count == 3 else {
            place = .digits(count + 1, of: value)
            return
        }
        for unit in String(Unicode.Scalar(value) ?? "\u{fffd}").utf8 { keep(unit) }
        place = .text
    }

    private mutating func keep(_ byte: UInt8) {
        if let field { record[field].append(byte) }
    }
}
