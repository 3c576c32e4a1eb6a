import Foundation
import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What services are told in AuthZEN's terms (Authorization API 1.0).
struct AuthZENTests {
    private static let evaluation = "POST /access/v1/evaluation"
    private static let evaluations = "POST /access/v1/evaluations"
    private static let subjects = "POST /access/v1/search/subject"
    private static let resources = "POST /access/v1/search/resource"
    private static let actions = "POST /access/v1/search/action"

    private static let eve: JSONValue = ["type": "user", "id": .string(Fixture.eve.id.text)]
    private static let mark: JSONValue = ["type": "user", "id": .string(Fixture.mark.id.text)]
    private static let plans: JSONValue = ["type": "folder", "id": "plans"]
    private static let read: JSONValue = ["name": "read"]
    private static let write: JSONValue = ["name": "write"]
    private static let question: JSONValue = ["subject": eve, "action": read, "resource": plans]

    private static func ask(
        _ api: APIWorld,
        _ operation: String = evaluation,
        _ question: JSONValue = question,
        headers: [HTTPField.Name: String] = APIWorld.client()
    ) async throws -> Answer {
        try await api.ask(operation, [:], .json(question), headers: headers)
    }

    /// The decision, of an answer that must be one.
    private static func decision(
        _ api: APIWorld,
        _ question: JSONValue = question,
        as client: String = "wiki"
    ) async throws -> JSONValue {
        let answer = try await ask(api, evaluation, question, headers: APIWorld.client(client))
        #expect(answer.headers[.cacheControl] == "no-store")
        let body = try answer.json(200)
        #expect(body.members == ["decision"])
        return body["decision"]
    }

    private static func decisions(_ api: APIWorld, _ question: JSONValue) async throws
        -> [JSONValue]
    {
        let body = try await ask(api, evaluations, question).json(200)
        #expect(body.members == ["evaluations"])
        return body["evaluations"].items.map { $0["decision"] }
    }

    // MARK: - Evaluation

    @Test func decisionIsYesWhileAGrantSaysSo() async throws {
        try await APIWorld.withWiki { api, request, _ async throws in
            #expect(try await Self.decision(api) == true)
            for (member, other) in [
                ("subject", Self.mark), ("subject", ["type": "user", "id": "eve"]),
                ("subject", ["type": "service", "id": .string(Fixture.eve.id.text)]),
                ("subject", ["type": "user", "id": .string(Fixture.eve.id.text.lowercased())]),
                ("action", Self.write), ("action", ["name": "delete"]), ("action", ["name": ""]),
                ("resource", ["type": "folder", "id": "other"]),
                ("resource", ["type": "folder", "id": "Plans"]),
                ("resource", ["type": "folder:plans", "id": ""]),
                ("resource", ["type": "mailbox", "id": "plans"]),
            ] as [(String, JSONValue)] {
                let question = Self.question.with(member, other)
                #expect(try await Self.decision(api, question) == false, "\(other)")
            }
            let unknown: JSONValue = [
                "subject": Self.eve.with("properties", ["a": [1]]), "action": Self.read,
                "resource": Self.plans.with("properties", ["tenant": "fabrikam"]),
                "context": ["time": "now"], "future": ["nested": true],
            ]
            #expect(try await Self.decision(api, unknown) == true)
            api.world.clock.move(to: Fixture.now + TimeSpan(milliseconds: 7_199_999))
            #expect(try await Self.decision(api) == true)
            api.world.clock.move(to: Fixture.now + .hours(2))
            #expect(try await Self.decision(api) == false)
            #expect(try await api.world.activities(about: request.id).last != "access.used")
        }
    }

    @Test func decisionIsNoOnceAccessWasStopped() async throws {
        try await APIWorld.withWiki { api, request, _ async throws in
            _ = try await api.world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(try await Self.decision(api) == false)
        }
    }

