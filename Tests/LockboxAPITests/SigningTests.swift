import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestAuthenticator
import LockboxTestWorld
import LockboxWire
import MerkleLog
import Testing

/// Approvals that are signed with an SSH key, over the API.
struct SigningTests {
    private static let list = "GET /v1/tenants/{tenant}/signing-keys"
    private static let add = "POST /v1/tenants/{tenant}/signing-keys"
    static let confirm = "POST /v1/tenants/{tenant}/signing-keys/{key}/confirm"
    private static let remove = "DELETE /v1/tenants/{tenant}/signing-keys/{key}"
    private static let statement = "POST /v1/requests/{id}/statement"
    static let decide = "POST /v1/requests/{id}/decisions"

    static func key(_ signer: SSHSigner, of person: Person, _ api: APIWorld) async throws
        -> String
    {
        let body: JSONValue = ["publicKey": .string(signer.publicKey), "name": "laptop"]
        let answer = try await api.ask(add, ["tenant": "contoso"], as: person, .json(body))
        return try #require(try answer.json(200)["id"].text)
    }

    static func requireSignatures(_ api: APIWorld) async throws {
        var policy = Policy.standard
        policy.signedApprovals = .required
        _ = try await api.world.lockbox.changePolicy(
            of: "contoso",
            to: policy,
            version: 1,
            by: Fixture.gita
        )
    }

    static func statement(of request: AccessRequest, _ api: APIWorld) async throws -> String {
        let answer = try await api.ask(
            statement,
            ["id": request.id.text],
            as: Fixture.adam,
            .json(["decision": "approve", "version": .integer(Int64(request.version))])
        )
        return try #require(try answer.json(200)["statement"].text)
    }

    static func approval(
        of request: AccessRequest,
        _ statement: String,
        _ signer: SSHSigner,
        _ key: String
    ) throws -> JSONValue {
        [
            "decision": "approve", "version": .integer(Int64(request.version)),
            "statement": .string(statement),
            "signature": [
                "kind": "sshsig", "key": .string(key),
                "signature": .string(Base64.encode(try signer.sign(statement))),
            ],
        ]
    }

    @Test func keyIsAddedConfirmedAndRemoved() async throws {
        try await APIWorld.with { api async throws in
            let key = try await Self.key(SSHSigner(), of: Fixture.adam, api)
            let parts = ["tenant": "contoso", "key": key]
            var one = try await api.ask(Self.list, parts, as: Fixture.gita).json(200)["items"][0]
            #expect(one["id"].text == key)
            #expect(one["kind"] == "ssh")
            #expect(one["person"].text == Fixture.adam.id.text)
            #expect(one["personName"].text == Fixture.adam.name)
            #expect(one["countsFrom"].text == (Fixture.now + .days(1)).description)
            try await api.ask(Self.confirm, parts, as: Fixture.adam).expectProblem(
                403,
                "notPermitted"
            )
            #expect(try await api.ask(Self.confirm, parts, as: Fixture.gita).status == 204)
            one = try await api.ask(Self.list, parts, as: Fixture.gita).json(200)["items"][0]
            #expect(one["confirmedBy"].text == Fixture.gita.id.text)
            #expect(try await api.ask(Self.remove, parts, as: Fixture.adam).status == 204)
            let none = try await api.ask(Self.list, parts, as: Fixture.gita).json(200)["items"]
            #expect(none == [])
            try await api.ask(Self.remove, parts, as: Fixture.adam).expectProblem(404, "notFound")
        }
    }

    @Test func nobodyConfirmsAKeyOfTheirOwn() async throws {
        try await APIWorld.with { api async throws in
            let key = try await Self.key(SSHSigner(), of: Fixture.gita, api)
            try await api.ask(
                Self.confirm,
                ["tenant": "contoso", "key": key],
                as: Fixture.gita
            ).expectProblem(422, "invalidField", field: "key")
        }
    }

    @Test func signedApprovalOpensAccessAndAnUnsignedOneDoesNot() async throws {
        try await APIWorld.with { api async throws in
            let signer = SSHSigner()
            let key = try await Self.key(signer, of: Fixture.adam, api)
            _ = try await api.ask(
                Self.confirm,
                ["tenant": "contoso", "key": key],
                as: Fixture.gita
            )
            try await Self.requireSignatures(api)
            let request = try await api.world.reviewed()
            let parts = ["id": request.id.text]
            try await api.ask(
                Self.decide,
                parts,
                as: Fixture.adam,
                .json(["decision": "approve", "version": .integer(Int64(request.version))])
            ).expectProblem(409, "signatureRequired")
            let statement = try await Self.statement(of: request, api)
            // One byte of it is another one.
            for other in [
                statement.replacing("PT2H", with: "PT3H"),
                statement.replacing("read", with: "write"), statement + " ", "{}",
            ] {
                try await api.ask(
                    Self.decide,
                    parts,
                    as: Fixture.adam,
                    .json(try Self.approval(of: request, other, signer, key))
                ).expectProblem(422, "invalidField", field: "signature")
            }
            let opened = try await api.ask(
                Self.decide,
                parts,
                as: Fixture.adam,
                .json(try Self.approval(of: request, statement, signer, key))
            ).json(200)
            #expect(opened["state"] == "active")
            let issued = try await api.world.credential(for: request)
            #expect(
                try await api.world.index.active(issued.secret, now: api.world.clock.now()) != nil
            )
            // The same signature is none of another request.
            let next = try await api.world.reviewed()
            try await api.ask(
                Self.decide,
                ["id": next.id.text],
                as: Fixture.adam,
                .json(try Self.approval(of: next, statement, signer, key))
            ).expectProblem(422, "invalidField", field: "signature")
        }
    }

    @Test func keyThatIsNotConfirmedOrWasRemovedSignsNothing() async throws {
        try await APIWorld.with { api async throws in
            let signer = SSHSigner()
            let key = try await Self.key(signer, of: Fixture.adam, api)
            try await Self.requireSignatures(api)
            let request = try await api.world.reviewed()
            for isRemoved in [false, true] {
                if isRemoved {
                    let parts = ["tenant": "contoso", "key": key]
                    _ = try await api.ask(Self.confirm, parts, as: Fixture.gita)
                    _ = try await api.ask(Self.remove, parts, as: Fixture.adam)
                }
                let statement = try await Self.statement(of: request, api)
                try await api.ask(
                    Self.decide,
                    ["id": request.id.text],
                    as: Fixture.adam,
                    .json(try Self.approval(of: request, statement, signer, key))
                ).expectProblem(422, "invalidField", field: "signature")
            }
        }
    }

    @Test func statementIsGoodForFiveMinutes() async throws {
        try await APIWorld.with { api async throws in
            let signer = SSHSigner()
            let key = try await Self.key(signer, of: Fixture.adam, api)
            _ = try await api.ask(
                Self.confirm,
                ["tenant": "contoso", "key": key],
                as: Fixture.gita
            )
            let request = try await api.world.reviewed()
            let statement = try await Self.statement(of: request, api)
            let approval = try Self.approval(of: request, statement, signer, key)
            let made = api.world.clock.now()
            api.world.clock.move(to: made + .minutes(5) + TimeSpan(milliseconds: 1))
            try await api.ask(
                Self.decide,
                ["id": request.id.text],
                as: Fixture.adam,
                .json(approval)
            ).expectProblem(422, "invalidField", field: "signature")
            api.world.clock.move(to: made + .minutes(5))
            let opened = try await api.ask(
                Self.decide,
                ["id": request.id.text],
                as: Fixture.adam,
                .json(approval)
            ).json(200)
            #expect(opened["state"] == "active")
        }
    }
}
