import Foundation
import LockboxAudit
import Testing

/// RFC 8785 within the subset that records use. Expected spellings are those of RFC 8785 and of the
/// PyPI package `rfc8785`.
struct CanonicalJSONTests {
    static let vectors: [(value: CanonicalJSON, text: String)] = [
        (.object([:]), "{}"), (.list([]), "[]"), (.string(""), #""""#), (.boolean(true), "true"),
        (.boolean(false), "false"), (.integer(0), "0"), (.integer(-1), "-1"),
        (.integer(9_007_199_254_740_991), "9007199254740991"),
        (.integer(-9_007_199_254_740_991), "-9007199254740991"),
        // RFC 8785 §3.2.2.2: what must be escaped, and how.
        (
            .string("\u{20AC}$\u{0F}\u{0A}A'\u{42}\u{22}\u{5C}\\\"/"),
            "\"\u{20AC}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
        ),
        (.string("\u{08}\u{09}\u{0A}\u{0C}\u{0D}"), #""\b\t\n\f\r""#),
        (
            .string("\u{00}\u{01}\u{1F}\u{7F}\u{80}\u{2028}"),
            "\"\\u0000\\u0001\\u001f\u{7F}\u{80}\u{2028}\""
        ),
        // Line breaks are escaped one by one, though Swift holds CR LF for one character.
        (.string("a\r\nb"), #""a\r\nb""#),
        // Nothing is normalised: an e with an accent stays the two scalars that it was.
        (.string("e\u{301}"), "\"e\u{301}\""), (.string("😂"), "\"😂\""),
        (
            .object([
                "b": .integer(1), "a": .integer(2), "B": .integer(3), "aa": .integer(4),
                "": .integer(5),
            ]),
            #"{"":5,"B":3,"a":2,"aa":4,"b":1}"#
        ),
        (
            .object(["1": .list([]), "10": .object([:]), "2": .boolean(true)]),
            #"{"1":[],"10":{},"2":true}"#
        ),
        (
            .list([.list([.integer(1)]), .object(["x": .list([.string("y"), .boolean(false)])])]),
            #"[[1],{"x":["y",false]}]"#
        ),
    ]

    @Test(arguments: vectors.indices) func spellingIsThatOfRFC8785(_ index: Int) {
        let vector = Self.vectors[index]
        #expect(String(decoding: vector.value.canonicalBytes, as: UTF8.self) == vector.text)
        #expect(vector.value.canonicalBytes == Array(vector.text.utf8))
    }

    @Test(arguments: vectors.indices) func anyJSONReaderReadsTheSameValue(_ index: Int) throws {
        let value = Self.vectors[index].value
        let read = try JSONSerialization.jsonObject(
            with: Data(value.canonicalBytes),
            options: [.fragmentsAllowed]
        )
        #expect(Self.same(value, read))
    }

    private static func same(_ value: CanonicalJSON, _ read: Any) -> Bool {
        switch value {
        case .string(let text):
            guard let other = read as? String else { return false }
            return text.utf8.elementsEqual(other.utf8)
        case .integer(let number): return (read as? NSNumber)?.int64Value == number
        case .boolean(let flag): return read as? Bool == flag
        case .list(let items):
            guard let others = read as? [Any], others.count == items.count else { return false }
            return zip(items, others).allSatisfy { same($0, $1) }
        case .object(let members):
            guard let others = read as? [String: Any], others.count == members.count else {
                return false
            }
            return members.allSatisfy { key, value in others[key].map { same(value, $0) } ?? false }
        }
    }
}
