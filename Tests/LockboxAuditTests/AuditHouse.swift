import Foundation
import GRDB
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import MerkleLog
import Testing

@testable import LockboxAudit

/// A store on a temporary file with the fixture's people in it, and the one door to it.
struct AuditHouse: Sendable {
    let folder: String
    let store: any Store
    private let sqlite: SQLiteStore
    let clock = FixedClock()
    let audited: AuditedStore

    var path: String { folder + "/lockbox.sqlite" }

    static let contoso = LogID.tenant(Fixture.contoso.id)
    static let fabrikam = LogID.tenant(Fixture.fabrikam.id)
    static let prefix = "lockbox.test"
    static let seed = [UInt8](repeating: 42, count: 32)

    /// Runs `body` with a house of its own, which is gone afterwards. With `told`, the logs know of
    /// everybody in it.
    static func with(
        told: Bool = false,
        readers: [any EventReader] = [],
        _ body: (AuditHouse) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-audit-\(ProcessInfo.processInfo.globallyUniqueString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try await SQLiteStore.open(path: folder + "/lockbox.sqlite")
        let house = AuditHouse(folder: folder, store: store, readers: readers)
        do {
            try await house.furnish(told: told)
            try await body(house)
        } catch {
            try await house.close()
            throw error
        }
        try await house.close()
    }

    private init(folder: String, store: SQLiteStore, readers: [any EventReader]) {
        self.folder = folder
        self.store = store
        sqlite = store
        audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: SeededEntropy(),
            readers: readers
        )
    }

    private func close() async throws {
        try await sqlite.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    private func furnish(told: Bool) async throws {
        try await audited.write(by: .console) { change in
            try Fixture.populate(change.tx)
            guard told else { return }
            for tenant in [Fixture.contoso, Fixture.fabrikam] {
                change.emit(.directory(.tenantAdded(tenant)))
            }
            for person in Fixture.everyone { change.emit(.directory(.personAdded(person))) }
            change.emit(.directory(.serviceAdded(Fixture.mail.service)))
            change.emit(.request(.supportRequestOpened(Fixture.supportRequest())))
        }
    }

    /// Appends `count` records that say little to `log`.
    func grow(_ log: LogID = contoso, by count: Int) async throws {
        let person =
            log == .provider ? Fixture.eve : log == Self.fabrikam ? Fixture.frida : Fixture.sue
        try await audited.write(by: .console) { change in
            for _ in 0..<count { change.emit(.signIn(.passwordSet(person))) }
        }
    }

    func entries(of log: LogID = contoso) async throws -> [LogEntry] {
        try await store.read { tx in try tx.entries(of: log, in: 0..<(try tx.head(of: log)).size) }
    }

    func size(of log: LogID) async throws -> UInt64 {
        try await store.read { tx in try tx.head(of: log).size }
    }

    func reader(
        signer: (any CheckpointSigner)? = nil,
        prefix: String = prefix,
        slice: Int = AuditLimits.slice
    ) throws -> LogReader {
        LogReader(
            store: store,
            signer: try signer ?? Ed25519CheckpointSigner(seed: Self.seed),
            prefix: prefix,
            slice: slice
        )
    }

    /// What is not as it should be in any log.
    func differences() async throws -> [String] {
        try await LogCheck(store: store).run(only: nil).flatMap(\.differences)
    }

    /// Changes the file behind the store's back, as somebody with the disk in hand would: guards
    /// first, then `statements`.
    func tamper(_ statements: String...) throws {
        let database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            for name in try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ) {
                try database.execute(sql: "DROP TRIGGER \"\(name)\"")
            }
            for statement in statements {
                try database.execute(sql: statement)
                #expect(database.changesCount > 0, "nothing was changed by: \(statement)")
            }
        }
        try database.close()
    }
}

/// A leaf as any JSON reader sees it.
func members(of entry: LogEntry) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(entry.bytes)) as? [String: Any])
}
