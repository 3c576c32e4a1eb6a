import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

/// A database that the first version wrote, with something in every table: a story of three
/// requests with a mailbox behind them, then two that are open, questions, and many support
/// requests.
struct UpgradeTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        let unpack = Process()
        unpack.executableURL = URL(filePath: "/bin/sh")
        let stored = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/schema-3.sqlite.gz").path
        unpack.arguments = [
            "-c", "exec gzip -dc < \"$1\" > \"$2\"", "sh", stored, scratch.database,
        ]
        try unpack.run()
        unpack.waitUntilExit()
        try #require(unpack.terminationStatus == 0)
    }

    @Test func schemaBecomesThatOfANewDatabase() async throws {
        let store = try await SQLiteStore.open(path: scratch.database)
        try await store.close()
        let engine = try SQLiteEngine(path: scratch.database)
        #expect(try await engine.schemaText() == SchemaTextTests.kept("present"))
        let faults = try await engine.read { tx in
            try tx.query("PRAGMA integrity_check") { try $0.text(0) }
                + tx.query("PRAGMA foreign_key_check") { try $0.text(0) }
        }
        #expect(faults == ["ok"])
        try await engine.close()
    }

    @Test func logsAreWhole() async throws {
        let store = try await SQLiteStore.open(path: scratch.database)
        let reports = try await LogCheck(store: store, clock: FixedClock()).run(only: nil)
        #expect(reports.flatMap(\.differences) == [])
        #expect(reports.map(\.records).reduce(0, +) == 315)
        try await store.close()
    }

    @Test func everythingIsReadBack() async throws {
        let store = try await SQLiteStore.open(path: scratch.database)
        try await store.read { tx in
            let contoso = try #require(TenantID("contoso"))
            #expect(try tx.providerName() == "Example Cloud")
            #expect(try tx.tenants().map(\.name) == ["Contoso Ltd"])
            let own = try #require(try tx.services().first?.own)
            #expect(own.hasPrefix(#"{"doveadm":{"apiKeyFile":"/"#))
            #expect(own.hasSuffix(#"","url":"http://127.0.0.1:15401/doveadm/v1"}}"#))
            #expect(try tx.resources(of: contoso).count == 4)
            let people = try tx.people(at: .tenant(contoso)) + tx.people(at: .provider)
            #expect(people.count == 6)
            #expect(try people.allSatisfy { try tx.password(of: $0.id) != nil })
            #expect(try people.flatMap { try tx.sessions(of: $0.id) }.count == 1)
            #expect(try people.flatMap { try tx.tokens(of: $0.id) }.isEmpty == false)
            let support = try tx.supportRequests(
                of: contoso,
                openedBy: nil,
                page: ListPage(limit: 999)
            )
            #expect(support.items.count == 223)
            try requestsAreReadBack(tx)
            let log = LogID.tenant(contoso)
            #expect(try tx.treeHashes(of: log, level: 1, first: 0, count: 1).count == 1)
            #expect(try tx.lastCheckpoint(of: log) != nil)
        }
        try await store.close()
    }

    private func requestsAreReadBack(_ tx: any StoreTransaction) throws {
        let requests = try tx.requests(RequestFilter(), page: ListPage(limit: 99)).items
        #expect(
            requests.map(\.state.name)
                == [.awaitingManager, .awaitingCustomer, .denied, .ended, .ended]
        )
        #expect(requests.map(\.decisions.count) == [0, 1, 2, 2, 2])
        #expect(try requests.map { try tx.messages(on: $0.id).count } == [0, 2, 0, 0, 0])
        #expect(try requests.flatMap { try tx.notices(about: $0.id) }.count == 44)
        let grants = requests.compactMap(\.state.grant)
        #expect(grants.map(\.basis) == [.approval, .approval])
        #expect(try grants.flatMap { try tx.credentials(of: $0.id) }.count == 2)
        #expect(try grants.flatMap { try tx.uses(of: $0.id) }.map(\.count).reduce(0, +) == 3)
        let removals = try requests.flatMap { try tx.removals(of: $0.id) }
        #expect(removals.map(\.progress) == [.confirmed, .confirmed])
    }
}
