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

    /// `raw` with what could reorder, hide or break a line shown as U+FFFD: a name that the outside
    /// chose, for a page or letter.
    public static func visible(_ raw: some Sequence<Unicode.Scalar>) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in raw { shown.append(isForbidden(scalar) ? "\u{FFFD}" : scalar) }
        return String(shown)
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
