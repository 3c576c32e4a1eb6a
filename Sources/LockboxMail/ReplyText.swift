/// Text from a relay or a library, made fit for logs, tables and pages.
enum ReplyText {
    static let longest = 200

    /// Without control characters and those that reorder or hide text, at most 200 long, and
    /// without `secrets`.
    static func cleaned(_ text: String, hiding secrets: [String]) -> String {
        var result = shown(text)
        // As they would stand in what is left of the text.
        for secret in secrets.map(shown) where !secret.isEmpty {
            result = result.replacing(secret, with: "***")
        }
        return String(String.UnicodeScalarView(result.unicodeScalars.prefix(longest)))
    }

    private static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter(isShown)))
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            return false
        case _: return true
        }
    }
}
