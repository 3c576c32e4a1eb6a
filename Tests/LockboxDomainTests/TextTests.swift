import LockboxDomain
import Testing

@Suite("Free text from outside")
struct TextTests {
    private func check(_ raw: String, _ length: ClosedRange<Int> = 1...20, multiline: Bool = false)
        throws -> String
    {
        try Text.check(raw, field: "subject", length: length, multiline: multiline)
    }

    @Test(arguments: [
        ("Mail vanishes", "Mail vanishes"), ("  padded\u{A0}", "padded"),
        ("\u{3000}全角\u{3000}", "全角"),
        ("Ünïcödé ✓", "Ünïcödé ✓"), ("👩‍👩‍👧", "👩‍👩‍👧"), ("❤️", "❤️"), ("می‌خواهم", "می‌خواهم"),
        ("שלום", "שלום"),
        ("<b>&\"'</b>", "<b>&\"'</b>"), ("x", "x"),
    ])
    func ordinaryTextIsKept(_ raw: String, _ kept: String) throws {
        #expect(Array(try check(raw).unicodeScalars) == Array(kept.unicodeScalars))
    }

    /// Header injection, terminal escapes, and everything that shows an approver something else
    /// than what is there.
    @Test(arguments: [
        "a\r\nBcc: x@y.test", "a\nb", "a\rb", "a\tb", "a\u{0}b", "a\u{1B}[31mb", "a\u{7F}b",
        "a\u{85}b", "a\u{9B}b",
        "a\u{2028}b", "a\u{2029}b", "a\u{202A}b", "a\u{202E}b", "a\u{2066}b", "a\u{2069}b",
        "a\u{200B}b", "a\u{200E}b",
        "a\u{200F}b", "a\u{61C}b", "a\u{FEFF}b", "a\u{AD}b", "a\u{2060}b", "a\u{2063}b",
        "a\u{180E}b", "a\u{34F}b",
        "a\u{115F}b", "a\u{1160}b", "a\u{3164}b", "a\u{FFA0}b", "a\u{17B4}b", "a\u{E0041}b",
        "a\u{E000}b",
        "a\u{F0000}b", "a\u{378}b", "a\u{FFFF}b", "a\u{1D173}b",
    ])
    func whatControlsHidesOrReordersIsRefused(_ raw: String) {
        #expect(throws: Refusal.invalid(field: "subject", problem: .controlCharacters)) {
            try check(raw)
        }
    }

    @Test(arguments: [
        "", " ", "\u{A0}\u{2003}\u{3000}", "\u{2800}\u{2800}", "\u{200D}\u{200C}", "\u{FE0F}",
        " \u{200D} \u{2800} ",
    ])
    func textWithNothingToSeeIsMissing(_ raw: String) throws {
        #expect(throws: Refusal.invalid(field: "subject", problem: .missing)) { try check(raw) }
        // Where text is optional, nothing is nothing.
        _ = try check(raw, 0...20)
    }

    @Test func linesAreKeptOnlyWhereTheyMayBe() throws {
        #expect(try check("one\r\ntwo\n\tthree\r\n", multiline: true) == "one\ntwo\n\tthree")
        #expect(throws: Refusal.invalid(field: "subject", problem: .controlCharacters)) {
            try check("one\rtwo", multiline: true)
        }
        #expect(throws: Refusal.invalid(field: "subject", problem: .controlCharacters)) {
            try check("one\r", multiline: true)
        }
        #expect(throws: Refusal.invalid(field: "subject", problem: .controlCharacters)) {
            try check("one\u{2028}two", multiline: true)
        }
    }

    @Test func lengthsAtTheBoundsAreTaken() throws {
        #expect(try check("12345", 5...5) == "12345")
        #expect(throws: Refusal.invalid(field: "subject", problem: .tooShort(minimum: 5))) {
            try check("1234", 5...9)
        }
        #expect(throws: Refusal.invalid(field: "subject", problem: .tooLong(maximum: 9))) {
            try check("1234567890", 5...9)
        }
        // White space around does not count, unless there is absurdly much of it.
        #expect(try check("    12345   ", 5...9) == "12345")
        #expect(throws: Refusal.invalid(field: "subject", problem: .tooLong(maximum: 9))) {
            try check(String(repeating: " ", count: 40) + "12345", 5...9)
        }
    }

    @Test func oneCharacterOfAThousandScalarsIsTooLong() {
        #expect(throws: Refusal.invalid(field: "subject", problem: .tooLong(maximum: 20))) {
            try check("e" + String(repeating: "\u{301}", count: 1000))
        }
    }

    @Test func whatWasCheckedPassesAgainUnchanged() throws {
        var chance = SeededChance(seed: 99)
        let pieces = [
            "a", "é", " ", "\n", "\r\n", "\t", "👩‍👧", "ش", "\u{200D}", "\u{202E}", "\u{0}", "z", ".",
        ]
        for _ in 0..<20_000 {
            let raw = (0..<Int.random(in: 0...24, using: &chance)).map { _ in
                pieces.randomElement(using: &chance) ?? ""
            }.joined()
            guard let once = try? check(raw, multiline: true) else { continue }
            #expect(try check(once, multiline: true) == once)
            #expect(
                !once.unicodeScalars.contains { $0 == "\r" || $0 == "\u{202E}" || $0 == "\u{0}" }
            )
        }
    }
}

