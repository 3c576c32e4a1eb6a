/// Bytes that are not JSON as every reader understands it.
public struct JSONFault: Error, Hashable, Sendable {
    /// The member it is about, such as `resources[0].id`, as it was sent; nil where it is about the
    /// whole.
    public let field: String?
    /// What is wrong with it, the rest of a sentence; it holds nothing of what was sent.
    private let what: String

    /// The sentence, with `field` for the member's name.
    public func sentence(naming field: String?) -> String {
        (field.map { "\($0): " } ?? "The body ") + what + "."
    }
}

/// Holds what is sent to the JSON that all readers read alike: the grammar of RFC 8259 and the
/// restrictions of I-JSON (RFC 7493 §2). Decoders are more lenient than that, and each in its own
/// way, so that one body could say one thing to us and another to whoever looked at it before.
public enum StrictJSON {
    /// How deeply arrays and objects may lie in each other.
    public static let depth = 32

    /// Throws what is wrong with `bytes` first.
    public static func check(_ bytes: some Sequence<UInt8>) throws(JSONFault) {
        let bytes = Array(bytes)
        try checkUTF8(bytes)
        var reader = StrictReader(bytes, isRecord: false)
        try reader.document()
    }

    private static func checkUTF8(_ bytes: [UInt8]) throws(JSONFault) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw JSONFault("begins with a byte-order mark, which JSON does not have")
        }
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
            || bytes.prefix(4).contains(0)
        {
            throw JSONFault("is not in UTF-8")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw JSONFault("is not in UTF-8")
        }
    }

    /// Throws what is wrong with a line of an audit log's records, and gives the names of members that
    /// are there twice, which a verifier reports by their names. Such lines have no fractions. Their
    /// texts may hold any character: people wrote them.
    package static func namesTwice(inRecord bytes: [UInt8]) throws(JSONFault) -> [String] {
        try checkUTF8(bytes)
        var reader = StrictReader(bytes, isRecord: true)
        try reader.document()
        return reader.namesTwice
    }
}

extension JSONFault {
    fileprivate init(_ what: String, field: String? = nil) {
        (self.what, self.field) = (what, field)
    }
}

private struct StrictReader {
    /// A step of the way from the outermost value to the present one.
    private enum Step {
        case member(String)
        case element(Int)
    }

    private let bytes: [UInt8]
    private let isRecord: Bool
    private var position = 0
    private var depth = 0
    private var path: [Step] = []
    private(set) var namesTwice: [String] = []

    init(_ bytes: [UInt8], isRecord: Bool) { (self.bytes, self.isRecord) = (bytes, isRecord) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func document() throws(JSONFault) {
        skipSpace()
        guard next != nil else { throw JSONFault("is empty; JSON is expected") }
        try value()
        skipSpace()
        guard next == nil else { throw JSONFault("goes on after the end of the JSON") }
    }

    private mutating func value() throws(JSONFault) {
        switch next ?? 0 {
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case _: throw malformed("a value")
        }
    }

    private mutating func object() throws(JSONFault) {
        try enter()
        var names: Set<[UInt8]> = []
        skipSpace()
        if !take("}") {
            repeat {
                skipSpace()
                guard next == UInt8(ascii: "\"") else {
                    throw malformed("a name in quotes; after the last member no comma comes")
                }
                let name = try string()
                path.append(.member(String(decoding: name, as: UTF8.self)))
                if !names.insert(name).inserted {
                    guard isRecord else { throw fault("is there twice") }
                    namesTwice.append(String(decoding: name, as: UTF8.self))
                }
                skipSpace()
                guard take(":") else { throw malformed("a colon") }
                skipSpace()
                try value()
                path.removeLast()
                skipSpace()
            } while take(",")
            guard take("}") else { throw malformed("a comma or a closing brace") }
        }
        depth -= 1
    }

    private mutating func array() throws(JSONFault) {
        try enter()
        skipSpace()
        if !take("]") {
            var count = 0
            repeat {
                skipSpace()
                path.append(.element(count))
                try value()
                path.removeLast()
                count += 1
                skipSpace()
            } while take(",")
            guard take("]") else { throw malformed("a comma or a closing bracket") }
        }
        depth -= 1
    }

    private mutating func enter() throws(JSONFault) {
        position += 1
        depth += 1
        guard depth <= StrictJSON.depth else {
            throw JSONFault("holds more than \(StrictJSON.depth) arrays and objects in each other")
        }
    }

    /// A string's text as UTF-8, escapes resolved.
    private mutating func string() throws(JSONFault) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try withoutNoncharacters(text)
            case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
            case 0..<0x20: throw fault("holds a control character that is not escaped")
            case _: text.append(byte)
            }
        }
        throw malformed("the end of a text")
    }

    /// RFC 7493 §2.1 forbids them, for readers differ in what they make of them.
    private func withoutNoncharacters(_ text: [UInt8]) throws(JSONFault) -> [UInt8] {
        let isClean =
            isRecord
            || String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy {
                !$0.properties.isNoncharacterCodePoint
            }
        guard isClean else { throw fault("holds a code point that is no character") }
        return text
    }

    private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
        guard let letter = next else { throw malformed("the end of an escape") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return .init(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        case _: throw malformed("an escape that JSON has")
        }
    }

    private mutating func escapedScalar() throws(JSONFault) -> Unicode.Scalar {
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), take("\\"), take("u"), case let second = try unit(),
            UTF16.isTrailSurrogate(second)
        else { throw fault("holds half of a surrogate pair") }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func unit() throws(JSONFault) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw malformed("four hexadecimal digits")
            }
            position += 1
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Whole numbers within what doubles hold exactly (RFC 7493 §2.2), others within what they hold
    /// at all.
    private mutating func number() throws(JSONFault) {
        let begin = position
        _ = take("-")
        if !take("0") { try digits() }
        var isWhole = true
        if take(".") {
            isWhole = false
            try digits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        if let digit = next, isDigit(digit) { throw fault("is a number that begins with 0") }
        let text = String(decoding: bytes[begin..<position], as: UTF8.self)
        let isHeld =
            isWhole
            ? Int64(text).map { $0.magnitude < 1 << 53 } ?? false
            : !isRecord && Double(text)?.isFinite ?? false
        guard isHeld else { throw fault("is a number that not every reader holds") }
    }

    private mutating func digits() throws(JSONFault) {
        guard let first = next, isDigit(first) else { throw malformed("a digit") }
        while let digit = next, isDigit(digit) { position += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private mutating func word(_ word: StaticString) throws(JSONFault) {
        let wanted = Array("\(word)".utf8)
        guard bytes[position...].starts(with: wanted) else { throw malformed("a value") }
        position += wanted.count
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    /// RFC 8259 §2.
    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private func malformed(_ expected: String) -> JSONFault {
        JSONFault(
            "is not valid JSON: at byte \(position + 1) stands something else than \(expected)"
        )
    }

    /// What is wrong with the present value.
    private func fault(_ what: String) -> JSONFault {
        let field = path.reduce(into: "") { text, step in
            switch step {
            case .member(let name): text += text.isEmpty ? name : ".\(name)"
            case .element(let number): text += "[\(number)]"
            }
        }
        return JSONFault(what, field: field.isEmpty ? nil : field)
    }
}
