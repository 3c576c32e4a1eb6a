import LockboxDomain

/// What can be said of a text of SQL without a database: whether it changes nothing for certain, and
/// what in it is a password.
enum SQLText {
    // MARK: Read or write

    /// Whether the statements of `text` only read, as far as their first words say. Unknown means no:
    /// quotes and comments are not looked through, so that what stands in one can only make it a
    /// write. What a function does that a `SELECT` calls is not seen. `isAmbiguous` texts may begin
    /// with what is no statement.
    static func isRead(_ text: String, isAmbiguous: Bool = false) -> Bool {
        text.utf8.split(separator: UInt8(ascii: ";")).allSatisfy { statement in
            var rest = statement
            while let first = rest.first, first.isSpace || first == UInt8(ascii: "(") {
                rest.removeFirst()
                guard let code = afterComments(rest) else { return false }
                rest = code
            }
            guard let code = afterComments(rest) else { return false }
            return code.isEmpty || isOneRead(words(of: code), isAmbiguous: isAmbiguous)
        }
    }

    private static let changing: Set<String> = ["INSERT", "UPDATE", "DELETE", "MERGE", "INTO"]

    private static func isOneRead(_ words: [String], isAmbiguous: Bool) -> Bool {
        func has(_ some: Set<String>) -> Bool { words.contains { some.contains($0) } }
        switch words.first {
        // `FOR UPDATE` changes nothing.
        case "SELECT": return !has(isAmbiguous ? changing : ["INTO"])
        case "WITH", "VALUES", "TABLE", "DECLARE": return !has(changing)
        case "SHOW", "FETCH", "MOVE", "CLOSE", "BEGIN", "START", "COMMIT", "END", "ROLLBACK",
            "ABORT",
            "SAVEPOINT", "RELEASE", "SET", "RESET", "DEALLOCATE", "LISTEN", "UNLISTEN":
            return !has(changing.union(["PREPARED"]))
        case "EXPLAIN": return !has(changing.union(["ANALYZE", "ANALYSE", "EXECUTE"]))
        case "PREPARE": return !has(changing.union(["TRANSACTION"]))
        case "COPY": return has(["STDOUT"]) && !has(changing.union(["PROGRAM", "STDIN"]))
        default: return false
        }
    }

    /// `text` without white space and comments at its beginning; nil if one does not end.
    private static func afterComments(_ text: Substring.UTF8View) -> Substring.UTF8View? {
        var rest = text.drop(while: \.isSpace)
        while true {
            if rest.starts(with: "--".utf8) {
                rest = rest.drop { !SQLLexer.isEndOfLine($0) }
            } else if rest.starts(with: "/*".utf8) {
                guard let length = SQLLexer.comment(rest) else { return nil }
                rest = rest.dropFirst(length)
            } else {
                return rest
            }
            rest = rest.drop(while: \.isSpace)
        }
    }

    private static func words(of text: Substring.UTF8View) -> [String] {
        text.split { !$0.isOfWord }.map { String(decoding: $0, as: UTF8.self).uppercased() }
    }

    // MARK: Passwords

    /// What stands in a record instead of a password.
    static let mask = "'…'"

    /// `text` with every literal behind the word `password` masked, and what stands behind
    /// `password=` in a literal.
    ///
    /// A text that means something else where `standard_conforming_strings` is off is left as it is:
    /// nobody shall hide in a password what was run.
    static func withoutPasswords(_ text: String) -> String { withoutPasswords(text, depth: 0) }

    /// Bodies in bodies that are looked into. Whoever nests thousands would have the innermost read as
    /// often, on a stack that ends.
    private static let deepest = 4

    /// At `depth` 0 the text itself, else what a body holds. That may be of another language than SQL:
    /// what could be run in one is not taken for a literal.
    private static func withoutPasswords(_ text: String, depth: Int) -> String {
        guard text.uppercased().contains(word), !SQLLexer.isAmbiguous(text) else { return text }
        var (result, isBehind, isAssigned) = ("", false, false)
        for token in SQLLexer.tokens(of: text) {
            switch token.form {
            case .space: result += token.text
            case .literal where isBehind, .body where isBehind:
                let mayBeRun = depth > 0 || isAssigned
                result += mayBeRun && !isPlain(token.text) ? token.text : mask
            case .literal: result += withoutSettings(token.text)
            case .body:
                result += depth < deepest ? body(of: token.text, depth: depth) : token.text
            case .word:
                result += token.text
                (isBehind, isAssigned) = (token.text.uppercased() == word, false)
            case .other:
                result += token.text
                isBehind = isBehind && ":=>".contains(token.text)
                isAssigned = true
            }
        }
        return result
    }

    private static let word = "PASSWORD"

    /// Whether nothing could be run that stands in `literal`.
    private static func isPlain(_ literal: String) -> Bool {
        literal.utf8.count > 1 && literal.hasSuffix("'")
            && !literal.utf8.contains { $0.isSpace || "();*\"\\".utf8.contains($0) }
    }

    /// `$$…$$` with what it holds, which is SQL of a function.
    private static func body(of text: String, depth: Int) -> String {
        let bytes = Array(text.utf8)
        guard let end = bytes.dropFirst().firstIndex(of: UInt8(ascii: "$")) else { return text }
        let size = end + 1
        guard bytes.count >= 2 * size, bytes.suffix(size) == bytes.prefix(size) else { return text }
        let mark = String(decoding: bytes[..<size], as: UTF8.self)
        let held = String(decoding: bytes[size..<bytes.count - size], as: UTF8.self)
        return mark + withoutPasswords(held, depth: depth + 1) + mark
    }

    /// `literal`, where it is a connection's settings or an address and nothing that could be run.
    private static func withoutSettings(_ literal: String) -> String {
        guard !literal.utf8.contains(where: { "();*\"\\".utf8.contains($0) }),
            literal.contains("://")
                || literal.split(whereSeparator: \.isWhitespace).allSatisfy({ $0.contains("=") })
        else { return literal }
        var (result, rest) = ("", literal[...])
        while let place = rest.firstRange(of: #/(?i)password\s*=\s*/#) {
            result += rest[..<place.upperBound] + "…"
            rest = rest[place.upperBound...].drop { !$0.isWhitespace && $0 != "'" && $0 != "&" }
        }
        return result + rest
    }
}

extension UInt8 {
    var isSpace: Bool { [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d].contains(self) }
    /// Of a key word or an identifier.
    var isOfWord: Bool { isLetter || isDigit || self == UInt8(ascii: "_") || self >= 0x80 }
}
