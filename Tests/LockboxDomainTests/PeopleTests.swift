import LockboxDomain
import Testing

@Suite("People and their roles")
struct PeopleTests {
    @Test func onePersonIsOnePersonWhateverTheSpelling() throws {
        let one = approver(1, "Sue@Contoso.test", aliases: ["s.reyes@contoso.test"])
        let same = [
            approver(2, "sue@contoso.TEST"), approver(2, "sue+lockbox@contoso.test"),
            approver(2, "S.Reyes+x@contoso.test"),
            approver(2, "z@contoso.test", aliases: ["SUE@contoso.test"]),
            approver(2, "z@contoso.test", aliases: ["S.REYES@contoso.test"]),
            approver(1, "new@contoso.test"),
        ]
        for other in same {
            #expect(one.isSame(as: other))
            #expect(other.isSame(as: one))
        }
        for other in [
            approver(2, "sue@contoso.test.test"), approver(2, "su@contoso.test"),
            approver(2),
        ] {
            #expect(!one.isSame(as: other))
            #expect(!other.isSame(as: one))
        }
    }

    @Test func rolesHoldOnOneSideAndOnlyWhileTheRecordIsOn() throws {
        let contoso: TenantID = try slug("contoso")
        for cast in Cast.allCases {
            let person = try cast.person()
            #expect(
                person.mayDecide(for: contoso)
                    == [.approver, .admin, .aliasApprover].contains(cast)
            )
        }
        // A role of the other side, stored by mistake, gives nothing.
        var person = try Cast.approver.person()
        person.roles = [.engineer, .manager, .operator]
        #expect(!person.holds(oneOf: [.engineer, .manager, .operator], at: .provider))
        #expect(!person.mayDecide(for: contoso))
        var engineer = try Cast.engineer.person()
        engineer.roles = [.approver, .admin]
        #expect(!engineer.mayDecide(for: contoso))
        #expect(!engineer.holds(oneOf: [], at: .provider))
    }

    @Test func rolesAreNamedOnTheirOwnSide() throws {
        #expect(Roles(names: ["engineer", "manager"], side: .provider) == [.engineer, .manager])
        #expect(Roles(names: ["approver"], side: .provider) == nil)
        #expect(Roles(names: ["engineer"], side: .tenant(try slug("contoso"))) == nil)
        #expect(Roles(names: ["auditor"], side: .provider) == .auditor)
        #expect(Roles(names: ["auditor"], side: .tenant(try slug("contoso"))) == .auditor)
        #expect(Roles(names: ["Approver"], side: .tenant(try slug("contoso"))) == nil)
        #expect(Roles(names: [], side: .provider) == [])
        let everything = Roles.ofProvider.union(.ofTenant)
        #expect(
            everything.names == [
                "engineer", "manager", "operator", "member", "approver", "admin", "auditor",
            ]
        )
    }

    @Test(arguments: Cast.allCases)
    func onlyTheTenantsPeopleOpenItsSupportRequests(_ cast: Cast) throws {
        let allowed: Set<Cast> = [.approver, .admin, .member, .tenantAuditor, .aliasApprover]
        let person = try cast.person()
        let outcome = Result {
            try SupportRequest(
                tenant: slug("contoso"),
                number: required(SupportRequestNumber("SR-1")),
                subject: "Mail vanishes",
                description: "Since yesterday.",
                service: nil,
                url: nil,
                openedBy: person,
                openedAt: morning
            )
        }
        if allowed.contains(cast) {
            #expect(try outcome.get().openedBy == person.id)
        } else {
            #expect(throws: Refusal.notPermitted(.openSupportRequests)) { try outcome.get() }
        }
    }

    @Test(arguments: [
        "javascript:alert(1)", "data:text/html,x", "ftp://x.test", "tickets.test/1", "https:/x",
        "//x.test",
        " JAVASCRIPT:x", "https://x.test/a b", "https://x.test/\u{202E}", "https://x.test/\n",
    ])
    func addressesOfTicketsAreWebAddresses(_ url: String) throws {
        let member = try Cast.member.person()
        do {
            let made = try SupportRequest(
                tenant: slug("contoso"),
                number: required(SupportRequestNumber("SR-1")),
                subject: "Mail vanishes",
                description: "Since yesterday.",
                service: nil,
                url: url,
                openedBy: member,
                openedAt: morning
            )
            Issue.record("accepted as \(made.url ?? "nil")")
        } catch let refusal as Refusal {
            #expect(refusal.field == "url")
        }
    }

    @Test func identitiesAreComparedByCanonicalAddress() throws {
        let identity = Identity(local: try address("Sue+x@Contoso.test"))
        #expect(identity == Identity(issuer: "local", subject: "sue@contoso.test"))
        #expect(identity != Identity(issuer: "https://id.test", subject: "sue@contoso.test"))
    }
}
