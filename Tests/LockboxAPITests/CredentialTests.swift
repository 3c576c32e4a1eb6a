import HTTPTypes
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// Getting a credential for access that was given.
struct CredentialTests {
    private static let credentials = "POST /v1/requests/{id}/credentials"

    private static func obtain(
        _ api: APIWorld,
        _ id: AccessRequestID,
        as person: Person = Fixture.eve,
        _ body: APIWorld.Body = .none,
        key: String? = nil
    ) async throws -> Answer {
        try await api.ask(
            credentials,
            ["id": id.text],
            as: person,
            body,
            headers: key.map { [.idempotencyKey: $0] } ?? [:]
        )
    }

    @Test func credentialIsShownOnceWithHowToUseIt() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved().id
            let answer = try await Self.obtain(api, id)
            let body = try answer.json(201)
            let username = try #require(body["username"].text)
            #expect(
                body.members == [
                    "actions", "address", "command", "expiresAt", "how", "id", "kind",
                    "opensInBrowser", "resource", "service", "token", "username",
                ]
            )
            #expect(body["expiresAt"] == instant(.hours(2)))
            #expect(body["resource"] == "mailbox:sue@contoso.test")
            #expect(body["service"] == "mail")
            #expect(body["actions"] == ["read"])
            #expect(username.hasPrefix("lbx-") && username.hasSuffix("-1"))
            #expect(body["how"].text?.contains(username) == true)
            #expect(body["kind"] == "imap" && body["address"] == .null)
            #expect(body["opensInBrowser"] == false)
            #expect(body["command"].text?.contains("imap://SERVER/") == true)
            let token = try #require(body["token"].text)
            #expect(token.hasPrefix("lbc_") && token.utf8.count == 68)
            #expect(try await api.world.index.active(token, now: Fixture.now) != nil)
            #expect(answer.headers[.cacheControl] == "no-store")
        }
    }

    @Test func resourceIsNamedWhereThereAreSeveral() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved {
                $0.resources.append(
                    .init(service: "mail", id: "mailbox:adam@contoso.test", actions: ["read"])
                )
            }.id
            try await Self.obtain(api, id).expectProblem(422, "invalidField", field: "resource")
            for name in ["mailbox:adam@contoso.test", "adam@contoso.test"] {
                let body = try await Self.obtain(
                    api,
                    id,
                    .json(["service": "mail", "resource": .string(name)])
                ).json(201)
                #expect(body["resource"] == "mailbox:adam@contoso.test")
            }
            let unknown = try await Self.obtain(api, id, .json(["resource": "mailbox:x@y.test"]))
            try unknown.expectProblem(422, "unknownResource", field: "resource")
            let service = try await Self.obtain(api, id, .json(["service": "wiki"]))
            try service.expectProblem(422, "unknownService", field: "service")
        }
    }

    @Test func onlyTheEngineerObtainsOne() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved().id
            let blind = [Fixture.frida, Fixture.finn, Fixture.tom, Fixture.vera]
            for person in Fixture.everybody where person != Fixture.eve {
                let answer = try await Self.obtain(api, id, as: person)
                if blind.contains(person) {
                    try answer.expectProblem(404, "notFound")
                } else {
                    try answer.expectProblem(403, "notPermitted")
                }
            }
        }
    }

    @Test func accessThatIsNotActiveGivesNone() async throws {
        try await APIWorld.with { api async throws in
            let waiting = try await api.world.submitted().id
            try await Self.obtain(api, waiting).expectProblem(409, "accessNotActive")
            let over = try await api.world.approved().id
            api.world.clock.advance(by: .hours(2))
            try await Self.obtain(api, over).expectProblem(409, "accessNotActive")
        }
    }

    @Test func retryUnderOneKeyDoesNotShowTheSecretAgain() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved().id
            _ = try await Self.obtain(api, id, key: "k").json(201)
            let again = try await Self.obtain(api, id, key: "k")
            try again.expectProblem(409, "alreadyExists")
        }
    }

    @Test func credentialsOfOneAccessAreBounded() async throws {
        try await APIWorld.with { api async throws in
            let id = try await api.world.approved().id
            for _ in 0..<Limits.credentialsPerGrant {
                _ = try await Self.obtain(api, id).json(201)
            }
            try await Self.obtain(api, id).expectProblem(409, "limitReached")
        }
    }

    @Test func useIsCounted() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            let issued = try await api.world.credential(for: request)
            #expect(try await api.world.lockbox.recordUse(of: issued.credential))
            let body = try await api.ask(
                "GET /v1/requests/{id}",
                ["id": request.id.text],
                as: Fixture.adam
            ).json(200)
            #expect(
                body["grant"]["uses"] == [
                    [
                        "service": "mail", "id": "mailbox:sue@contoso.test", "count": 1,
                        "first": instant(), "last": instant(),
                    ]
                ]
            )
        }
    }
}
