import LockboxWire
import Testing

/// What every reader of JSON reads alike is taken, and nothing else.
struct StrictJSONTests {
    @Test(arguments: [
        "{}", "[]", "null", " { \"a\" : [ 1 , -0.5e+3 , true ] }\r\n", "\"\\ud83d\\ude00 \\u0000\"",
        "9007199254740991", "1e300", "0", "-0", "{\"a\":{\"b\":1},\"b\":1}", "\"e\u{301}\"",
        "{\"\u{E9}\":1,\"e\u{301}\":2}",
    ])
    func wellFormedTextIsTaken(_ text: String) {
        #expect(throws: Never.self) { try StrictJSON.check(text.utf8) }
    }

    @Test(arguments: [
        ("\u{FEFF}{}", "The body begins with a byte-order mark, which JSON does not have."),
        ("", "The body is empty; JSON is expected."), ("{} x", "goes on after the end"),
        ("{}{}", "goes on after the end"), ("{\"a\":1,}", "after the last member no comma comes"),
        ("[1,]", "something else than a value"), ("[1 2]", "a comma or a closing bracket"),
        ("{\"a\":1 \"b\":2}", "a comma or a closing brace"), ("{a:1}", "a name in quotes"),
        ("{'a':1}", "a name in quotes"), ("// x\n{}", "something else than a value"),
        ("{\"a\":01}", "a: is a number that begins with 0."), ("[+1]", "a value"),
        ("[.5]", "a value"), ("[1.]", "a digit"), ("[1e]", "a digit"), ("[NaN]", "a value"),
        ("[9007199254740992]", "[0]: is a number that not every reader holds."),
        ("[1e400]", "not every reader holds"),
        ("[-123456789012345678901]", "not every reader holds"),
        ("{\"a\":1,\"a\":2}", "a: is there twice."),
        ("{\"a\":1,\"\\u0061\":2}", "a: is there twice."),
        ("{\"r\":[{},{\"id\":1,\"id\":1}]}", "r[1].id: is there twice."),
        ("\"\t\"", "a control character that is not escaped"),
        ("\"\\x\"", "an escape that JSON has"),
        ("\"\\ud800\"", "half of a surrogate pair"), ("\"\\ud800\\u0041\"", "half of a surrogate"),
        ("\"\\udc00\"", "half of a surrogate pair"), ("\"\\uFFFF\"", "a code point that is no"),
        ("\"a", "the end of a text"), ("tru", "a value"), ("True", "a value"),
        ("\u{A0}{}", "a value"),
        (String(repeating: "[", count: 33), "more than 32 arrays and objects"),
    ])
    func whatReadersDifferOnIsNamed(_ text: String, _ complaint: String) {
        let fault = #expect(throws: JSONFault.self) { try StrictJSON.check(text.utf8) }
        #expect(
            fault.map { $0.sentence(naming: $0.field) }?.contains(complaint) == true,
            "\(String(describing: fault))"
        )
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0x00, 0x7B, 0x00, 0x7D],
            [0x22, 0xC3, 0x28, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
        ] as [[UInt8]]
    )
    func whatIsNotUTF8IsRefused(_ bytes: [UInt8]) {
        let fault = #expect(throws: JSONFault.self) { try StrictJSON.check(bytes) }
        #expect(fault?.sentence(naming: nil) == "The body is not in UTF-8.")
    }
}

struct PasswordLineTests {
    @Test(arguments: [
        ("secret", "secret"), ("secret\n", "secret"), ("secret\r\nmore", "secret"),
        ("\u{FEFF}secret", "secret"), (" secret ", " secret "), ("se\rcret", "se\rcret"),
    ])
    func firstLineIsThePassword(_ text: String, _ password: String) throws {
        #expect(try PasswordLine.read(Array(text.utf8)) == password)
    }

    @Test(arguments: [[], [0x0A], [0xEF, 0xBB, 0xBF, 0x0D, 0x0A]] as [[UInt8]])
    func nothingIsNoPassword(_ bytes: [UInt8]) {
        #expect(throws: PasswordLine.Fault.empty) { try PasswordLine.read(bytes) }
    }

    @Test func latin1IsRefusedAndNotRepaired() {
        #expect(throws: PasswordLine.Fault.notUTF8) { try PasswordLine.read([0x6A, 0xF6, 0x72]) }
    }
}
