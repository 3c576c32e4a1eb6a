import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// The bodies as these products send them.
@Suite("What Entra ID and Okta send is understood")
struct DirectoryQuirkTests {
    /// Operations, and a member of what comes of them; `kind` is the fault where they are refused.
    struct Case: Sendable {
        let operations: String
        var member = ""
        var value = JSONValue.null
        var kind: String?

        init(_ operations: String, _ member: String, _ value: JSONValue) {
            (self.operations, self.member, self.value) = (operations, member, value)
        }

        init(_ operations: String, refused kind: String) {
            (self.operations, self.kind) = (operations, kind)
        }
    }

    private static let enterprise =
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

    static let entra: [Case] = [
        Case(#"{"op":"Replace","path":"active","value":"False"}"#, "active", false),
        Case(#"{"op":"Add","path":"active","value":"True"}"#, "active", true),
        Case(
            #"{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]}"#,
            "active",
            false
        ),
        Case(
            #"{"op":"Replace","path":"emails[type eq \"work\"].value","value":"n@contoso.test"}"#,
            "emails",
            [["value": "n@contoso.test", "type": "work", "primary": true]]
        ),
        Case(
            #"{"op":"Add","path":"emails[type eq \"home\"].value","value":"h@contoso.test"}"#,
            "emails",
            [
                ["value": "nina.b@contoso.test", "type": "work", "primary": true],
                ["value": "h@contoso.test", "type": "home"],
            ]
        ),
        Case(
            #"{"op":"Replace","value":{"displayName":"N. B.","name.givenName":"Nin","active":"true"}}"#,
            "name",
            ["givenName": "Nin", "familyName": "Berg"]
        ),
        Case(
            #"{"op":"replace","value":{"emails[type eq \"work\"].value":"w@contoso.test"}}"#,
            "emails",
            [["value": "w@contoso.test", "type": "work", "primary": true]]
        ),
        Case(
            #"{"op":"Add","path":"name.familyName","value":"Holm"}"#,
            "name",
            ["givenName": "Nina", "familyName": "Holm"]
        ),
        Case(#"{"op":"Remove","path":"name.familyName"}"#, "name", ["givenName": "Nina"]),
        Case(#"{"op":"Replace","path":"externalId","value":"other"}"#, "externalId", "other"),
        // Of the standard, and not kept.
        Case(
            #"{"op":"Add","path":"\#(enterprise):department","value":"IT"},"#
                + #"{"op":"Add","path":"title","value":"Boss"},"#
                + #"{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"1"},"#
                + #"{"op":"Replace","path":"displayName","value":"Nina B"}"#,
            "displayName",
            "Nina B"
        ),
    ]

    static let okta: [Case] = [
        Case(#"{"op":"replace","value":{"active":false}}"#, "active", false),
        Case(
            #"{"op":"replace","value":{"id":"x","displayName":"Nina Okta"}}"#,
            "displayName",
            "Nina Okta"
        ),
        Case(#"{"op":"replace","path":"displayName","value":""}"#, "displayName", .null),
    ]

    static let standard: [Case] = [
        Case(
            #"{"op":"add","value":{"emails":[{"value":"x@contoso.test","primary":true}]}}"#,
            "emails",
            [
                ["value": "nina.b@contoso.test", "type": "work", "primary": false],
                ["value": "x@contoso.test", "primary": true],
            ]
        ),
        Case(
            #"{"op":"add","path":"emails","value":{"value":"NINA.B@contoso.test","type":"other"}}"#,
            "emails",
            [["value": "NINA.B@contoso.test", "type": "other"]]
        ),
        Case(#"{"op":"remove","path":"emails[type eq \"work\"]"}"#, "emails", .null),
        Case(
            #"{"op":"remove","path":"emails[type eq \"gone\"]"}"#,
            "userName",
            "nina@contoso.test"
        ),
        Case(#"{"op":"remove","path":"active"}"#, "active", .null),
        Case(
            #"{"op":"replace","path":"name","value":{"familyName":"Ek"}}"#,
            "name",
            ["givenName": "Nina", "familyName": "Ek"]
        ),
        Case(#"{"op":"replace","path":"name","value":null}"#, "name", .null),
    ]

    static let refused: [Case] = [
        Case(#"{"op":"move","path":"active","value":true}"#, refused: "invalidSyntax"),
        Case(#"{"path":"active","value":true}"#, refused: "invalidSyntax"),
        Case(#"{"op":5,"path":"active","value":true}"#, refused: "invalidSyntax"),
        Case(#"{"op":"add","path":"active","value":true,"x":1}"#, refused: "invalidSyntax"),
        Case(#"{"op":"add","OP":"add","path":"active","value":true}"#, refused: "invalidSyntax"),
        Case(#"{"op":"replace","path":"active"}"#, refused: "invalidValue"),
        Case(#"{"op":"replace","value":true}"#, refused: "invalidValue"),
        Case(#"{"op":"remove"}"#, refused: "noTarget"),
        Case(#"{"op":"replace","path":"secret","value":"x"}"#, refused: "invalidPath"),
        Case(#"{"op":"replace","value":{"secret":"x"}}"#, refused: "invalidPath"),
        Case(#"{"op":"replace","path":"","value":{"active":true}}"#, refused: "invalidPath"),
        Case(#"{"op":"replace","path":7,"value":"x"}"#, refused: "invalidPath"),
        Case(#"{"op":"replace","path":"name.","value":"x"}"#, refused: "invalidPath"),
        Case(
            #"{"op":"replace","path":"emails.value","value":"a@contoso.test"}"#,
            refused: "invalidPath"
        ),
        Case(#"{"op":"replace","path":"emails[type eq","value":"x"}"#, refused: "invalidPath"),
        Case(#"{"op":"replace","path":"id","value":"x"}"#, refused: "mutability"),
        Case(#"{"op":"replace","path":"meta.version","value":"x"}"#, refused: "mutability"),
        Case(#"{"op":"add","path":"groups","value":[{"value":"x"}]}"#, refused: "mutability"),
        Case(#"{"op":"remove","path":"userName"}"#, refused: "mutability"),
        Case(
            #"{"op":"replace","path":"emails[type eq \"home\"].value","value":"h@contoso.test"}"#,
            refused: "noTarget"
        ),
        Case(#"{"op":"replace","path":"active","value":"perhaps"}"#, refused: "invalidValue"),
        Case(#"{"op":"replace","path":"active","value":1}"#, refused: "invalidValue"),
        Case(#"{"op":"replace","path":"userName","value":["a"]}"#, refused: "invalidValue"),
        Case(#"{"op":"replace","path":"userName","value":{"value":"a"}}"#, refused: "invalidValue"),
        Case(#"{"op":"replace","path":"name","value":"Nina"}"#, refused: "invalidValue"),
        Case(
            #"{"op":"replace","path":"emails","value":[{"value":"nonsense"}]}"#,
            refused: "invalidValue"
        ),
        Case(
            #"{"op":"replace","path":"emails","value":["a@contoso.test"]}"#,
            refused: "invalidValue"
        ),
        Case(#"{"op":"replace","path":"displayName","value":"a\u202Eb"}"#, refused: "invalidValue"),
        Case(
            #"{"op":"replace","path":"userName","value":"adam@contoso.test"}"#,
            refused: "uniqueness"
        ),
        // Of several, none is done where one cannot be.
        Case(
            #"{"op":"replace","path":"displayName","value":"X"},{"op":"replace","path":"nope","value":1}"#,
            refused: "invalidPath"
        ),
    ]

    @Test func changesOfPeople() async throws {
        try await SCIMWorld.with { scim async throws in
            let body = """
                {"schemas":["\(SCIMWorld.users)"],"userName":"nina@contoso.test","active":true,
                 "externalId":"e-1","name":{"givenName":"Nina","familyName":"Berg"},
                 "displayName":"Nina",
                 "emails":[{"value":"nina.b@contoso.test","type":"work","primary":true}]}
                """
            let id = try #require(try await scim.ask(.post, "/Users", body).json(201)["id"].text)
            for one in Self.entra + Self.okta + Self.standard {
                _ = try await scim.ask(.put, "/Users/\(id)", body).json(200)
                let answer = try await scim.patch("/Users/\(id)", one.operations).json(200)
                #expect(answer[one.member] == one.value, "\(one.operations)")
                let read = try await scim.ask(.get, "/Users/\(id)").json(200)
                #expect(read == answer, "\(one.operations)")
            }
            _ = try await scim.ask(.put, "/Users/\(id)", body).json(200)
            // Known to the directory from here on, so that her name is taken.
            _ = try await scim.group("Known", [Fixture.adam.id.text])
            let before = try await scim.ask(.get, "/Users/\(id)").json(200)
            let records = try await scim.world.entries().count
            for one in Self.refused {
                let answer = try await scim.patch("/Users/\(id)", one.operations)
                try answer.expectFault(one.kind == "uniqueness" ? 409 : 400, one.kind)
                #expect(try await scim.ask(.get, "/Users/\(id)").json(200) == before)
            }
            #expect(try await scim.world.entries().count == records)
        }
    }

    @Test func groupsGainAndLoseMembers() async throws {
        try await SCIMWorld.with { scim async throws in
            let (nina, olaf) = (try await scim.add("nina"), try await scim.add("olaf"))
            let id = try await scim.group("Team")
            func members(_ operations: String) async throws -> Set<String> {
                let answer = try await scim.patch("/Groups/\(id)", operations).json(200)["members"]
                return Set((0..<answer.count).compactMap { answer[$0]["value"].text })
            }
            for (operations, expected) in [
                (
                    #"{"op":"Add","path":"members","value":[{"$ref":null,"value":"\#(nina)"}]}"#,
                    [nina]
                ),
                (#"{"op":"Add","path":"members","value":[{"value":"\#(nina)"}]}"#, [nina]),
                (
                    #"{"op":"add","path":"members","value":[{"value":"\#(olaf)","display":"O"}]}"#,
                    [nina, olaf]
                ),
                (
                    #"{"op":"Remove","path":"members","value":[{"$ref":null,"value":"\#(nina)"}]}"#,
                    [olaf]
                ),
                (#"{"op":"Remove","path":"members","value":[]}"#, [olaf]),
                (#"{"op":"Remove","path":"members[value eq \"\#(nina)\"]"}"#, [olaf]),
                (#"{"op":"remove","path":"members[value eq \"\#(olaf)\"]"}"#, []),
                (
                    #"{"op":"replace","path":"members","value":[{"value":"\#(nina)"},{"value":"\#(olaf)"}]}"#,
                    [nina, olaf]
                ),
                (
                    #"{"op":"replace","value":{"id":"\#(id)","displayName":"Team Two"}}"#,
                    [nina, olaf]
                ),
                (#"{"op":"replace","path":"members","value":[]}"#, []),
                (#"{"op":"add","value":{"members":[{"value":"\#(nina)","type":"User"}]}}"#, [nina]),
                (#"{"op":"remove","path":"members"}"#, [] as [String]),
            ] {
                #expect(try await members(operations) == Set(expected), "\(operations)")
            }
            for (operations, kind) in [
                (
                    #"{"op":"add","path":"members","value":[{"value":"\#(Fixture.frida.id)"}]}"#,
                    "invalidValue"
                ),
                (
                    #"{"op":"add","path":"members","value":[{"value":"\#(id)","type":"Group"}]}"#,
                    "invalidValue"
                ),
                (#"{"op":"add","path":"members","value":["\#(nina)"]}"#, "invalidValue"),
                (#"{"op":"add","path":"members","value":[{"$ref":"x"}]}"#, "invalidValue"),
                (#"{"op":"remove","path":"displayName"}"#, "mutability"),
                (#"{"op":"add","path":"owners","value":"x"}"#, "invalidPath"),
            ] {
                try await scim.patch("/Groups/\(id)", operations).expectFault(400, kind)
            }
            let list = try await scim.ask(
                .get,
                "/Groups",
                query: [
                    ("excludedAttributes", "members"), ("filter", #"displayName eq "team two""#),
                ]
            )
            .json(200)
            #expect(list["Resources"][0]["id"].text == id)
        }
    }
}
