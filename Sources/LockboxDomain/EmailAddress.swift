/// An e-mail address (RFC 5321 §4.1.2, dot-string form, ASCII).
///
/// Only ASCII is accepted, so that two addresses that look alike are alike.
public struct EmailAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As it was given, for sending mail to.
    public let text: String
    /// What addresses are compared by: lower case, without a `+tag`.
    public let canonical: String

    public init?(_ raw: String) {
        let bytes = Array(raw.utf8)
        guard Limits.emailLength.contains(bytes.count),
            let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0,
            at <= 64
        else {
            return nil
        }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        guard local.first != UInt8(ascii: "+"),
            local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(
                Self.isWord
            ),
            domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(
                Self.isHostLabel
            )
        else { return nil }
        text = raw
        let lower = raw.lowercased()
        let name = lower.utf8.prefix(at)
        canonical =
            String(decoding: name.prefix { $0 != UInt8(ascii: "+") }, as: UTF8.self) + "@"
            + String(decoding: lower.utf8.dropFirst(at + 1), as: UTF8.self)
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.canonical < right.canonical }

    private static func isWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isAtom)
    }

    /// RFC 1035 §2.3.4 and RFC 1123 §2.1: 1–63 letters, digits and hyphens, no hyphen first or
    /// last.
    private static func isHostLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(bytes.count) && bytes.first != UInt8(ascii: "-")
            && bytes.last != UInt8(ascii: "-")
            && bytes.allSatisfy(isHostByte)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-")
    }

    /// RFC 5322 `atext`, less what mail systems or shells read as commands (`/`, `%`, `!`,
    /// backquote, `|`, `*`, `?`).
    private static func isAtom(_ byte: UInt8) -> Bool {
        isHostByte(byte) || Array("#$&'+=^_{}~".utf8).contains(byte)
    }
}
