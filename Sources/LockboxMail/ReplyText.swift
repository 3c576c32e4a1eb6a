/// Text from a relay or a library, made fit for logs, tables and pages.
enum ReplyText {
    static let longest = 200

    /// Without control characters and those that reorder or hide text, at most 200 long, and
    /// without `secrets`.
    static func cleaned(_ text: String, hiding secrets: [String]) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where isShown(scalar) { scalars.append(scalar) }
        var result = String(scalars)
        for secret in secrets { result = result.replacing(secret, with: "***") }
        return String(String.UnicodeScalarView(result.unicodeScalars.prefix(longest)))
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
