import Mustache

/// Escapes scalar by scalar. The library's own escaping goes by character and so lets a quote or
/// bracket pass that carries a combining mark, which a browser still reads as markup.
package struct ScalarHTML: MustacheContentType {
    /// How templates ask for it: `{{% CONTENT_TYPE:SCALAR_HTML}}`.
    package static func register() {
        MustacheContentTypes.register(ScalarHTML(), named: "SCALAR_HTML")
    }

    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            case _: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
