import LockboxDomain
import Testing

@Suite("Names and identifiers")
struct NamesTests {
    // MARK: - Resources

    @Test(arguments: [
        ("mailbox:sue@contoso.test", "mailbox", "sue@contoso.test"),
        ("Mailbox:Sue@Contoso.TEST", "mailbox", "sue@contoso.test"),
        ("database:contoso-prod", "database", "contoso-prod"), ("a:b", "a", "b"),
        ("a:b.c", "a", "b.c"),
        ("mailbox:sue+tag@contoso.test", "mailbox", "sue+tag@contoso.test"),
    ])
    func resources(_ text: String, _ type: String, _ local: String) throws {
        let resource = try required(Resource(service: slug("mail"), name: text))
        #expect(resource.type == type)
        #expect(resource.localName == local)
        #expect(resource.name == "\(type):\(local)")
    }

    @Test(arguments: [
        "", ":", "mailbox", "mailbox:", ":sue", "::mailbox:sue@contoso.test", ":mailbox:sue",
        "mailbox::sue",
        "mailbox:a:b", "mail box:sue", "mail1:sue", "mail-box:sue", "mailbox:../adam",
        "mailbox:a/../b", "mailbox:a/b",
        "mailbox:a..b", "mailbox:..", "mailbox:.", "mailbox:.hidden", "mailbox:-rf", "mailbox:a\\b",
        "mailbox:a b",
        "mailbox:a\nb", "mailbox:a\tb", "mailbox:a\0b", "mailbox:a%2fb", "mailbox:a\"b",
        "mailbox:a'b", "mailbox:a`b",
        "mailbox:$HOME", "mailbox:a;b", "mailbox:a|b", "mailbox:a&b", "mailbox:a<b>", "mailbox:*",
        "mailbox:?",
        "mailbox:{a,b}", "mailbox:a,b", "mailbox:~root", "mailbox:#x", "mailbox:a!b", "mailbox:[a]",
        "mailbox:(a)",
        "mailbox:sü", "mailbox:su\u{212A}e", "mailbox:ſue", "mailbox\u{FF1A}sue", "\u{212A}:sue",
        "mailbox:sue\u{200B}",
        " mailbox:sue", "mailbox:sue ", "mailbox: sue",
    ])
    func resourcesThatClimbSplitOrDeceiveAreRefused(_ text: String) throws {
        #expect(Resource(service: try slug("mail"), name: text) == nil)
    }

    @Test func resourcesAtTheBounds() throws {
        let service: ServiceID = try slug("mail")
        #expect(Resource(service: service, name: "m:" + String(repeating: "x", count: 298)) != nil)
        #expect(Resource(service: service, name: "m:" + String(repeating: "x", count: 299)) == nil)
    }

    // MARK: - Actions and scopes

    @Test func writingIncludesReadingHoweverItIsSaid() throws {
        #expect(Actions(names: ["write"]) == [.read, .write])
        #expect(Actions(names: ["write", "read"]) == [.read, .write])
        #expect(Actions(names: ["read"]) == .read)
        #expect(Access(try mailbox("sue"), .write).actions == [.read, .write])
        #expect(try scope(("sue", .read)).isWithin(scope(("sue", .write))))
    }

    @Test(arguments: [
        [], ["read", "read"], ["write", "write"], ["Read"], ["delete"], ["read", ""],
    ])
    func actionsThatAreNoneAreRefused(_ names: [String]) { #expect(Actions(names: names) == nil) }

    @Test func scopesHaveAFixedOrder() throws {
        let one = try scope(("sue", .read), ("adam", .read))
        let other = try scope(("adam", .read), ("sue", .read))
        #expect(one == other)
        #expect(
            one.accesses.map(\.resource.localName) == ["adam@contoso.test", "sue@contoso.test"]
        )
        let two = try Scope([
            Access(mailbox("sue", service: "mail"), .read),
            Access(mailbox("sue", service: "archive"), .read),
            Access(mailbox("adam", service: "mail"), .read),
        ])
        #expect(two.services == [try slug("archive"), try slug("mail")])
    }

