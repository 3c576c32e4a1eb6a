import LockboxDomain
import LockboxFixtures
import Testing

struct DomainNameTests {
    @Test(arguments: ["contoso.example", "a.b", "x-y.z1", String(repeating: "a", count: 63) + ".b"])
    func domainIsRead(_ text: String) {
        #expect(DomainName(text)?.text == text)
        #expect(DomainName(text.uppercased())?.text == text)
    }

    @Test(arguments: [
        "", ".", "contoso", "contoso.", ".example", "a..b", "-a.b", "a-.b", "a b.c", "@a.b",
        "b@a.b",
        "*.a.b", "ä.example", "a.b/c", "a.b:25", "\u{212A}.example",
        String(repeating: "a", count: 64) + ".b", String(repeating: "a.", count: 130) + "b",
    ]) func whatIsNoDomainIsRefused(_ text: String) {
        #expect(DomainName(text) == nil)
    }

    @Test func domainCoversItselfAndWhatIsBelowIt() throws {
        let domain = try #require(DomainName("contoso.example"))
        for name in [
            "mailbox:a@contoso.example", "mailbox:a@eu.contoso.example", "app:contoso.example",
        ] {
            #expect(domain.covers(Fixture.resource(name)), "\(name)")
        }
        for name in [
            "mailbox:contoso.example@other.example", "mailbox:a@notcontoso.example", "app:wiki",
            "mailbox:a@contoso.example.other",
        ] {
            #expect(!domain.covers(Fixture.resource(name)), "\(name)")
        }
        #expect(domain.covers(EmailAddress("Ann+x@Contoso.Example")!))
        #expect(!domain.covers(EmailAddress("ann@example")!))
    }
}
