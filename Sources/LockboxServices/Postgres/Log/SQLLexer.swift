import LockboxDomain

/// The words, literals and comments of a text of SQL (PostgreSQL's manual, 4.1), as they are where
/// `standard_conforming_strings` is on.
struct SQLLexer {
    enum Form {
        /// White space or a comment.
        case space
        case word
        /// A text in single quotes, with what stands before them.
        case literal
        /// A text between dollar quotes.
        case body
        case other
    }

    struct Token {
        let form: Form
        let text: String
    }

    private let bytes: [UInt8]
    private var place = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func tokens(of text: String) -> [Token] {
        var (lexer, tokens) = (SQLLexer(text), [Token]())
        while let token = lexer.next() { tokens.append(token) }
        return tokens
    }

    /// Whether a literal would end elsewhere if backslashes meant something in it.
    static func isAmbiguous(_ text: String) -> Bool {
        tokens(of: text).contains { token in
            token.form == .literal && token.text.utf8.first == UInt8(ascii: "'")
                && zip(token.text.utf8, token.text.utf8.dropFirst()).contains {
                    $0 == (UInt8(ascii: "\\"), UInt8(ascii: "'"))
                }
        }
    }

    /// How long the comment `/*…*/` is that `text` begins with, with those in it; nil if it does not
    /// end.
    static func comment(_ text: some Collection<UInt8>) -> Int? {
        var (depth, length, last) = (0, 0, UInt8(0))
        for byte in text {
            length += 1
            switch (last, byte) {
            case (UInt8(ascii: "/"), UInt8(ascii: "*")): (depth, last) = (depth + 1, 0)
            case (UInt8(ascii: "*"), UInt8(ascii: "/")):
                (depth, last) = (depth - 1, 0)
                if depth == 0 { return length }
            case (_, _): last = byte
            }
        }
        return nil
    }

    static func isEndOfLine(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    // MARK: Tokens

    private mutating func next() -> Token? {
        guard let first = byte(0) else { return nil }
        let start = place
        let form = take(first)
        return Token(form: form, text: String(decoding: bytes[start..<place], as: UTF8.self))
    }

    private func byte(_ ahead: Int) -> UInt8? {
        place + ahead < bytes.count ? bytes[place + ahead] : nil
    }

    private mutating func take(_ first: UInt8) -> Form {
        let second = byte(1)
        switch (first, second) {
        case (UInt8(ascii: "-"), UInt8(ascii: "-")):
            skip { !Self.isEndOfLine($0) }
            return .space
        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
            place += Self.comment(bytes[place...]) ?? bytes.count - place
            return .space
        case (UInt8(ascii: "'"), _):
            quoted(UInt8(ascii: "'"), hasEscapes: false)
            return .literal
        case (UInt8(ascii: "\""), _):
            quoted(UInt8(ascii: "\""), hasEscapes: false)
            return .other
        case (UInt8(ascii: "$"), _): return dollar()
        case (_, _): break
        }
        if first.isSpace {
            skip(while: \.isSpace)
            return .space
        }
        guard first.isOfWord else {
            place += 1
            return .other
        }
        return word()
    }

    private mutating func skip(while isMore: (UInt8) -> Bool) {
        while place < bytes.count, isMore(bytes[place]) { place += 1 }
    }

    private mutating func word() -> Form {
        let start = place
        skip { $0.isOfWord || $0 == UInt8(ascii: "$") }
        guard place == start + 1 else { return .word }
        let prefix = bytes[start] | 0x20
        if byte(0) == UInt8(ascii: "'"), "ebnx".utf8.contains(prefix) {
            quoted(UInt8(ascii: "'"), hasEscapes: prefix == UInt8(ascii: "e"))
            return .literal
        }
        if prefix == UInt8(ascii: "u"), byte(0) == UInt8(ascii: "&"), byte(1) == UInt8(ascii: "'") {
            place += 1
            quoted(UInt8(ascii: "'"), hasEscapes: false)
            return .literal
        }
        return .word
    }

    /// From one quote to the other, or to the end.
    private mutating func quoted(_ quote: UInt8, hasEscapes: Bool) {
        place += 1
        while let byte = byte(0) {
            place += 1
            if hasEscapes, byte == UInt8(ascii: "\\") {
                place = min(place + 1, bytes.count)
            } else if byte == quote {
                guard self.byte(0) == quote else { return }
                place += 1
            }
        }
    }

    private mutating func dollar() -> Form {
        var end = place + 1
        while end < bytes.count, bytes[end].isOfWord { end += 1 }
        let isMark = end == place + 1 || !bytes[place + 1].isDigit
        guard isMark, end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
            place += 1
            return .other
        }
        let mark = bytes[place...end]
        place = end + 1
        while place < bytes.count {
            if bytes[place...].starts(with: mark) {
                place += mark.count
                return .body
            }
            place += 1
        }
        return .body
    }
}
