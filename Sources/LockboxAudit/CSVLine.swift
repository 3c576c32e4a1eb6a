/// Lines of a table (RFC 4180) in which no cell begins a formula.
package enum CSVLine {
    /// Says to spreadsheets that what follows is UTF-8.
    package static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// `cells` as one record, with its end.
    package static func bytes(_ cells: [String]) -> [UInt8] {
        Array((cells.map(cell).joined(separator: ",") + "\r\n").utf8)
    }

    /// Quoted where needed (RFC 4180 §2). What a spreadsheet would run as a formula is made text by
    /// an apostrophe.
    ///
    /// Decided by scalars: to Swift `\r\n` is one character that equals neither of its halves, and
    /// so is a quote with an accent on it.
    private static func cell(_ raw: String) -> String {
        let text = withoutFormulas(raw)
        guard text.unicodeScalars.contains(where: quoted.contains) else { return text }
        var cell = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "\"" { cell.append(scalar) }
            cell.append(scalar)
        }
        cell.append("\"")
        return String(cell)
    }

    private static let quoted: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]

    /// `text` with an apostrophe before all that a spreadsheet would take for a formula (OWASP, "CSV
    /// Injection"), also after white space, which some drop: `=`, `+`, `-`, `@`, their full-width
    /// forms; and at the beginning a tab or a line break.
    ///
    /// A spreadsheet whose language separates by semicolons, or that is told to by tabs, begins cells
    /// within ours, where a quote in the middle keeps nothing together: so each of their beginnings
    /// is one too.
    private static func withoutFormulas(_ text: String) -> String {
        let text = isFormula(text) ? "'" + text : text
        // Most cells have no beginnings within, and are left as they are.
        guard text.utf8.contains(where: separators.contains) else { return text }
        var safe = String.UnicodeScalarView()
        var begins = false
        for scalar in text.unicodeScalars {
            if begins, starts.contains(scalar) { safe.append("'") }
            let separates = UInt8(exactly: scalar.value).map(separators.contains) ?? false
            begins = separates || begins && scalar.properties.isWhitespace
            safe.append(scalar)
        }
        return String(safe)
    }

    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        if [Unicode.Scalar("\t"), "\r", "\n"].contains(first) { return true }
        return text.unicodeScalars.first { !$0.properties.isWhitespace }.map(starts.contains)
            ?? false
    }

    private static let separators: [UInt8] = Array(";\t\r\n".utf8)

    private static let starts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]
}