@Suite("E-mail addresses")
struct EmailAddressTests {
    @Test(arguments: [
        ("sue@contoso.test", "sue@contoso.test"),
        ("Sue.Reyes@Contoso.TEST", "sue.reyes@contoso.test"),
        ("sue+lockbox@contoso.test", "sue@contoso.test"),
        ("SUE+a+b@contoso.test", "sue@contoso.test"),
        ("o'neil@contoso.test", "o'neil@contoso.test"), ("a@b", "a@b"),
        ("root@localhost", "root@localhost"),
        ("x_y-z=1@a-b.c3.test", "x_y-z=1@a-b.c3.test"),
    ])
    func addressesAndWhatTheyAreComparedBy(_ text: String, _ canonical: String) throws {
        let address = try address(text)
        #expect(address.text == text)
        #expect(address.canonical == canonical)
    }

    @Test(arguments: [
        "", "@", "a@", "@b", "ab", "a b@c.test", "a@b c.test", "a@@b.test", "a@b@c.test",
        ".a@b.test", "a.@b.test",
        "a..b@c.test", "a@.b.test", "a@b..test", "a@b.test.", "a@-b.test", "a@b-.test",
        "a@b.-c.test", "a@b.c-",
        "+tag@b.test", "\"a b\"@c.test", "a@[127.0.0.1]", "<a@b.test>", "Sue <a@b.test>",
        "a@b.test,c@d.test",
        "a@b.test\r\nBcc: c@d.test", "a\n@b.test", "a@b.test\n", "a@b.test\0", " a@b.test",
        "a@b.test ", "a%b@c.test",
        "a!b@c.test", "a/b@c.test", "a|b@c.test", "`id`@c.test", "a*@c.test", "a?@c.test",
        "a;b@c.test", "a:b@c.test",
        "a\\@c.test", "(x)a@c.test", "süe@contoso.test", "sue@cöntoso.test",
        "s\u{212A}@contoso.test",
        "sue\u{200B}@contoso.test", "ѕue@contoso.test", "sue@contoso.test\u{202E}",
        "sue＠contoso.test",
    ])
    func hostileAndBrokenOnesAreRefused(_ text: String) { #expect(EmailAddress(text) == nil) }

    @Test func lengthsAtTheBounds() {
        let local = String(repeating: "l", count: 64)
        let label = String(repeating: "d", count: 63)
        #expect(EmailAddress("\(local)@b.test") != nil)
        #expect(EmailAddress("\(local)l@b.test") == nil)
        #expect(EmailAddress("a@\(label).test") != nil)
        #expect(EmailAddress("a@\(label)d.test") == nil)
        let long = "\(local)@\(label).\(label).\(String(repeating: "e", count: 61))"
        #expect(long.utf8.count == 254)
        #expect(EmailAddress(long) != nil)
        #expect(EmailAddress(long + "e") == nil)
    }
}
