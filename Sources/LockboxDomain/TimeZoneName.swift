/// A time zone by its name in the IANA Time Zone Database: `Europe/Berlin`. It has the form of such a
/// name (RFC 9557 §4.1); whether there is one, whoever has the database knows.
public struct TimeZoneName: Hashable, Sendable {
    public let text: String

    /// Nil unless `text` is 1 to 64 letters, digits, `+`, `-`, `_` and `/`, and begins with a letter.
    public init?(_ text: String) {
        guard let first = text.utf8.first, Self.isLetter(first), text.utf8.count <= 64,
            text.utf8.allSatisfy({ Self.isLetter($0) || Self.isOther($0) })
        else { return nil }
        self.text = text
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isOther(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "+-_/".utf8.contains(byte)
    }
}
