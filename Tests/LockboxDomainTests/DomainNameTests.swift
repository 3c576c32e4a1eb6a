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

    @Test func whatIsBelowADomainIsOfItsOwner() throws {
        var tenant = Fixture.contoso
        tenant.domains = [try #require(DomainName("contoso.example"))]
        let owners = DomainOwners([Fixture.fabrikam, tenant])
        for name in [
            "mailbox:a@contoso.example", "mailbox:a@eu.contoso.example", "app:contoso.example",
        ] {
            #expect(owners.owner(of: Fixture.resource(name).host) == tenant.id, "\(name)")
        }
        for name in [
            "mailbox:contoso.example@other.example", "mailbox:a@notcontoso.example", "app:wiki",
            "mailbox:a@contoso.example.other",
        ] {
            #expect(owners.owner(of: Fixture.resource(name).host) == nil, "\(name)")
        }
        #expect(owners.owner(of: EmailAddress("Ann+x@Contoso.Example")!.domain) == tenant.id)
        #expect(owners.owner(of: EmailAddress("ann@example")!.domain) == nil)
    }
}
