import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// What became of the requests of a month.
struct ReportTests {
    private static let report = "GET /v1/tenants/{tenant}/reports/{month}"
    private static let month = ReportMonth(of: Fixture.now)

    private static func ask(
        _ api: APIWorld,
        _ month: String = month.description,
        as person: Person = Fixture.gita,
        accept: String? = nil
    ) async throws -> Answer {
        try await api.ask(
            report,
            ["tenant": "contoso", "month": month],
            as: person,
            headers: accept.map { [.accept: $0] } ?? [:]
        )
    }

    @Test func eachRequestIsThereWithWhatBecameOfIt() async throws {
        try await APIWorld.with { api async throws in
            let used = try await api.world.approved()
            _ = try await api.world.credential(for: used)
            _ = try await api.world.lockbox.revoke(
                used.id.text,
                comment: nil,
                by: Fixture.gita,
                key: nil
            )
            let unused = try await api.world.approved()
            let waiting = try await api.world.submitted()
            let said = try await Self.ask(api).json(200)
            #expect(said["month"].text == Self.month.description)
            #expect(said["tenant"] == "contoso")
            #expect(said["complete"] == true)
            let items = said["requests"].items
            let ids = [used, unused, waiting].map(\.id.text)
            #expect(Set(items.compactMap { $0["request"].text }) == Set(ids))
            let first = try #require(items.first { $0["request"].text == used.id.text })
            #expect(first["state"] == "ended")
            #expect(first["access"]["endedBecause"] == "revoked")
            #expect(first["access"]["credentials"] == 1)
            #expect(first["access"]["uses"] == 0)
            #expect(first["access"]["firstUse"] == .null)
            #expect(first["access"]["neverUsed"].items.count == 1)
            #expect(first["decisions"].items.map { $0["stage"] } == ["manager", "customer"])
            let last = try #require(items.first { $0["request"].text == waiting.id.text })
            #expect(last["access"] == .null)
            let none = try await Self.ask(api, Self.month.before.description).json(200)
            #expect(none["requests"] == [])
        }
    }

    @Test func tableHasALineForEachAndNoFormulas() async throws {
        try await APIWorld.with { api async throws in
            _ = try await api.world.submitted { $0.reason = "=HYPERLINK(\"https://evil.test\")" }
            let answer = try await Self.ask(api, accept: "text/csv")
            #expect(answer.headers[.contentType] == "text/csv; charset=utf-8; header=present")
            let lines = answer.text.split(separator: "\r\n")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("request,state,asked,engineer"))
            #expect(lines[1].contains("'=HYPERLINK"))
        }
    }

    @Test func isForThoseWhoMayReadTheLog() async throws {
        try await APIWorld.with { api async throws in
            #expect(try await Self.ask(api, as: Fixture.uma).status == 200)
            for person in [Fixture.eve, Fixture.mark, Fixture.vera] {
                try await Self.ask(api, as: person).expectProblem(404, "notFound")
            }
            try await Self.ask(api, as: Fixture.sue).expectProblem(403, "notPermitted")
        }
    }

    @Test func whatIsNoMonthIsNamed() async throws {
        try await APIWorld.with { api async throws in
            for text in ["2026-13", "2026-1", "November", "2026-11-01", "٢٠٢٦-١١"] {
                try await Self.ask(api, text).expectProblem(400, "badParameter", field: "month")
            }
            try await Self.ask(api, accept: "text/html").expectProblem(406, "notAcceptable")
        }
    }
}
