/// Checks free text from outside before it is stored or shown.
public enum Text {
    /// `raw` without surrounding white space, if it fits.
    ///
    /// Refused are control characters (line breaks too unless `multiline`) and the invisible
    /// characters that reorder or hide text, because an approver decides by what she reads; a text
    /// with nothing to see in it counts as none. `\r\n` becomes `\n`.
    public static func check(
        _ raw: String,
        field: String,
        length: ClosedRange<Int>,
        multiline: Bool = false
    ) throws(Refusal) -> String {
        // Scalars, not characters: one character can hold thousands of combining scalars.
        guard raw.unicodeScalars.count <= length.upperBound * 2 else {
            throw .invalid(field: field, problem: .tooLong(maximum: length.upperBound))
        }
        var kept = String.UnicodeScalarView()
        let scalars = Array(raw.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\r" where multiline && scalars[(index + 1)...].first == "\n": continue
            case "\n" where multiline, "\t" where multiline: kept.append(scalar)
            case _ where isForbidden(scalar):
                throw .invalid(field: field, problem: .controlCharacters)
            case _: kept.append(scalar)
            }
        }
        while let last = kept.last, last.properties.isWhitespace { kept.removeLast() }
        let text = String(String.UnicodeScalarView(kept.drop { $0.properties.isWhitespace }))
        let count = text.unicodeScalars.count
        if length.lowerBound > 0, !text.unicodeScalars.contains(where: isVisible) {
            throw .invalid(field: field, problem: .missing)
        }
        if count < length.lowerBound {
            throw .invalid(field: field, problem: .tooShort(minimum: length.lowerBound))
        }
        if count > length.upperBound {
            throw .invalid(field: field, problem: .tooLong(maximum: length.upperBound))
        }
        return text
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            true
        // U+200C and U+200D join letters in several scripts and emoji; the other format characters
        // only hide or reorder.
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        // Variation selectors choose between glyphs. The other characters that show nothing (Hangul
        // fillers, the combining grapheme joiner) only hide.
        case _:
            scalar.properties.isDefaultIgnorableCodePoint && !scalar.properties.isVariationSelector
        }
    }

    /// U+2800 is an empty cell of Braille: a symbol to Unicode, nothing to the eye.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint
            && scalar.value != 0x2800
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
        guard Limits.emailLength.contains(bytes.count), let at = bytes.lastIndex(of: 64), at > 0,
            at <= 64
        else {
            return nil
        }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        guard local.first != 43,
            local.split(separator: 46, omittingEmptySubsequences: false).allSatisfy(Self.isWord),
            domain.split(separator: 46, omittingEmptySubsequences: false).allSatisfy(
                Self.isHostLabel
            )
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

    private static func isWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isAtom)
    }

    /// RFC 1035 §2.3.4 and RFC 1123 §2.1: 1–63 letters, digits and hyphens, no hyphen first or
    /// last.
    private static func isHostLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(bytes.count) && bytes.first != 45 && bytes.last != 45
            && bytes.allSatisfy(isHostByte)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
            || byte == 45
    }

    /// RFC 5322 `atext`, less what mail systems or shells read as commands (`/`, `%`, `!`,
    /// backquote, `|`, `*`, `?`).
    private static func isAtom(_ byte: UInt8) -> Bool {
        isHostByte(byte) || Array("#$&'+=^_{}~".utf8).contains(byte)
    }
}