    @Test func nothingIsAYesWhileTheTimeOfDayMayBeWrong() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            api.world.clock.step(by: .hours(1))
            let shown = Self.question.with("context", ["credential": .string(secret)])
            for (operation, question) in [
                (Self.evaluation, Self.question), (Self.evaluation, shown),
                (Self.evaluations, Self.question.with("evaluations", [[:]])),
                (Self.subjects, Self.question), (Self.resources, Self.question),
                (Self.actions, Self.question),
            ] {
                try Self.expectMessage(try await Self.ask(api, operation, question), 503)
            }
            api.world.clock.step(by: nil)
            #expect(try await Self.decision(api) == true)
        }
    }

    @Test func serviceIsToldOfItsOwnResourcesAlone() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            _ = try await api.world.approved()
            let mailbox: JSONValue = ["type": "mailbox", "id": "sue@contoso.test"]
            let question = Self.question.with("resource", mailbox)
            #expect(try await Self.decision(api, question, as: "dovecot") == true)
            #expect(try await Self.decision(api, question) == false)
            #expect(try await Self.decision(api, as: "dovecot") == false)
        }
    }

    @Test func credentialThatIsShownCountsAndItsUseIsOnRecord() async throws {
        try await APIWorld.withWiki { api, request, secret async throws in
            func with(_ credential: JSONValue) -> JSONValue {
                Self.question.with("context", ["credential": credential])
            }
            let mail = try await api.world.credential(for: try await api.world.approved()).secret
            for wrong in ["x", "", .string(secret + "0"), .string(mail), 1, nil] as [JSONValue] {
                #expect(try await Self.decision(api, with(wrong)) == false, "\(wrong)")
            }
            let others = with(.string(secret)).with("subject", Self.mark)
            #expect(try await Self.decision(api, others) == false)
            let writing = with(.string(secret)).with("action", Self.write)
            #expect(try await Self.decision(api, writing) == false)
            #expect(try await api.world.activities(about: request.id).last != "access.used")
            #expect(try await Self.decision(api, with(.string(secret))) == true)
            #expect(try await api.world.activities(about: request.id).last == "access.used")
        }
    }

    @Test func questionThatIsNoneIsRefusedWithAMessage() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            var broken: [JSONValue] = [[:], [], "x"]
            for member in ["subject", "action", "resource"] {
                broken.append(Self.question.without(member))
                broken.append(Self.question.with(member, "alice"))
                for part in Self.question[member].members {
                    broken.append(
                        Self.question.with(member, Self.question[member].without(part))
                    )
                    broken.append(
                        Self.question.with(member, Self.question[member].with(part, 123))
                    )
                }
            }
            broken.append(Self.question.with("context", "x"))
            for question in broken {
                try Self.expectMessage(try await Self.ask(api, Self.evaluation, question), 400)
            }
            for (text, type) in [
                ("", "application/json"), ("{", "application/json"), ("{}", "text/plain"),
                ("{\"subject\":{},\"subject\":{}}", "application/json"),
            ] {
                let answer = try await api.ask(
                    Self.evaluation,
                    [:],
                    .raw(text),
                    headers: APIWorld.client().merging([.contentType: type]) { $1 }
                )
                try Self.expectMessage(answer, 400)
            }
        }
    }

    private static func expectMessage(
        _ answer: Answer,
        _ status: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(
            answer.headers[.contentType] == "text/plain; charset=utf-8",
            sourceLocation: sourceLocation
        )
        #expect((1..<300).contains(answer.text.count), sourceLocation: sourceLocation)
        #expect(answer.headers[.cacheControl] == "no-store", sourceLocation: sourceLocation)
    }

    @Test(arguments: [evaluation, evaluations, subjects, resources, actions])
    func onlyAServiceIsAnsweredAndIsGivenBackTheNameOfItsRequest(_ operation: String)
        async throws
    {
        let name = try #require(HTTPField.Name("X-Request-ID"))
        try await APIWorld.withWiki { api, _, secret async throws in
            for headers in [
                [:], APIWorld.client("wiki", "wrong"), [.authorization: "Bearer \(secret)"],
                [.authorization: "Basic !"],
            ] as [[HTTPField.Name: String]] {
                let answer = try await Self.ask(
                    api,
                    operation,
                    headers: headers.merging([name: "r-7"]) { $1 }
                )
                try Self.expectMessage(answer, 401)
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic ") == true)
                #expect(answer.headers[name] == "r-7")
            }
            let answer = try await Self.ask(
                api,
                operation,
                headers: APIWorld.client().merging([name: "r-8"]) { $1 }
            )
            #expect(answer.status == 200)
            #expect(answer.headers[name] == "r-8")
            #expect(try await Self.ask(api, operation).headers[name] == nil)
        }
    }

    // MARK: - Evaluations

    @Test func severalAreDecidedInTheirOrder() async throws {
        try await APIWorld.withWiki { api, _, secret async throws in
            let both: [JSONValue] = [["action": Self.read], ["action": Self.write]]
            #expect(
                try await Self.decisions(
                    api,
                    Self.question.without("action").with("evaluations", .array(both))
                ) == [true, false]
            )
            #expect(
                try await Self.decisions(
                    api,
                    ["evaluations": [Self.question, Self.question.with("subject", Self.mark)]]
                ) == [true, false]
            )
            // What is missing, broken or no question is a no, and no error of the others.
            let odd: [JSONValue] = [
                [:], ["resource": Self.plans], ["resource": "x"], "x", nil,
                ["resource": ["id": "plans"]], ["resource": Self.plans, "context": 1],
                ["resource": Self.plans, "context": ["credential": .string(secret)]],
            ]
            let incomplete = Self.question.without("resource").with("evaluations", .array(odd))
            let expected: [JSONValue] = [false, true, false, false, false, false, false, true]
            #expect(try await Self.decisions(api, incomplete) == expected)
            // A credential that is said for all holds for an item with a context of its own too.
            let wrong = Self.question.with("context", ["credential": "lbc_wrong"])
                .with("evaluations", [["context": ["time": "now"]], [:]])
            #expect(try await Self.decisions(api, wrong) == [false, false])
            // What an item says in part is not completed with another object's parts.
            let other = incomplete.with("resource", ["type": "folder", "id": "other"])
            #expect(try await Self.decisions(api, other)[5] == false)
        }
    }

    @Test func severalEndWhereTheSemanticSays() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            let several: [JSONValue] = [
                ["action": Self.read], ["action": Self.write], ["action": Self.read],
            ]
            for (semantic, expected) in [
                ("execute_all", [true, false, true]), ("deny_on_first_deny", [true, false]),
                ("permit_on_first_permit", [true]),
            ] as [(String, [JSONValue])] {
                let question = Self.question.without("action")
                    .with("evaluations", .array(several))
                    .with("options", ["evaluations_semantic": .string(semantic), "other": 1])
                #expect(try await Self.decisions(api, question) == expected)
            }
            for options in [["evaluations_semantic": "first"], "x"] as [JSONValue] {
                let question = Self.question.with("options", options)
                try Self.expectMessage(try await Self.ask(api, Self.evaluations, question), 400)
            }
        }
    }

    @Test func withoutSeveralItIsOneAndTooManyAreRefused() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            for question in [Self.question, Self.question.with("evaluations", [])] {
                let answer = try await Self.ask(api, Self.evaluations, question)
                #expect(try answer.json(200) == ["decision": true])
            }
            let missing = Self.question.without("subject")
            try Self.expectMessage(try await Self.ask(api, Self.evaluations, missing), 400)
            let most = JSONValue.array(.init(repeating: [:], count: APILimits.evaluations))
            let all = try await Self.decisions(api, Self.question.with("evaluations", most))
            #expect(all == .init(repeating: true, count: APILimits.evaluations))
            let more = JSONValue.array(.init(repeating: [:], count: APILimits.evaluations + 1))
            let answer = try await Self.ask(
                api,
                Self.evaluations,
                Self.question.with("evaluations", more)
            )
            try Self.expectMessage(answer, 400)
        }
    }

    // MARK: - Search

    private static func found(_ api: APIWorld, _ operation: String, _ question: JSONValue)
        async throws -> [JSONValue]
    {
        let body = try await ask(api, operation, question).json(200)
        #expect(body.members == ["page", "results"])
        #expect(body["page"]["next_token"] == "")
        #expect(body["page"]["count"] == .integer(Int64(body["results"].items.count)))
        return body["results"].items
    }

    @Test func searchFindsWhatAGrantOpensNow() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            _ = try await api.world.approved()
            for (operation, member, result) in [
                (Self.subjects, "subject", Self.eve), (Self.resources, "resource", Self.plans),
            ] {
                // An identifier of what is searched for is passed over.
                for question in [
                    Self.question,
                    Self.question.with(member, Self.question[member].without("id")),
                ] {
                    #expect(try await Self.found(api, operation, question) == [result])
                }
                let writing = Self.question.with("action", Self.write)
                #expect(try await Self.found(api, operation, writing) == [])
                let other = Self.question.with(member, ["type": "spaceship"])
                #expect(try await Self.found(api, operation, other) == [])
            }
            let action = Self.question.without("action")
            #expect(try await Self.found(api, Self.actions, action) == [Self.read])
            let nobody = action.with("subject", ["type": "user", "id": "nobody"])
            #expect(try await Self.found(api, Self.actions, nobody) == [])
            api.world.clock.advance(by: .hours(2))
            for operation in [Self.subjects, Self.resources, Self.actions] {
                #expect(try await Self.found(api, operation, Self.question) == [])
            }
        }
    }

    @Test func searchNeedsAllButWhatItSearchesFor() async throws {
        try await APIWorld.withWiki { api, _, _ async throws in
            for (operation, members) in [
                (Self.subjects, ["subject", "action", "resource"]),
                (Self.resources, ["subject", "action", "resource"]),
                (Self.actions, ["subject", "resource"]),
            ] {
                for member in members {
                    let answer = try await Self.ask(
                        api,
                        operation,
                        Self.question.without(member)
                    )
                    try Self.expectMessage(answer, 400)
                }
            }
            for (operation, member) in [
                (Self.subjects, "resource"), (Self.resources, "subject"),
                (Self.actions, "subject"), (Self.actions, "resource"),
            ] {
                let half = Self.question.with(member, Self.question[member].without("id"))
                try Self.expectMessage(try await Self.ask(api, operation, half), 400)
            }
        }
    }

    @Test func searchGoesOnPageByPage() async throws {
        try await APIWorld.withWiki("folder:plans", ["write"]) { api, _, _ async throws in
            func page(_ page: JSONValue) async throws -> Answer {
                try await Self.ask(
                    api,
                    Self.actions,
                    Self.question.with("page", page)
                )
            }
            let first = try await page(["limit": 1]).json(200)
            #expect(first["results"] == [Self.read])
            let token = first["page"]["next_token"]
            #expect(token.text?.isEmpty == false)
            let second = try await page(["limit": 1, "token": token]).json(200)
            #expect(second["results"] == [Self.write])
            #expect(second["page"] == ["next_token": "", "count": 1])
            let all = try await page(["limit": 1_000_000, "token": ""]).json(200)
            #expect(all["results"] == [Self.read, Self.write])
            for wrong in [["limit": 0], ["limit": -1], ["token": "%"], ["limit": "x"], "x"]
                as [JSONValue]
            {
                try Self.expectMessage(try await page(wrong), 400)
            }
        }
    }

    @Test func metadataSaysWhereTheEndpointsAre() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask("GET /.well-known/authzen-configuration")
            let base = APIWorld.publicURL + "/access/v1"
            #expect(
                try answer.json(200) == [
                    "policy_decision_point": .string(APIWorld.publicURL),
                    "access_evaluation_endpoint": .string(base + "/evaluation"),
                    "access_evaluations_endpoint": .string(base + "/evaluations"),
                    "access_request_endpoint": .string(base + "/access-request"),
                    "capabilities": ["urn:openid:authzen:capability:access-request"],
                    "jwks_uri": .string(APIWorld.publicURL + "/.well-known/jwks.json"),
                    "search_subject_endpoint": .string(base + "/search/subject"),
                    "search_resource_endpoint": .string(base + "/search/resource"),
                    "search_action_endpoint": .string(base + "/search/action"),
                ]
            )
            #expect(answer.headers[.cacheControl] == "public, max-age=3600")
        }
    }
}
