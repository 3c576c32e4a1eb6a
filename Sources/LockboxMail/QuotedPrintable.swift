/// RFC 2045 §6.7.
enum QuotedPrintable {
    private static let longestLine = 76
    private static let softBreak = Array("=\r\n".utf8)

    /// `text` as ASCII lines of at most 76 characters. CR, LF and CRLF are all ends of line and
    /// become CRLF.
    static func encoded(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var length = 0
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n") where index > 0 && bytes[index - 1] == UInt8(ascii: "\r"):
                continue
            case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                result += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
                length = 0
                continue
            default: break
            }
            let isLast = index + 1 == bytes.count || isLineEnd(bytes[index + 1])
            let token = isLiteral(byte, isLastOfLine: isLast) ? [byte] : escaped(byte)
            // The last character of a line may use the place that a soft break would need.
            if length + token.count > longestLine - (isLast ? 0 : 1) {
                result += softBreak
                length = 0
            }
            result += token
            length += token.count
        }
        return result
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }

    /// Relays may strip blanks at the end of a line, so one there is escaped.
    private static func isLiteral(_ byte: UInt8, isLastOfLine: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "="): false
        case UInt8(ascii: " "), UInt8(ascii: "\t"): !isLastOfLine
        case 0x21...0x7E: true
        default: false
        }
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
