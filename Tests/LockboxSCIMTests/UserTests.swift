import Foundation
import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxSCIM
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

@Suite("A directory says who an organisation's people are")
struct UserTests {
    @Test func aPersonIsAddedFoundAndSwitchedOff() async throws {
        try await SCIMWorld.with { scim async throws in
            let none = try await scim.ask(
                .get,
                "/Users",
                query: [("filter", #"userName eq "nina@contoso.test""#)]
            )
            #expect(try none.json(200)["totalResults"] == 0)
            let id = try await scim.add("nina")
            let person = try await scim.person(id)
            #expect(person.side == .tenant(Fixture.contoso.id))
            #expect(person.name == "Nina" && person.roles.isEmpty && !person.isDisabled)

            let found = try await scim.ask(
                .get,
                "/Users",
                query: [("filter", #"USERNAME Eq "NINA@contoso.test""#)]
            )
            .json(200)
            #expect(found["totalResults"] == 1 && found["Resources"][0]["id"].text == id)
            #expect(found["Resources"][0]["externalId"].text == "ext-nina")

            let off = try await scim.patch(
                "/Users/\(id)",
                #"{"op":"Replace","path":"active","value":"False"}"#
            )
            #expect(try off.json(200)["active"] == false)
            #expect(try await scim.person(id).isDisabled)
        }
    }

    /// Of programs the provider's own directory knows nothing, and does nothing to them.
    @Test func programsAreNoPeopleOfADirectory() async throws {
        try await SCIMWorld.with { scim async throws in
            try await scim.world.audited.write(by: .console) { change in
                try change.tx.save(Fixture.robot)
                change.emit(.directory(.personAdded(Fixture.robot)))
            }
            let new = try await scim.signIn.issueProvisioningToken(
                TokenTerms(label: "Entra ID")
            )
            func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil)
                async throws -> Answer
            {
                try await scim.ask(method, path, body, in: SCIM.provider, secret: new.secret)
            }
            let list = try await ask(.get, "/Users").json(200)
            #expect(list["totalResults"] == 5)
            let one = "/Users/\(Fixture.robot.id)"
            #expect(try await ask(.get, one).status == 404)
            let off = """
                {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                 "Operations":[{"op":"replace","value":{"active":false}}]}
                """
            #expect(try await ask(.patch, one, off).status == 404)
            #expect(try await ask(.delete, one).status == 404)
            let same = """
                {"schemas":["\(SCIMWorld.users)"],"userName":"backup-bot@example-cloud.test",
                 "active":true}
                """
            #expect(try await ask(.post, "/Users", same).status == 409)
            let stored = try await scim.world.store.read { try $0.person(Fixture.robot.id) }
            #expect(stored == Fixture.robot)
        }
    }

    @Test func whoIsSwitchedOffLosesEveryWayInAtOnce() async throws {
        try await SCIMWorld.with { scim async throws in
            let token = try await scim.signIn.issueToken(
                for: Fixture.adam,
                TokenTerms(label: "mine", scopes: ["decide"])
            )
            let before = try await scim.world.entries().count
            _ = try await scim.patch(
                "/Users/\(Fixture.adam.id)",
                #"{"op":"replace","value":{"active":false}}"#
            )
            .json(200)
            await #expect(throws: Refusal.notSignedIn) {
                try await scim.signIn.caller(
                    token: token.secret,
                    from: ClientKey(address: "192.0.2.9"),
                    needing: .read
                )
            }
            #expect(
                try await scim.activities(after: before) == ["person.changed", "token.revoked"]
            )
            let actors = try await scim.world.entries().suffix(2).map(\.actor)
            #expect(Set(actors) == ["provisioning:\(scim.token.id)"])
            let told = try await scim.letters().filter { $0.change.contains("was switched off") }
            #expect(Set(told.map(\.to)) == ["adam@contoso.test", "gita@contoso.test"])
        }
    }

    @Test func theLastAdministratorStays() async throws {
        try await SCIMWorld.with { scim async throws in
            for _ in 0..<2 {
                try await scim.patch(
                    "/Users/\(Fixture.gita.id)",
                    #"{"op":"replace","path":"active","value":false}"#
                )
                .expectFault(409)
                try await scim.ask(.delete, "/Users/\(Fixture.gita.id)").expectFault(409)
            }
            #expect(try await scim.person(Fixture.gita.id.text) == Fixture.gita)
            // Told once, however often it is asked for.
            let refused = try await scim.activities().filter { $0 == "provisioning.refused" }
            #expect(refused.count == 1)
            #expect(try await scim.letters().contains { $0.change.contains("last administrator") })
        }
    }

    @Test func anAddressOfOthersIsRefusedAndTold() async throws {
        try await SCIMWorld.with { scim async throws in
            for address in [
                "eva@fabrikam.test", "eva@nowhere.test", "eva@sub.contoso.test.evil.test",
            ] {
                try await scim.ask(
                    .post,
                    "/Users",
                    #"{"schemas":["\#(SCIMWorld.users)"],"userName":"\#(address)"}"#
                )
                .expectFault(400, "invalidValue")
            }
            try await scim.patch(
                "/Users/\(Fixture.adam.id)",
                #"{"op":"add","path":"emails[type eq \"work\"].value","value":"a@fabrikam.test"}"#
            )
            .expectFault(400, "invalidValue")
            #expect(try await scim.person(Fixture.adam.id.text) == Fixture.adam)
            #expect(
                try await scim.activities().count { $0 == "provisioning.refused" } == 1
            )
        }
    }

