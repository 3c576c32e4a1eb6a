import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What ends a request or an access before its time.
struct EndingTests {
    private static let withdraw = "POST /v1/requests/{id}/withdraw"
    private static let finish = "POST /v1/requests/{id}/finish"
    private static let revoke = "POST /v1/requests/{id}/revoke"

    private static func end(
        _ api: APIWorld,
        _ operation: String,
        _ id: AccessRequestID,
        as person: Person,
        _ body: APIWorld.Body = .none,
        key: String? = nil
    ) async throws -> Answer {
        try await api.ask(
            operation,
            ["id": id.text],
            as: person,
            body,
            headers: key.map { [.idempotencyKey: $0] } ?? [:]
        )
    }

    @Test func engineerWithdrawsHerRequest() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.submitted().id
            let answer = try await Self.end(
                api,
                Self.withdraw,
                id,
                as: Fixture.eve,
                .json(["comment": "Found it."])
            )
            let body = try answer.json(200)
            #expect(body["state"] == "withdrawn")
            #expect(body["version"] == 2)
            #expect(body["decideBy"] == .null)
            #expect(answer.headers[.eTag] == "\"v2\"")
            let again = try await Self.end(api, Self.withdraw, id, as: Fixture.eve)
            try again.expectProblem(409, "wrongState")
        }
    }

    @Test func engineerFinishesHerAccess() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let id = request.id
            _ = try await api.world.credential(for: request)
            api.world.clock.advance(by: .minutes(5))
            let answer = try await Self.end(api, Self.finish, id, as: Fixture.eve)
            let body = try answer.json(200)
            #expect(body["state"] == "ended")
            #expect(answer.headers[.eTag]?.hasPrefix("\"v4-") == true)
            let grant = body["grant"]
            #expect(grant["state"] == "removing")
            #expect(grant["endedReason"] == "finished")
            #expect(grant["endedAt"] == instant(.minutes(5)))
            #expect(grant["endedBy"] == ref(Fixture.eve))
            #expect(grant["end"] == instant(.hours(2)))
            #expect(
                grant["removals"] == [
                    ["service": "mail", "state": "pending", "attempts": 0, "problem": nil]
                ]
            )
        }
    }

    @Test func customerAndManagerRevokeAccess() async throws {
        try await APIWorld.with { api async throws in
            for person in [Fixture.adam, Fixture.gita, Fixture.mark, Fixture.max] {
                let id = try await api.world.approved().id
                let body = try await Self.end(
                    api,
                    Self.revoke,
                    id,
                    as: person,
                    .json(["comment": "Enough."])
                ).json(200)
                #expect(body["state"] == "ended")
                #expect(body["grant"]["endedReason"] == "revoked")
                #expect(body["grant"]["endedBy"] == ref(person))
                let again = try await Self.end(api, Self.revoke, id, as: person)
                try again.expectProblem(409, "wrongState")
            }
        }
    }

    @Test func everybodyElseIsRefused() async throws {
        try await APIWorld.with { api async throws in
            let waiting = try await api.world.submitted().id
            let active = try await api.world.approved().id
            let allowed: [String: [Person]] = [
                Self.withdraw: [Fixture.eve], Self.finish: [Fixture.eve],
                Self.revoke: [Fixture.adam, Fixture.gita, Fixture.mark, Fixture.max],
            ]
            let blind = [Fixture.frida, Fixture.finn, Fixture.tom, Fixture.vera]
            for (operation, people) in allowed {
                let id = operation == Self.withdraw ? waiting : active
                for person in Fixture.everybody where !people.contains(person) {
                    let answer = try await Self.end(api, operation, id, as: person)
                    if blind.contains(person) {
                        try answer.expectProblem(404, "notFound")
                    } else {
                        try answer.expectProblem(403, "notPermitted")
                    }
                }
            }
        }
    }

    @Test func nothingEndsBeforeItBegan() async throws {
        try await APIWorld.with { api async throws in
            let waiting = try await api.world.submitted().id
            let active = try await api.world.approved().id
            for (operation, id, person) in [
                (Self.finish, waiting, Fixture.eve), (Self.revoke, waiting, Fixture.mark),
                (Self.withdraw, active, Fixture.eve),
            ] {
                let answer = try await Self.end(api, operation, id, as: person)
                #expect(answer.status == 409, "\(operation) \(answer.text)")
            }
        }
    }

    @Test func commentIsBounded() async throws {
        try await APIWorld.with { api async throws in
            for (operation, id, person) in [
                (Self.withdraw, try await api.world.submitted().id, Fixture.eve),
                (Self.finish, try await api.world.approved().id, Fixture.eve),
                (Self.revoke, try await api.world.approved().id, Fixture.adam),
            ] {
                let long = String(repeating: "x", count: Limits.commentLength.upperBound + 1)
                for comment in [long, "a\u{0}b"] {
                    let answer = try await Self.end(
                        api,
                        operation,
                        id,
                        as: person,
                        .json(["comment": .string(comment)])
                    )
                    try answer.expectProblem(422, "invalidField", field: "comment")
                }
            }
        }
    }

    @Test func retryUnderOneKeyFindsTheFirstOutcome() async throws {
        try await APIWorld.with { api async throws in
            for (operation, id, person) in [
                (Self.withdraw, try await api.world.submitted().id, Fixture.eve),
                (Self.finish, try await api.world.approved().id, Fixture.eve),
                (Self.revoke, try await api.world.approved().id, Fixture.adam),
            ] {
                let first = try await Self.end(api, operation, id, as: person, key: id.text)
                let again = try await Self.end(api, operation, id, as: person, key: id.text)
                #expect(try again.json(200) == first.json(200), "\(operation)")
            }
        }
    }

    @Test func accessThatIsOverByItsWindowSaysSo() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved().id
            api.world.clock.advance(by: .hours(2))
            _ = try await api.world.lockbox.expireDue()
            let body = try await api.ask("GET /v1/requests/{id}", ["id": id.text], as: Fixture.eve)
                .json(200)
            #expect(body["grant"]["endedReason"] == "windowOver")
            #expect(body["grant"]["endedAt"] == instant(.hours(2)))
            #expect(body["grant"]["endedBy"] == .null)
        }
    }
}
