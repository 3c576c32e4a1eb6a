/// Checks free text from outside before it is stored or shown.
public enum Text {
    /// `raw` without surrounding white space, if it fits.
    ///
    /// Refused are control characters (line breaks too unless `multiline`) and the invisible characters that reorder or hide
    /// text, because an approver decides by what she reads. `\r\n` becomes `\n`.
    public static func check(
        _ raw: String, field: String, length: ClosedRange<Int>, multiline: Bool = false
    ) throws(Refusal) -> String {
        // Scalars, not characters: one character can hold thousands of combining scalars.
        guard raw.unicodeScalars.count <= length.upperBound * 2 else {
            throw .invalid(field: field, problem: .tooLong(maximum: length.upperBound))
        }
        var kept = String.UnicodeScalarView()
        for scalar in raw.unicodeScalars {
            switch scalar {
            case "\r" where multiline: continue
            case "\n" where multiline, "\t" where multiline: kept.append(scalar)
            case _ where isForbidden(scalar): throw .invalid(field: field, problem: .controlCharacters)
            case _: kept.append(scalar)
            }
        }
        while let last = kept.last, last.properties.isWhitespace { kept.removeLast() }
        let text = String(String.UnicodeScalarView(kept.drop { $0.properties.isWhitespace }))
        let count = text.unicodeScalars.count
        if count == 0 && length.lowerBound > 0 { throw .invalid(field: field, problem: .missing) }
        if count < length.lowerBound { throw .invalid(field: field, problem: .tooShort(minimum: length.lowerBound)) }
        if count > length.upperBound { throw .invalid(field: field, problem: .tooLong(maximum: length.upperBound)) }
        return text
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        // U+200C and U+200D join letters in several scripts and emoji; the other format characters only hide or reorder.
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        case _: false
        }
    }
}

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
        guard Limits.emailLength.contains(bytes.count), let at = bytes.lastIndex(of: 64), at > 0, at <= 64 else {
            return nil
        }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        guard Self.isDotted(local, allowing: Self.isAtom), Self.isDotted(domain, allowing: Self.isHostByte),
            local.first != 43,
            !domain.isEmpty, domain.first != 45, domain.last != 45
        else { return nil }
        text = raw
        let lower = raw.lowercased()
        let name = lower.utf8.prefix(at)
        canonical =
            String(decoding: name.prefix { $0 != 43 }, as: UTF8.self) + "@"
            + String(decoding: lower.utf8.dropFirst(at + 1), as: UTF8.self)
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.canonical < right.canonical }

    private static func isDotted(_ bytes: ArraySlice<UInt8>, allowing allowed: (UInt8) -> Bool) -> Bool {
        let parts = bytes.split(separator: 46, omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0.count <= 64 && $0.allSatisfy(allowed) }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45
    }

    /// RFC 5322 `atext`, less what mail systems or shells read as commands (`/`, `%`, `!`, backquote, `|`, `*`, `?`).
    private static func isAtom(_ byte: UInt8) -> Bool {
        isHostByte(byte) || Array("#$&'+=^_{}~".utf8).contains(byte)
    }
}
