import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// Questions and answers on a request, and the letters about it.
struct MessageAndNoticeTests {
    private static let messages = "GET /v1/requests/{id}/messages"
    private static let post = "POST /v1/requests/{id}/messages"
    private static let notices = "GET /v1/requests/{id}/notices"

    private static func say(
        _ api: APIWorld,
        _ text: String,
        on id: AccessRequestID,
        as person: Person,
        key: String? = nil
    ) async throws -> Answer {
        try await api.ask(
            post,
            ["id": id.text],
            as: person,
            .json(["text": .string(text)]),
            headers: key.map { [.idempotencyKey: $0] } ?? [:]
        )
    }

    @Test func questionAndAnswerAreOneThread() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let question: JSONValue = [
                "number": 1, "by": ref(Fixture.adam), "side": "customer", "text": "Which mails?",
                "at": instant(),
            ]
            let answer: JSONValue = [
                "number": 2, "by": ref(Fixture.eve), "side": "provider",
                "text": "Those of today.\nOnly those.", "at": instant(.minutes(1)),
            ]
            let first = try await Self.say(api, "Which mails?", on: id, as: Fixture.adam)
            #expect(try first.json(201) == question)
            api.world.clock.advance(by: .minutes(1))
            let second = try await Self.say(
                api,
                "Those of today.\nOnly those.",
                on: id,
                as: Fixture.eve
            )
            #expect(try second.json(201) == answer)
            for person in [Fixture.eve, Fixture.mark, Fixture.olga, Fixture.gita, Fixture.uma] {
                let list = try await api.ask(Self.messages, ["id": id.text], as: person)
                let read =
                    person.side == .provider
                    ? question.with("by", hiddenApprover()) : question
                #expect(try list.json(200) == ["items": [read, answer], "next": nil])
            }
            // A message makes no new version.
            let request = try await api.ask(
                "GET /v1/requests/{id}",
                ["id": id.text],
                as: Fixture.eve
            )
            #expect(request.headers[.eTag] == "\"v2\"")
        }
    }

    @Test func whoOnlyReadsOrSeesNothingCannotWrite() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            for person in [Fixture.sue, Fixture.uma, Fixture.olga] {
                let answer = try await Self.say(api, "Hello?", on: id, as: person)
                try answer.expectProblem(403, "notPermitted")
            }
            for person in [Fixture.frida, Fixture.finn, Fixture.tom, Fixture.vera] {
                let answer = try await Self.say(api, "Hello?", on: id, as: person)
                try answer.expectProblem(404, "notFound")
            }
            for person in [Fixture.sue, Fixture.frida, Fixture.tom, Fixture.vera] {
                for operation in [Self.messages, Self.notices] {
                    let answer = try await api.ask(operation, ["id": id.text], as: person)
                    try answer.expectProblem(404, "notFound")
                }
            }
        }
    }

    @Test func textIsBounded() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let long = String(repeating: "x", count: Limits.messageLength.upperBound + 1)
            for (text, code) in [(long, "invalidField"), ("a\u{0}b", "invalidField")] {
                let answer = try await Self.say(api, text, on: id, as: Fixture.adam)
                try answer.expectProblem(422, code, field: "text")
            }
            let empty = try await Self.say(api, " \n ", on: id, as: Fixture.adam)
            #expect(empty.status == 422)
        }
    }

    @Test func retryUnderOneKeyPostsOnce() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let first = try await Self.say(api, "Which?", on: id, as: Fixture.adam, key: "k")
            let again = try await Self.say(api, "Which?", on: id, as: Fixture.adam, key: "k")
            #expect(try again.json(201) == first.json(201))
            let list = try await api.ask(Self.messages, ["id": id.text], as: Fixture.adam)
            #expect(try list.json(200)["items"].items.count == 1)
        }
    }

    @Test func lettersAboutARequestAreListedWithTheirFate() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.reviewed().id
            let list = try await api.ask(Self.notices, ["id": id.text], as: Fixture.mark)
                .json(200)
            #expect(list["next"] == .null)
            let asked = list["items"].items.filter { $0["kind"] == "customerAsked" }
            #expect(
                Set(asked.map { $0["recipient"] }) == [hiddenApprover(), hiddenApprover()]
            )
            for letter in asked {
                #expect(
                    letter == [
                        "id": letter["id"], "kind": "customerAsked",
                        "recipient": letter["recipient"], "state": "queued", "attempts": 0,
                        "createdAt": instant(), "sentAt": nil, "nextAttempt": instant(),
                        "lastReply": nil,
                    ]
                )
            }
        }
    }
}
