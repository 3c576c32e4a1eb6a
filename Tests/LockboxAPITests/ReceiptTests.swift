import HTTPTypes
import LockboxAudit
import LockboxClient
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestAuthenticator
import LockboxTestWorld
import LockboxWire
import MerkleLog
import Testing

/// What is left of a request once it is over.
struct ReceiptTests {
    private static let receipt = "GET /v1/requests/{id}/receipt"
    private static let log = LogID.tenant(Fixture.contoso.id)

    private static func ask(
        _ api: APIWorld,
        _ id: AccessRequestID,
        as person: Person = Fixture.gita,
        accept: String? = nil
    ) async throws -> Answer {
        try await api.ask(
            receipt,
            ["id": id.text],
            as: person,
            headers: accept.map { [.accept: $0] } ?? [:]
        )
    }

    private static func findings(_ answer: Answer, _ api: APIWorld) throws -> [AuditFinding] {
        let file = try ReceiptFile(Array(answer.text.utf8))
        return file.verify(with: [try api.log.verifierKey(of: log)]).findings
    }

    private static func withdrawn(_ api: APIWorld) async throws -> AccessRequest {
        let request = try await api.world.submitted()
        _ = try await api.world.lockbox.withdraw(
            request.id.text,
            comment: nil,
            by: Fixture.eve,
            key: nil
        )
        return request
    }

    @Test func accessThatIsOverHasOneThatVerifiesWithoutTheServer() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved()
            try await Self.ask(api, request.id).expectProblem(409, "wrongState")
            _ = try await api.world.credential(for: request)
            _ = try await api.world.lockbox.revoke(
                request.id.text,
                comment: "Enough",
                by: Fixture.gita,
                key: nil
            )
            // What others do at the same time is not in it.
            let other = try await api.world.submitted()
            let answer = try await Self.ask(api, request.id)
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(try Self.findings(answer, api) == [])
            let said = try answer.json(200)
            #expect(said["type"] == "lockbox-receipt/v1")
            #expect(said["request"].text == request.id.text)
            let records = said["records"].items
            let activities = records.compactMap { $0["activity"].text }
            for activity in [
                "tenant.added", "request.submitted", "request.approvedByManager",
                "request.approved", "access.granted", "access.credentialIssued", "access.ended",
            ] {
                #expect(activities.contains(activity), "\(activity)")
            }
            #expect(!answer.text.contains(other.id.text))
            let changed = answer.text.replacing(#""text":"Enough""#, with: #""text":"Done""#)
            let file = try ReceiptFile(Array(changed.utf8))
            let report = file.verify(with: [try api.log.verifierKey(of: Self.log)])
            #expect(report.findings.flatMap(FindingEntry.all).map(\.code) == ["text-changed"])
        }
    }

    @Test func requestThatWasDeniedOrWithdrawnHasOne() async throws {
        try await APIWorld.with { api async throws in
            let withdrawn = try await Self.withdrawn(api)
            #expect(try Self.findings(try await Self.ask(api, withdrawn.id), api) == [])
            let denied = try await api.world.reviewed()
            let answer = try await api.ask(
                "POST /v1/requests/{id}/decisions",
                ["id": denied.id.text],
                as: Fixture.adam,
                .json([
                    "decision": "deny", "comment": "Not this week.",
                    "version": .integer(Int64(denied.version)),
                ])
            )
            #expect(answer.status == 200)
            #expect(try Self.findings(try await Self.ask(api, denied.id), api) == [])
        }
    }

    @Test func signedApprovalComesWithItsKeyAndTheRules() async throws {
        try await APIWorld.with { api async throws in
            let request = try await Self.signedAndOver(api)
            let answer = try await Self.ask(api, request)
            #expect(try Self.findings(answer, api) == [])
            let activities = try answer.json(200)["records"].items.compactMap {
                $0["activity"].text
            }
            #expect(activities.count { $0 == "signingKey.confirmed" } == 1)
            #expect(activities.count { $0 == "signingKey.added" } == 1)
            #expect(activities.contains("tenant.policyChanged"))
        }
    }

    /// Access that was opened by a signed approval and has ended, while another key is there too.
    private static func signedAndOver(_ api: APIWorld) async throws -> AccessRequestID {
        let signer = SSHSigner()
        let key = try await SigningTests.key(signer, of: Fixture.adam, api)
        _ = try await SigningTests.key(SSHSigner(), of: Fixture.gita, api)
        let parts = ["tenant": "contoso", "key": key]
        _ = try await api.ask(SigningTests.confirm, parts, as: Fixture.gita)
        try await SigningTests.requireSignatures(api)
        let request = try await api.world.reviewed()
        let statement = try await SigningTests.statement(of: request, api)
        let opened = try await api.ask(
            SigningTests.decide,
            ["id": request.id.text],
            as: Fixture.adam,
            .json(try SigningTests.approval(of: request, statement, signer, key))
        )
        #expect(opened.status == 200)
        _ = try await api.world.lockbox.finish(
            request.id.text,
            comment: nil,
            by: Fixture.eve,
            key: nil
        )
        return request.id
    }

    @Test func erasedTextIsGoneFromItAndTheRecordOfThatIsThere() async throws {
        try await APIWorld.with { api async throws in
            let request = try await api.world.approved().id
            _ = try await api.world.lockbox.finish(
                request.text,
                comment: "Mended.",
                by: Fixture.eve,
                key: nil
            )
            let erased = try await api.ask(
                "POST /v1/tenants/{tenant}/audit/erasures",
                ["tenant": "contoso"],
                as: Fixture.gita,
                .json(["request": .string(request.text), "reason": "Article 17"])
            )
            #expect(erased.status < 300, "\(erased.text)")
            let answer = try await Self.ask(api, request)
            #expect(answer.text.contains("texts.erased") && !answer.text.contains("Mended."))
            #expect(try Self.findings(answer, api) == [])
        }
    }

    @Test func isForThoseWhoMayReadTheLog() async throws {
        try await APIWorld.with { api async throws in
            let request = try await Self.withdrawn(api)
            #expect(try await Self.ask(api, request.id, as: Fixture.adam).status == 200)
            for person in [Fixture.eve, Fixture.mark] {
                try await Self.ask(api, request.id, as: person)
                    .expectProblem(403, "notPermitted")
            }
            for person in [Fixture.vera, Fixture.sue] {
                let status = try await Self.ask(api, request.id, as: person).status
                #expect([403, 404].contains(status))
            }
        }
    }

    @Test func formIsWhatAcceptAsksFor() async throws {
        try await APIWorld.with { api async throws in
            let request = try await Self.withdrawn(api)
            let page = try await Self.ask(api, request.id, accept: "text/html")
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(page.text.hasPrefix("<pre>{\"checkpoint\":"))
            try await Self.ask(api, request.id, accept: "text/csv")
                .expectProblem(406, "notAcceptable")
        }
    }
}
