import HTTPTypes
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWire
import Synchronization
import Testing

/// The service itself: whether it runs, what it counts, and how it describes itself.
struct ServiceTests {
    @Test func processAndDatabaseAnswer() async throws {
        try await APIWorld.with { api async throws in
            for (operation, text) in [("GET /healthz", "ok\n"), ("GET /readyz", "ready\n")] {
                let answer = try await api.ask(operation)
                #expect(answer.status == 200)
                #expect(answer.text == text)
                #expect(answer.headers[.contentType] == "text/plain; charset=utf-8")
            }
        }
    }

    @Test func withoutItsDatabaseItIsNotReadyButRuns() async throws {
        let isBroken = Atomic(false)
        try await APIWorld.with(beforeRead: {
            if isBroken.load(ordering: .relaxed) { throw StoreError.unavailable("taken away") }
        }) { api async throws in
            isBroken.store(true, ordering: .relaxed)
            let ready = try await api.ask("GET /readyz")
            try ready.expectProblem(503, "unavailable")
            #expect(ready.headers[.retryAfter] == "1")
            #expect(!ready.text.contains("taken away"))
            #expect(try await api.ask("GET /healthz").status == 200)
        }
    }

    @Test func whoComesUponDamagedRowsHearsThatTheyAre() async throws {
        let isBroken = Atomic(false)
        try await APIWorld.with(beforeRead: {
            if isBroken.load(ordering: .relaxed) { throw StoreError.corrupt("decision PER-X") }
        }) { api async throws in
            isBroken.store(true, ordering: .relaxed)
            let answer = try await api.ask("GET /readyz")
            try answer.expectProblem(503, "storedDataDamaged")
            #expect(!answer.text.contains("PER-X"))
            // It does not get better by trying again.
            #expect(answer.headers[.retryAfter] == nil)
        }
    }

    @Test func whatKeepsItFromItsWorkIsSaidInWords() async throws {
        try await APIWorld.with { api async throws in
            api.condition.said.withLock { $0 = ["The disk is full.", "The clock jumped."] }
            let ready = try await api.ask("GET /readyz")
            try ready.expectProblem(503, "unavailable")
            #expect(try ready.json()["detail"] == "The disk is full. The clock jumped.")
            api.condition.said.withLock { $0 = [] }
            // What keeps it from little is said beside.
            api.condition.remarked.withLock { $0 = ["A log could not be searched."] }
            let again = try await api.ask("GET /readyz")
            #expect(again.status == 200)
            #expect(again.text == "ready\nA log could not be searched.\n")
        }
    }

    @Test func metricsAreToldWithoutTheDatabaseToo() async throws {
        let isBroken = Atomic(false)
        try await APIWorld.with(beforeRead: {
            if isBroken.load(ordering: .relaxed) { throw StoreError.unavailable("taken away") }
        }) { api async throws in
            isBroken.store(true, ordering: .relaxed)
            let answer = try await api.ask("GET /metrics", from: "127.0.0.1")
            #expect(answer.status == 200)
            #expect(answer.text.contains("lockbox_test -1.5\n"))
            #expect(!answer.text.contains("lockbox_removals_failed"))
        }
    }

    @Test func answersCredentialsAndRemovalsAreCounted() async throws {
        try await APIWorld.with { api async throws in
            let ended = try await api.world.approved()
            _ = try await api.world.credential(for: ended)
            let request = try await api.world.approved()
            _ = try await api.world.credential(for: request)
            _ = try await api.world.lockbox.finish(
                ended.id.text,
                comment: nil,
                by: Fixture.eve,
                key: nil
            )
            _ = try await api.ask("GET /v1/me")
            let answer = try await api.ask("GET /metrics", from: "127.0.0.1")
            #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                #"lockbox_http_requests_total{method="GET",status="401"} 1"#,
                "lockbox_live_credentials 1", "lockbox_removals_pending 1",
                "lockbox_removals_failed 0",
            ] {
                #expect(answer.text.contains(line + "\n"), "\(line) in \(answer.text)")
            }
        }
    }

    @Test(arguments: [
        (MetricsAccess.open, "192.0.2.1", nil, 200), (.open, "192.0.2.1", "X-Forwarded-For", 200),
        (.loopback, "127.0.0.1", nil, 200), (.loopback, "::1", nil, 200),
        (.loopback, "192.0.2.1", nil, 404), (.loopback, "127.0.0.1", "X-Forwarded-For", 404),
        (.loopback, "127.0.0.1", "Forwarded", 404), (.loopback, "127.0.0.1", "X-Real-IP", 404),
        (.loopback, "127.0.0.1", "Via", 404), (.off, "127.0.0.1", nil, 404),
    ])
    func metricsAreForWhomTheConfigurationSays(
        _ access: MetricsAccess,
        _ address: String,
        _ header: String?,
        _ status: Int
    ) async throws {
        try await APIWorld.with(metrics: access) { api async throws in
            let name = header.flatMap { HTTPField.Name($0) }
            let answer = try await api.ask(
                "GET /metrics",
                headers: name.map { [$0: "198.51.100.1"] } ?? [:],
                from: address
            )
            #expect(answer.status == status)
        }
    }

    @Test func descriptionIsServedAsItIs() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask("GET /openapi.json")
            let document = try answer.json(200)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(answer.headers[.cacheControl] == "public, max-age=300")
            #expect(document["openapi"] == "3.1.0")
            #expect(document["paths"].members.count > 40)
        }
    }

    @Test func pathAndMethodThatNobodyKnowsAreRefused() async throws {
        try await APIWorld.with { api async throws in
            for path in ["/v1", "/v1/nothing", "/v2/requests", "/v1/requests/x/y/z"] {
                try await api.ask("GET \(path)", as: Fixture.eve).expectProblem(404, "notFound")
            }
            let odd = try await api.ask("BREW /v1/requests", as: Fixture.eve)
            try odd.expectProblem(405, "methodNotAllowed")
        }
    }
}
