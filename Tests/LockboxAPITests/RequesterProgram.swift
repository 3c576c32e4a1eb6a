import Foundation
import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// An engineer's program that is denied, asks for access, and looks how that stands (AuthZEN, Access
/// Request and Approval Profile).
struct RequesterProgram {
    let api: APIWorld
    var person = Fixture.eve

    static let evaluation = "POST /access/v1/evaluation"
    static let evaluations = "POST /access/v1/evaluations"
    static let submission = "POST /access/v1/access-request"
    static let status = "GET /access/v1/access-request/{id}"
    static let cancellation = "POST /access/v1/access-request/{id}/cancel"

    /// A member of ours.
    static func own(_ name: String) -> String { APIWorld.publicURL + "/" + name }

    /// May she read Sue's mail?
    static func question(
        _ action: String = "read",
        _ mailbox: String = "sue@contoso.test",
        of person: Person = Fixture.eve
    ) -> JSONValue {
        [
            "subject": ["type": "user", "id": .string(person.id.text)],
            "action": ["name": .string(action)],
            "resource": [
                "type": "mailbox", "id": .string(mailbox), "properties": ["service": "mail"],
            ],
        ]
    }

    func evaluate(_ question: JSONValue = question()) async throws -> JSONValue {
        try await api.ask(Self.evaluation, as: person, .json(question)).json(200)
    }

    /// The same with an approval.
    func evaluate(_ question: JSONValue = question(), approval: JSONValue) async throws
        -> JSONValue
    {
        try await evaluate(question.with("context", ["approval": approval]))
    }

    /// What she sends after being denied.
    func denied(_ question: JSONValue = question()) async throws -> JSONValue {
        let answer = try await evaluate(question)
        #expect(answer["decision"] == false)
        return Self.filled(question, answer["context"])
    }

    static func filled(_ question: JSONValue, _ context: JSONValue) -> JSONValue {
        Sample.submission(question, denial(context))
    }

    static func denial(_ context: JSONValue) -> JSONValue {
        [
            "evaluation_id": context["evaluation_id"], "evaluated_at": context["evaluated_at"],
            "reason": context["reason"], "expires_at": context["access_request"]["expires_at"],
            "binding_token": context["access_request"]["binding_token"],
        ]
    }

    func submit(_ body: JSONValue, key: String? = nil) async throws -> Answer {
        try await api.ask(
            Self.submission,
            as: person,
            .json(body),
            headers: key.map { [.idempotencyKey: $0] } ?? [:]
        )
    }

    /// Is denied, and asks; gives the task.
    func asked(_ question: JSONValue = question()) async throws -> JSONValue {
        try await submit(try await denied(question)).json(202)["task"]
    }

    func look(_ task: JSONValue) async throws -> Answer {
        try await follow(task["status_endpoint"])
    }

    func cancel(_ task: JSONValue, _ body: APIWorld.Body = .none) async throws -> Answer {
        try await follow(task["links"]["cancel"], "POST", body)
    }

    /// Asks for an address that she was given.
    private func follow(
        _ address: JSONValue,
        _ method: String = "GET",
        _ body: APIWorld.Body = .none
    ) async throws -> Answer {
        let text = try #require(address.text)
        let url = try #require(URLComponents(string: text))
        #expect("https://\(url.host ?? "")" == APIWorld.publicURL)
        let query = (url.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        return try await api.ask("\(method) \(url.path)", query: query, as: person, body)
    }

    /// The request that a task is of, decided by each of `people`.
    @discardableResult
    func decided(
        _ task: JSONValue,
        _ decision: JSONValue = Sample.decision,
        by people: Person...
    ) async throws -> JSONValue {
        let parts = ["id": try #require(task["id"].text)]
        var request = JSONValue.missing
        for person in people {
            let read = try await api.ask("GET /v1/requests/{id}", parts, as: person)
            request = try await api.ask(
                "POST /v1/requests/{id}/decisions",
                parts,
                as: person,
                .json(decision),
                headers: [.ifMatch: try #require(read.headers[.eTag])]
            ).json(200)
        }
        return request
    }

    /// The approval that she was given, of a task that was approved.
    func approval(_ task: JSONValue) async throws -> JSONValue {
        let answer = try await look(task).json(200)
        #expect(answer["task"]["status"] == "approved")
        #expect(answer["result"]["mode"] == "reevaluate")
        return answer["result"]["approval"]
    }
}

extension Answer {
    /// That this is a problem of the profile's (RFC 9457).
    func expectFault(
        _ status: Int,
        _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let document = try json(status, sourceLocation: sourceLocation)
        let wrong: Comment = "\(text)"
        #expect(
            document["type"] == .string("urn:openid:authzen:access-request:error:\(name)"),
            wrong,
            sourceLocation: sourceLocation
        )
        #expect(
            headers[.contentType] == "application/problem+json",
            wrong,
            sourceLocation: sourceLocation
        )
        #expect(document["status"] == .integer(Int64(status)), sourceLocation: sourceLocation)
        #expect(document["code"] == .string(name), sourceLocation: sourceLocation)
        #expect(document["errors"] == .missing, sourceLocation: sourceLocation)
    }
}