    @Test func whoWasDeletedComesBackAsHerselfWithNoRole() async throws {
        try await SCIMWorld.with { scim async throws in
            let path = "/Users/\(Fixture.adam.id)"
            #expect(try await scim.ask(.delete, path).status == 204)
            try await scim.ask(.get, path).expectFault(404)
            try await scim.ask(.delete, path).expectFault(404)
            try await scim.patch(path, #"{"op":"replace","path":"active","value":true}"#)
                .expectFault(404)
            let gone = try await scim.person(Fixture.adam.id.text)
            #expect(gone.isDisabled && gone.roles.isEmpty)

            let id = try await scim.add("adam")
            #expect(id == Fixture.adam.id.text)
            let back = try await scim.person(id)
            #expect(!back.isDisabled && back.roles.isEmpty)
            // A second one with that name there is not.
            let again = try await scim.ask(
                .post,
                "/Users",
                #"{"schemas":["\#(SCIMWorld.users)"],"userName":"ADAM@contoso.test"}"#
            )
            try again.expectFault(409, "uniqueness")
        }
    }

    @Test func anotherOrganisationDoesNotExist() async throws {
        try await SCIMWorld.with { scim async throws in
            for organisation in ["fabrikam", "_provider", "nobody", "contoso2"] {
                try await scim.ask(.get, "/Users", in: organisation).expectFault(404)
            }
            for person in [Fixture.frida, Fixture.eve] {
                let path = "/Users/\(person.id)"
                try await scim.ask(.get, path).expectFault(404)
                try await scim.ask(.delete, path).expectFault(404)
                try await scim.patch(path, #"{"op":"replace","path":"active","value":false}"#)
                    .expectFault(404)
            }
            let list = try await scim.ask(.get, "/Users").json(200)
            let shown = try await scim.world.store.read { tx in
                try tx.people(at: .tenant(Fixture.contoso.id)).map(\.id.text)
            }
            #expect(list["totalResults"] == .integer(Int64(shown.count)))
        }
    }

    @Test func onlyTheTokenOpens() async throws {
        try await SCIMWorld.with { scim async throws in
            let person = try await scim.signIn.issueToken(
                for: Fixture.gita,
                TokenTerms(label: "mine", scopes: TokenScopes.every.names)
            )
            for secret in ["", "x", person.secret, String(scim.secret.dropLast()) + "x"] {
                let answer = try await scim.ask(.get, "/Users", secret: secret)
                try answer.expectFault(401)
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
            }
            // From elsewhere it is none, and ended it is none.
            try await scim.ask(.get, "/Users", from: "198.51.100.7").expectFault(401)
            await #expect(throws: Refusal.notSignedIn) {
                try await scim.signIn.caller(
                    token: scim.secret,
                    from: ClientKey(address: "192.0.2.1"),
                    needing: .any
                )
            }
            try await scim.signIn.revokeProvisioningToken(
                scim.token.id.text,
                ofTenant: "contoso",
                by: Fixture.gita
            )
            try await scim.ask(.get, "/Users").expectFault(401)
        }
    }

    @Test func versionsAreHeld() async throws {
        try await SCIMWorld.with { scim async throws in
            let id = try await scim.add("nina")
            let first = try await scim.ask(.get, "/Users/\(id)")
            let tag = try #require(first.headers[.eTag])
            #expect(try first.json(200)["meta"]["version"].text == tag)
            let same = try await scim.ask(.get, "/Users/\(id)", headers: [.ifNoneMatch: tag])
            #expect(same.status == 304 && same.bytes.isEmpty)
            func rename(_ name: String, _ tag: String) async throws -> Answer {
                try await scim.ask(
                    .put,
                    "/Users/\(id)",
                    """
                    {"schemas":["\(SCIMWorld.users)"],"userName":"nina@contoso.test",
                     "displayName":"\(name)"}
                    """,
                    headers: [.ifMatch: tag]
                )
            }
            #expect(try await rename("Nina B", tag).json(200)["displayName"].text == "Nina B")
            try await rename("Nina C", tag).expectFault(412)
            try await rename("Nina C", "W/\(tag)").expectFault(412)
            try await rename("Nina C", "nonsense").expectFault(400, "invalidValue")
            #expect(try await rename("Nina D", "*").json(200)["active"] == true)
        }
    }
}

@Suite("What a directory cannot say is refused, and nothing is changed")
struct RefusedBodyTests {
    static let bodies: [(body: String, status: Int, kind: String?)] = {
        let schemas = #""schemas":["\#(SCIMWorld.users)"]"#
        let name = #""userName":"x@contoso.test""#
        let long = String(repeating: "x", count: 300)
        func primary(_ name: String) -> String {
            #"{"value":"\#(name)@contoso.test","primary":true}"#
        }
        let emails = Array(repeating: #"{"value":"x@contoso.test"}"#, count: 21)
            .joined(separator: ",")
        return [
            ("", 400, "invalidSyntax"), ("[]", 400, "invalidSyntax"), ("{", 400, "invalidSyntax"),
            ("{\(name)}", 400, "invalidSyntax"),
            (#"{"schemas":["x"],\#(name)}"#, 400, "invalidSyntax"),
            ("{\(schemas)}", 400, "invalidValue"),
            (#"{\#(schemas),"userName":""}"#, 400, "invalidValue"),
            (#"{\#(schemas),"userName":5}"#, 400, "invalidValue"),
            (#"{\#(schemas),"userName":null}"#, 400, "invalidValue"),
            (#"{\#(schemas),"userName":"jdoe"}"#, 400, "invalidValue"),
            (#"{\#(schemas),"userName":"\#(long)"}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),\#(name)}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"USERNAME":"y@contoso.test"}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"secret":1}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"name.givenName":"x"}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"name":{"nick":"x"}}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"name":["x"]}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"active":"yes"}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"active":1.5}"#, 400, "invalidSyntax"),
            (#"{\#(schemas),\#(name),"displayName":"\#(long)"}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"displayName":"a\u0007b"}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"displayName":{"x":[1]}}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"emails":[\#(emails)]}"#, 400, "invalidValue"),
            (#"{\#(schemas),\#(name),"emails":[{"type":"work"}]}"#, 400, "invalidValue"),
            (
                #"{\#(schemas),\#(name),"emails":[\#(primary("a")),\#(primary("b"))]}"#,
                400, "invalidValue"
            ),
            (String(repeating: "[", count: 1_000), 400, "invalidSyntax"),
            ("{\"x\":\"" + String(repeating: "y", count: 1 << 20) + "\"}", 413, nil),
        ]
    }()

    @Test func noneOfTheseIsAPerson() async throws {
        try await SCIMWorld.with { scim async throws in
            let id = try await scim.add("nina")
            let before = try await scim.ask(.get, "/Users").json(200)
            for (body, status, kind) in Self.bodies {
                for (method, path) in [
                    (HTTPRequest.Method.post, "/Users"), (.put, "/Users/\(id)"),
                ] {
                    let answer = try await scim.ask(method, path, body)
                    #expect(answer.status == status, "\(body.prefix(200)) \(answer.text)")
                    try answer.expectFault(status, kind)
                }
            }
            for (type, status) in [
                ("text/plain", 415), ("application/json; charset=utf-16", 415),
                ("application/xml", 415),
            ] {
                let answer = try await scim.ask(
                    .post,
                    "/Users",
                    "{}",
                    headers: [.contentType: type]
                )
                try answer.expectFault(status)
            }
            #expect(try await scim.ask(.get, "/Users").json(200) == before)
        }
    }

    @Test func whatIsNotThereIsSaidInItsOwnForm() async throws {
        try await SCIMWorld.with { scim async throws in
            try await scim.ask(.get, "/Nothing").expectFault(404)
            try await scim.ask(.get, "/Users/x/y").expectFault(404)
            try await scim.ask(.post, "/Bulk", "{}").expectFault(501)
            try await scim.ask(.get, "/Me").expectFault(501)
            let other = try await scim.ask(.delete, "/Schemas")
            try other.expectFault(405)
            #expect(other.headers[.allow] == "GET, HEAD, OPTIONS")
            try await scim.ask(.get, "/Schemas", query: [("filter", "id pr")]).expectFault(403)
        }
    }

    @Test func aDirectoryThatGivesMuchCanStillTakeAway() async throws {
        try await SCIMWorld.with { scim async throws in
            var people: [String] = []
            for number in 0..<20 { people.append(try await scim.add("p\(number)")) }
            try await scim.world.lockbox.mapGroup(
                "Approvers",
                to: ["approver"],
                in: "contoso",
                by: Fixture.gita
            )
            let group = try await scim.group("Others", people)
            func rename(_ name: String) async throws -> Answer {
                scim.world.clock.advance(by: .seconds(1))
                return try await scim.patch(
                    "/Groups/\(group)",
                    #"{"op":"replace","path":"displayName","value":"\#(name)"}"#
                )
            }
            for _ in 0..<Limits.settingsPerDay / 20 {
                #expect(try await rename("Approvers").status == 200)
                #expect(try await rename("Others").status == 200)
            }
            let refused = try await rename("Approvers")
            try refused.expectFault(429)
            #expect(refused.headers[.retryAfter] != nil)
            let first = "/Users/\(people[0])"
            let off = try await scim.patch(first, #"{"op":"replace","value":{"active":false}}"#)
            #expect(try off.json(200)["active"] == false)
            #expect(try await scim.ask(.delete, first).status == 204)
            let adam = "/Users/\(Fixture.adam.id)"
            #expect(try await scim.ask(.delete, adam).status == 204)
        }
    }
}
