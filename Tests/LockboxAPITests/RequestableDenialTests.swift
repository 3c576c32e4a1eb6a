import Crypto
import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxService
import LockboxTestWorld
import LockboxWire
import Synchronization
import Testing

@testable import LockboxAPI

/// What a denial says of how access can be asked for, and what it cannot be used for.
struct RequestableDenialTests {
    private typealias Program = RequesterProgram

    private static func claims(_ token: JSONValue) throws -> JSONValue {
        let parts = try #require(token.text).split(separator: ".").map(String.init)
        try #require(parts.count == 3)
        let padded =
            parts[1].replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - parts[1].count % 4) % 4)
        return try JSONDecoder().decode(
            JSONValue.self,
            from: try #require(Data(base64Encoded: padded))
        )
    }

    // MARK: - To an engineer

    @Test func engineerIsToldHowToAskForWhatSheIsDenied() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Program(api: api).evaluate()
            #expect(answer.members == ["context", "decision"])
            #expect(answer["decision"] == false)
            let context = answer["context"]
            #expect(
                context.members == ["access_request", "evaluated_at", "evaluation_id", "reason"]
            )
            #expect(context["reason"] == "approval_required")
            #expect(context["evaluated_at"] == instant())
            let offer = context["access_request"]
            #expect(offer.members == ["binding_token", "endpoint", "expires_at"])
            #expect(offer["expires_at"] == instant(.minutes(10)))
            #expect(
                offer["endpoint"] == .string(APIWorld.publicURL + "/access/v1/access-request")
            )
            let claims = try Self.claims(offer["binding_token"])
            #expect(
                claims.members == [
                    "aud", "binding_context_members", "binding_hash", "denial_expires_at",
                    "evaluation_id", "exp", "iat", "iss", "jti", "service",
                ]
            )
            #expect(claims["evaluation_id"] == context["evaluation_id"])
            #expect(claims["aud"] == .string(APIWorld.publicURL))
            // The next denial has a name of its own.
            let next = try await Program(api: api).evaluate()["context"]
            #expect(next["evaluation_id"] != context["evaluation_id"])
        }
    }

    @Test func denialOffersNothingThatCannotBeAskedFor() async throws {
        try await APIWorld.with { api async throws in
            let no: JSONValue = ["decision": false]
            let eve = Program(api: api)
            for question in [
                Program.question(of: Fixture.mark), Program.question(of: Fixture.max),
                Program.question("delete"), Program.question("read", "nobody@contoso.test"),
                Program.question("read", "SUE@contoso.test"),
                Program.question().with("subject", ["type": "user", "id": "eve"]),
                Program.question().with(
                    "resource",
                    ["type": "folder", "id": "plans", "properties": ["service": "nothing"]]
                ),
                Program.question().with(
                    "resource",
                    ["type": "mailbox", "id": "sue@contoso.test", "properties": ["service": "!"]]
                ),
                Program.question("Read"),
            ] {
                #expect(try await eve.evaluate(question) == no, "\(question)")
            }
            // Whoever is no engineer has nothing, and cannot ask.
            for person in [Fixture.sue, Fixture.adam, Fixture.mark, Fixture.vera] {
                let own = Program(api: api, person: person)
                #expect(try await own.evaluate(Program.question(of: person)) == no)
                #expect(try await own.evaluate() == no)
            }
            // Such a number has more than one spelling, so nothing can be bound to it.
            let fraction = """
                {"subject":{"type":"user","id":"\(Fixture.eve.id)"},"action":{"name":"read"},"resource":
                {"type":"mailbox","id":"sue@contoso.test","properties":{"service":"mail","n":1.5}}}
                """
            let answer = try await api.ask(
                Program.evaluation,
                as: Fixture.eve,
                .raw(fraction),
                headers: [.contentType: "application/json"]
            )
            #expect(try answer.json(200) == no)
        }
    }

    @Test func engineerNamesTheServiceAndAsksForHerselfAmongSeveral() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let unnamed = Program.question()
                .with("resource", ["type": "mailbox", "id": "sue@contoso.test"])
            let refused = try await api.ask(Program.evaluation, as: Fixture.eve, .json(unnamed))
            #expect(refused.status == 400)
            #expect(refused.text == "resource.properties.service: is missing.")
            _ = try await api.world.approved()
            let other = Program.question("read", "adam@contoso.test")["resource"]
            let max: JSONValue = ["type": "user", "id": .string(Fixture.max.id.text)]
            let several = Program.question().with(
                "evaluations",
                [
                    [:], ["action": ["name": "write"]], ["resource": other], ["subject": max],
                    ["resource": "x"],
                ]
            )
            let answer = try await api.ask(Program.evaluations, as: Fixture.eve, .json(several))
            let decisions = try answer.json(200)["evaluations"].items
            #expect(decisions.map { $0["decision"] } == [true, false, false, false, false])
            let offers = decisions.map { $0["context"]["access_request"] != .missing }
            #expect(offers == [false, true, true, false, false])
            // What was left out of an item is part of what its denial is bound to.
            let body = Program.filled(
                Program.question("read", "adam@contoso.test"),
                decisions[2]["context"]
            )
            #expect(try await eve.submit(body).status == 202)
        }
    }

    // MARK: - To a service

    @Test func serviceIsToldOnlyWhereItAsksAndNothingOfWhatExists() async throws {
        try await APIWorld.with { api async throws in
            func ask(_ question: JSONValue, _ context: JSONValue) async throws -> JSONValue {
                try await api.ask(
                    Program.evaluation,
                    [:],
                    .json(question.with("context", context)),
                    headers: APIWorld.client("dovecot")
                ).json(200)
            }
            for context in [[:], ["requestable": false], ["requestable": "yes"]] as [JSONValue] {
                #expect(try await ask(Program.question(), context) == ["decision": false])
            }
            var shapes: Set<[String]> = []
            for question in [
                Program.question(), Program.question("read", "nobody@nowhere.test"),
                Program.question(of: Fixture.sue),
                Program.question().with("subject", ["type": "user", "id": "PER-ZZZZZZZZZZ"]),
            ] {
                let answer = try await ask(question, ["requestable": true])
                #expect(answer["decision"] == false)
                shapes.insert(answer["context"].members)
                let token = answer["context"]["access_request"]["binding_token"]
                #expect(try Self.claims(token)["service"] == "mail")
            }
            #expect(shapes == [["access_request", "evaluated_at", "evaluation_id", "reason"]])
            let other = Program.question().with("resource", ["type": "folder", "id": "plans"])
            #expect(try await ask(other, ["requestable": true]) == ["decision": false])
            // Her own program submits what the service was told.
            let bare = Program.question()
                .with("resource", ["type": "mailbox", "id": "sue@contoso.test"])
            let told = try await ask(bare, ["requestable": true])["context"]
            let made = try await Program(api: api).submit(Program.filled(bare, told))
            #expect(made.status == 202)
        }
    }

    @Test func listenerOfPeopleKnowsNoServices() async throws {
        try await APIWorld.with { api async throws in
            let people = api.api.routes(for: [.people]).map { "\($0.method.rawValue) \($0.path)" }
            #expect(people.contains("POST /access/v1/evaluation"))
            #expect(people.contains("POST /access/v1/access-request"))
            #expect(!people.contains("POST /access/v1/search/subject"))
        }
    }

    // MARK: - What is sent back

    /// Changes of a submission of Eve's that make it another one than was denied.
    @Test func denialIsGoodForWhatWasDeniedAlone() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await eve.denied()
            let others = try await Program(api: api, person: Fixture.max)
                .denied(Program.question(of: Fixture.max))
            let token = try #require(body["denial"]["binding_token"].text)
            let parts = token.split(separator: ".").map(String.init)
            func with(_ member: String, _ value: JSONValue) -> JSONValue {
                body.with("denial", body["denial"].with(member, value))
            }
            let resource = body["resource"]
            let wrong: [JSONValue] = [
                body.with("action", ["name": "write"]),
                body.with("action", ["name": "read", "properties": [:]]),
                body.with("resource", resource.with("id", "adam@contoso.test")),
                body.with("resource", resource.without("properties")),
                body.with("resource", resource.with("properties", ["service": "mail", "x": 1])),
                body.with("subject", body["subject"].with("properties", ["x": nil])),
                body.with("denial", others["denial"]), body.without("denial"),
                body.with("denial", body["denial"].without("binding_token")),
                with("binding_token", ""), with("binding_token", "x.y.z"),
                with("binding_token", .string(String(repeating: "a", count: 5000))),
                with("binding_token", .string(parts[0] + "." + parts[1] + ".")),
                with("binding_token", .string(token + "A")),
                with("binding_token", .string("." + token)),
                with("binding_token", .string("e30.\(parts[1]).\(parts[2])")),
                with("binding_token", .string("\(parts[0]).\(parts[1])A.\(parts[2])")),
                with("binding_token", .string("\(parts[0]).e30.\(parts[2])")),
                with("expires_at", instant(.minutes(11))), with("expires_at", "soon"),
            ]
            for body in wrong {
                try await eve.submit(body).expectFault(400, "invalid_denial_binding")
            }
            // A token of another kind under the same keys is none either.
            let request = try await api.world.approved()
            let credential = try await api.world.credential(for: request)
            let assertion = try #require(
                try api.api.tokens.assertion(
                    of: credential.credential,
                    issuer: APIWorld.publicURL,
                    now: Fixture.now
                )
            )
            try await eve.submit(with("binding_token", .string(assertion.text)))
                .expectFault(400, "invalid_denial_binding")
            // And one of a key that is not ours.
            api.keys.said.withLock {
                $0 = [TokenKey(P256.Signing.PrivateKey(), signsFrom: Fixture.now)]
            }
            try await eve.submit(body).expectFault(400, "invalid_denial_binding")
        }
    }

    @Test func denialIsNoLongerGoodAfterItsTime() async throws {
        try await APIWorld.with { api async throws in
            let eve = Program(api: api)
            let body = try await eve.denied()
            api.world.clock.advance(by: TimeSpan(milliseconds: 599_999))
            #expect(try await eve.submit(body).status == 202)
            api.world.clock.advance(by: TimeSpan(milliseconds: 1))
            try await eve.submit(body).expectFault(410, "expired_denial")
        }
    }

    @Test func onlyTheEngineerHerselfCanAskAndOnlyForHerself() async throws {
        try await APIWorld.with { api async throws in
            let body = try await Program(api: api).denied()
            for person in [Fixture.sue, Fixture.adam, Fixture.gita, Fixture.mark, Fixture.olga] {
                let answer = try await Program(api: api, person: person).submit(body)
                try answer.expectProblem(403, "notPermitted")
            }
            try await Program(api: api, person: Fixture.max).submit(body)
                .expectFault(400, "not_requestable")
            for subject in [
                ["type": "user", "id": .string(Fixture.max.id.text)],
                ["type": "service", "id": .string(Fixture.eve.id.text)],
                ["type": "user", "id": "eve"], ["type": "user"], ["id": 1, "type": []],
            ] as [JSONValue] {
                try await Program(api: api).submit(body.with("subject", subject))
                    .expectFault(400, "not_requestable")
            }
            let anonymous = try await api.ask(Program.submission, [:], .json(body))
            try anonymous.expectProblem(401, "notSignedIn")
            let service = try await api.ask(
                Program.submission,
                [:],
                .json(body),
                headers: APIWorld.client("dovecot")
            )
            try service.expectProblem(401, "notSignedIn")
        }
    }
}
