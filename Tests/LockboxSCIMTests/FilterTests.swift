import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import LockboxWire
import Testing

@Suite("Filters mean what RFC 7644 says")
struct FilterTests {
    /// A filter of people, and whom it means of Adam, Nina and Olaf; nil where it is refused.
    struct Case: Sendable, CustomTestStringConvertible {
        let filter: String
        let found: Set<String>?

        init(_ filter: String, _ found: String...) {
            self.filter = filter
            self.found = Set(found)
        }

        private init(refused filter: String) {
            self.filter = filter
            found = nil
        }

        static func refused(_ filter: String) -> Case { Case(refused: filter) }

        var testDescription: String { String(filter.prefix(60)) }
    }

    static let comparisons: [Case] = [
        Case(#"userName eq "nina@contoso.test""#, "nina"),
        Case(#"userName eq "NINA@Contoso.TEST""#, "nina"),
        Case(
            #"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "nina@contoso.test""#,
            "nina"
        ),
        Case(#"userName eq "nobody""#),
        Case(#"userName ne "nina@contoso.test""#, "adam", "olaf"),
        Case(#"userName sw "o""#, "olaf"),
        Case(#"userName co "in""#, "nina"),
        Case(#"userName ew "f@contoso.test""#, "olaf"),
        Case(#"externalId eq "ext-olaf""#, "olaf"),
        Case(#"externalId eq "EXT-olaf""#),
        Case(#"externalId pr"#, "nina", "olaf"),
        Case(#"not (externalId pr)"#, "adam"),
        Case(#"externalId eq null"#, "adam"),
        Case(#"active eq false"#, "olaf"),
        Case(#"active eq "True""#, "adam", "nina"),
        Case(#"active ne true"#, "olaf"),
        Case(#"name.familyName eq "Berg""#, "nina"),
        Case(#"name.familyName gt "a""#, "nina"),
        Case(#"displayName lt "b""#, "adam"),
        Case(#"emails eq "olaf.work@contoso.test""#, "olaf"),
        Case(#"emails.value co "work""#, "olaf"),
        Case(#"emails[type eq "work" and value co "olaf"]"#, "olaf"),
        Case(#"emails[type eq "home" and value co "work"]"#),
        Case(#"emails[type eq "home"]"#, "olaf"),
        Case(#"emails.display pr"#),
        Case(#"emails[display eq "x"]"#),
        Case(#"title eq "Boss""#),
        Case(#"title pr or nickName eq 5"#),
        Case(#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x""#),
        Case(#"meta.resourceType eq "User""#, "adam", "nina", "olaf"),
        Case(#"meta.lastModified ge "2020-01-01T00:00:00Z""#, "nina", "olaf"),
        Case(#"meta.lastModified lt "2020-01-01T00:00:00Z""#),
        Case(#"groups.display eq "Staff""#, "nina"),
        Case(#"id eq "\#(Fixture.adam.id)""#, "adam"),
    ]

    static let combinations: [Case] = [
        Case(#"userName sw "n" or userName sw "o""#, "nina", "olaf"),
        Case(#"userName sw "n" and active eq true or userName sw "o""#, "nina", "olaf"),
        Case(#"userName sw "n" and (active eq false or userName sw "o")"#),
        Case(#"userName sw "o" AND NOT (active eq true)"#, "olaf"),
        Case(#"  ( ( userName sw "n" ) )  "#, "nina"),
        Case(#"userName eq "quo\"te\u0041""#),
    ]

    static let refusals: [Case] = [
        .refused(""), .refused("userName"), .refused("userName eq"), .refused(#"userName is "x""#),
        .refused(#"userName eq "x"#), .refused(#"userName eq 'x'"#), .refused("userName eq x"),
        .refused(#"userName eq "x" and"#), .refused(#"userName eq "x" userName eq "y""#),
        .refused(#"(userName eq "x""#), .refused(#"userName eq "x")"#),
        .refused(#"not userName eq "x""#), .refused(#"emails[type eq "work""#),
        .refused(#"userName[type eq "work"]"#), .refused(#"emails[zip eq "1"]"#),
        .refused(#"secret eq "x""#), .refused(#"name.secret eq "x""#), .refused(#"name eq "x""#),
        .refused("active gt true"), .refused(#"active co "t""#), .refused("active eq 1"),
        .refused("userName gt null"), .refused("userName eq 5"), .refused(#"userName eq "\x""#),
        .refused(#"userName eq "x"; drop"#), .refused(#"a.b.c eq "x""#), .refused(#".. eq "x""#),
        .refused(
            String(repeating: "(", count: 1_000) + #"userName eq "x""#
                + String(repeating: ")", count: 1_000)
        ),
        .refused(
            String(repeating: "not (", count: 17) + #"userName pr"#
                + String(repeating: ")", count: 17)
        ),
        .refused(Array(repeating: "active pr", count: 51).joined(separator: " or ")),
        .refused(#"userName eq ""# + String(repeating: "x", count: 5_000) + #"""#),
    ]

    @Test func eachMeansThosePeople() async throws {
        try await SCIMWorld.with { scim async throws in
            let ids = try await Self.furnish(scim)
            for one in Self.comparisons + Self.combinations {
                let answer = try await scim.ask(.get, "/Users", query: [("filter", one.filter)])
                let resources = try answer.json(200)["Resources"]
                let found = Set((0..<resources.count).compactMap { resources[$0]["id"].text })
                let names = ids.filter { found.contains($0.value) }.keys
                #expect(Set(names) == one.found, "\(one.filter)")
            }
        }
    }

    @Test func whatIsNoFilterIsRefused() async throws {
        try await SCIMWorld.with { scim async throws in
            for one in Self.refusals {
                try await scim.ask(.get, "/Users", query: [("filter", one.filter)])
                    .expectFault(400, "invalidFilter")
            }
        }
    }

    @Test func listsComeInPagesWithThePartsThatAreWanted() async throws {
        try await SCIMWorld.with { scim async throws in
            _ = try await Self.furnish(scim)
            let all = try await scim.ask(.get, "/Users").json(200)
            let total = all["Resources"].count
            var seen: Set<String> = []
            for start in 1...total {
                let query = [("startIndex", "\(start)"), ("count", "1")]
                let page = try await scim.ask(.get, "/Users", query: query).json(200)
                #expect(page["totalResults"] == .integer(Int64(total)))
                #expect(page["itemsPerPage"] == 1)
                seen.insert(try #require(page["Resources"][0]["id"].text))
            }
            #expect(seen.count == total)
            for (query, items) in [
                ([("startIndex", "-3"), ("count", "-1")], 0), ([("count", "0")], 0),
                ([("startIndex", "\(total + 1)")], 0), ([("count", "100000")], total),
            ] {
                let page = try await scim.ask(.get, "/Users", query: query).json(200)
                #expect(page["Resources"].count == items, "\(query)")
            }
            for query in [
                [("count", "x")], [("count", "1"), ("count", "2")], [("sortBy", "userName")],
                [("attributes", "secret")], [("attributes", "id"), ("excludedAttributes", "id")],
            ] {
                try await scim.ask(.get, "/Users", query: query).expectFault(400, "invalidValue")
            }
            let some = try await scim.ask(
                .get,
                "/Users",
                query: [
                    ("filter", #"userName sw "nina""#), ("attributes", "name.familyName, TITLE"),
                ]
            )
            .json(200)["Resources"][0]
            #expect(some["name"] == ["familyName": "Berg"])
            #expect(some["userName"] == .null && some["id"] != .null && some["schemas"] != .null)
            let id = try #require(some["id"].text)
            let rest = try await scim.ask(
                .get,
                "/Users/\(id)",
                query: [("excludedAttributes", "emails,name.givenName,id")]
            )
            .json(200)
            #expect(rest["emails"] == .null && rest["name"] == ["familyName": "Berg"])
            #expect(rest["id"].text == id)
        }
    }

    @Test func aSearchIsAskedByPostToo() async throws {
        try await SCIMWorld.with { scim async throws in
            let ids = try await Self.furnish(scim)
            func search(_ path: String, _ members: String) async throws -> Answer {
                let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
                return try await scim.ask(.post, path, #"{"schemas":["\#(schema)"]\#(members)}"#)
            }
            let nina = #","filter":"userName eq \"nina@contoso.test\"","attributes":["id"]"#
            for path in ["/.search", "/Users/.search"] {
                let found = try await search(path, nina).json(200)
                #expect(found["totalResults"] == 1)
                #expect(found["Resources"][0]["id"].text == ids["nina"])
            }
            try await search("/Groups/.search", nina).expectFault(400, "invalidFilter")
            let both = try await search("/.search", #","filter":"displayName eq \"Staff\"""#)
            #expect(try both.json(200)["Resources"][0]["meta"]["resourceType"].text == "Group")
            try await search("/.search", #","filter":5"#).expectFault(400, "invalidValue")
            try await search("/.search", #","order":"x""#).expectFault(400, "invalidSyntax")
            try await scim.ask(.post, "/.search", "{}").expectFault(400, "invalidSyntax")
        }
    }

    /// Three people of whom the directory has said more, or nothing.
    private static func furnish(_ scim: SCIMWorld) async throws -> [String: String] {
        let nina = try await scim.add(
            "nina",
            #","name":{"familyName":"Berg","givenName":"Nina"}"#
        )
        let olaf = try await scim.add(
            "olaf",
            """
            ,"emails":[{"value":"olaf.work@contoso.test","type":"work","primary":true},
                       {"value":"olaf@contoso.test","type":"home"}]
            """
        )
        _ = try await scim.patch("/Users/\(olaf)", #"{"op":"replace","value":{"active":false}}"#)
        _ = try await scim.group("Staff", [nina])
        // The others would only make the table long.
        for person in [Fixture.sue, Fixture.gita, Fixture.tom, Fixture.uma] {
            try await scim.world.audited.write(by: .console) { change in
                try change.tx.save(
                    Fixture.provisionedUser(person, with: scim.token.id) { $0.isGone = true },
                    at: person.side
                )
            }
        }
        return ["nina": nina, "olaf": olaf, "adam": Fixture.adam.id.text]
    }
}
