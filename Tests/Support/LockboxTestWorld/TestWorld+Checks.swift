import LockboxAudit
package import LockboxDomain
import LockboxFixtures
package import LockboxPorts

/// What a test found that must not be; thrown, because this kit also serves programs without tests.
package struct Unexpected: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension TestWorld {
    package func stored(_ id: AccessRequestID) async throws -> AccessRequest {
        let found = try await store.read { tx in try tx.request(id) }
        guard let found else { throw Unexpected("there is no request \(id)") }
        return found
    }

    package func entries(of log: LogID = .tenant(Fixture.contoso.id)) async throws -> [LogEntry] {
        try await store.read { tx in try tx.entries(of: log, in: 0..<(try tx.head(of: log)).size) }
    }

    package func activities(about id: AccessRequestID) async throws -> [String] {
        try await entries().filter { $0.request == id }.map(\.activity)
    }

    /// The logs agree with the tables and with themselves; `Unexpected` where they do not.
    package func expectConsistentLogs() async throws {
        let differences = try await LogCheck(store: store, clock: clock).run(only: nil).flatMap(
            \.differences
        )
        guard differences.isEmpty else {
            throw Unexpected("the logs are not consistent: \(differences)")
        }
    }

    /// Runs `body`, which must be refused and must change nothing; gives the refusal.
    package func refusal(_ body: () async throws -> Void) async throws -> Refusal {
        let before = try await state()
        do {
            try await body()
        } catch let refusal as Refusal {
            guard try await state() == before else {
                throw Unexpected("a refusal changed something: \(refusal)")
            }
            return refusal
        }
        throw Unexpected("it was not refused")
    }

    private func state() async throws -> [String] {
        try await store.read { tx in
            try tx.logs().map { "\($0.logName) \(try tx.head(of: $0))" }
                + tx.requests(RequestFilter(), page: ListPage(limit: 200)).items.map { "\($0)" }
                + tx.tenants().map { "\($0)" } + tx.people(at: .provider).map { "\($0)" }
                + tx.people(at: .tenant(Fixture.contoso.id)).map { "\($0)" }
                + tx.liveCredentials(at: .earliest).map { "\($0)" }
        }
    }
}