    @Test func scopesNameTheEntryAtFaultByItsPlaceInTheInput() throws {
        #expect(throws: Refusal.invalid(field: "resources", problem: .missing)) { try Scope([]) }
        #expect(throws: Refusal.invalid(field: "resources[3]", problem: .duplicate)) {
            try scope(("zoe", .read), ("sue", .read), ("adam", .read), ("sue", .write))
        }
        #expect(throws: Refusal.invalid(field: "resources[1]", problem: .duplicate)) {
            try scope(("zoe", .read), ("zoe", .read), ("adam", .read))
        }
        let twenty = try (1...20).map { Access(try mailbox("box\($0)"), .read) }
        _ = try Scope(twenty)
        #expect(throws: Refusal.self) { try Scope(twenty + [Access(mailbox("box21"), .read)]) }
    }

    // MARK: - Slugs and numbers

    @Test(arguments: ["contoso", "a", "0", "a-b", "a--b", "x" + String(repeating: "y", count: 62)])
    func slugs(_ text: String) { #expect(TenantID(text)?.text == text) }

    @Test(arguments: [
        "", "-a", "a-", "-", "A", "Contoso", "a b", "a_b", "a.b", "a/b", "..", "ä", "a\n", "a\0",
        "ｃontoso",
        "x" + String(repeating: "y", count: 63),
    ])
    func slugsThatAreNone(_ text: String) { #expect(TenantID(text) == nil) }

    @Test(arguments: ["SR-1", "INC0012345", "2026.11_7-b", "_x", String(repeating: "9", count: 64)])
    func supportRequestNumbers(_ text: String) { #expect(SupportRequestNumber(text)?.text == text) }

    @Test(arguments: [
        "", ".", "..", ".x", "-x", "a b", "a/b", "a\\b", "a%2f", "#1", "a?b", "a\r\nb", "ä", "１",
        String(repeating: "9", count: 65),
    ])
    func supportRequestNumbersThatAreNone(_ text: String) {
        #expect(SupportRequestNumber(text) == nil)
    }

    // MARK: - Identifiers

    @Test func identifiersSayWhatTheyAreOf() throws {
        #expect((identifier(7) as AccessRequestID).text == "LBX-7777777777")
        #expect((identifier(31) as GrantID).text == "GRT-ZZZZZZZZZZ")
        // Only five bits of each byte count, each of the 32 letters equally often.
        #expect((identifier(255) as PersonID) == identifier(31))
        #expect(
            SupportRequestNumber(entropy: Array(repeating: 10, count: 10)).text == "SR-AAAAAAAAAA"
        )
    }

    @Test func identifiersAreReadInAnyCaseButOnlyAsTheirOwnKind() throws {
        let id: AccessRequestID = try required(ID("lbx-7k3m9qpxab"))
        #expect(id.text == "LBX-7K3M9QPXAB")
        #expect(GrantID(id.text) == nil)
    }

    @Test(arguments: [
        "", "LBX-", "LBX-7K3M9QPXA", "LBX-7K3M9QPXABC", "LBX7K3M9QPXABC", "LBX_7K3M9QPXAB",
        "7K3M9QPXAB",
        "LBX-7K3M9QPXAI", "LBX-7K3M9QPXAL", "LBX-7K3M9QPXAO", "LBX-7K3M9QPXAU", "LBX-7K3M9QPX/B",
        " LBX-7K3M9QPXAB",
        "LBX-7K3M9QPXAB\n", "LBX-7K3M9QPXA\0", "LBX-7K3M9QPXAſ", "LBX-7K3M9QPXﬀ",
        "LBX-7\u{212A}3M9QPXAB",
        "ＬBX-7K3M9QPXAB",
    ])
    func identifiersThatAreNone(_ text: String) { #expect(AccessRequestID(text) == nil) }

    @Test func everyIdentifierIsReadBack() {
        var chance = SeededChance(seed: 1)
        for _ in 0..<5000 {
            let id = AccessRequestID(
                entropy: (0..<10).map { _ in UInt8.random(in: 0...255, using: &chance) }
            )
            #expect(AccessRequestID(id.text) == id)
            #expect(AccessRequestID(id.text.lowercased()) == id)
        }
    }
}
