import LockboxClient
import LockboxWire
import Testing

@Suite struct CanonicalJSONReaderTests {
    @Test func everyKindOfValueIsRead() throws {
        let text =
            #"{"a":[],"b":{},"c":[1,-2,0,9007199254740991],"d":"\"\\\b\t\n\f\r\u0001\u001f/é😀","e":true,"f":false}"#
        let value = try CanonicalJSONReader.read(text.utf8)
        #expect(
            value
                == .object([
                    "a": .array([]), "b": .object([:]),
                    "c": .array([
                        .integer(1), .integer(-2), .integer(0), .integer(9_007_199_254_740_991),
                    ]),
                    "d": .string("\"\\\u{8}\t\n\u{C}\r\u{1}\u{1F}/é😀"), "e": .bool(true),
                    "f": .bool(false),
                ])
        )
    }

    @Test(arguments: [
        "", " {}", "{} ", "{ }", #"{"a" :1}"#, #"{"a":1,}"#, #"{"b":1,"a":1}"#, #"{"a":1,"a":1}"#,
        #"{"é":1}"#,
        "[1,]", "[1", "[", "01", "-0", "1.0", "1e2", "+1", "-", "9007199254740992",
        "99999999999999999999", "null",
        "tru", #""\/""#, #""\u0041""#, #""\u000a""#, #""\u001F""#, #""\x""#, "\"\n\"", "\"",
        #""\ud800""#, "1 2",
    ])
    func otherSpellingsAreRefused(text: String) {
        #expect(throws: CanonicalJSONReader.Problem.self) {
            try CanonicalJSONReader.read(text.utf8)
        }
    }

    @Test func bytesThatAreNotTextAreRefused() {
        #expect(throws: CanonicalJSONReader.Problem.self) {
            try CanonicalJSONReader.read([UInt8(ascii: "\""), 0xFF, UInt8(ascii: "\"")])
        }
    }

    @Test func deepNestingIsRefusedBeforeItHurts() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: CanonicalJSONReader.Problem.self) {
            try CanonicalJSONReader.read(text.utf8)
        }
    }

    @Test func originTellsTheLog() {
        #expect(Leaf.logName(ofOrigin: "host:1/v1/tenants/contoso/log") == "tenant:contoso")
        #expect(Leaf.logName(ofOrigin: "host/base/v1/provider/log") == "provider")
        #expect(Leaf.logName(ofOrigin: "example.com/log") == nil)
    }
}
