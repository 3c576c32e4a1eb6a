import Foundation
import GRDB
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import LockboxTestWorld
import MerkleLog
import Testing

@testable import LockboxAudit

/// A world on a file that a test can reach, with the fixture's people in it.
struct AuditWorld: Sendable {
    let path: String
    private let world: TestWorld

    var store: any Store { world.store }
    var clock: FixedClock { world.clock }
    var audited: AuditedStore { world.audited }

    let heads = RememberedHeads()

    static let contoso = LogID.tenant(Fixture.contoso.id)
    static let fabrikam = LogID.tenant(Fixture.fabrikam.id)
    static let prefix = "lockbox.test"
    static let seed = [UInt8](repeating: 42, count: 32)

    /// Runs `body` with a world of its own, which is gone afterwards. With `told`, the logs know of
    /// everybody in it.
    static func with(
        told: Bool = false,
        readers: [any EventReader] = [],
        _ body: (AuditWorld) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-audit-\(ProcessInfo.processInfo.globallyUniqueString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/lockbox.sqlite"
        let store = try await SQLiteStore.open(path: path)
        let world = AuditWorld(path: path, world: TestWorld(store: store, readers: readers))
        do {
            try await world.furnish(told: told)
            try await body(world)
        } catch {
            try await store.close()
            try FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try await store.close()
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
            for (resource, tenant) in Fixture.resources {
                change.emit(.directory(.resourceAdded(resource, tenant)))
            }
        }
        guard told else { return }
        // They are in the tables already, each with the hand that it is from.
        for (support, person) in [
            (Fixture.supportRequest(), Fixture.sue),
            (
                Fixture.supportRequest(
                    "SR-2001",
                    of: Fixture.fabrikam.id,
                    openedBy: Fixture.frida.id
                ), Fixture.frida
            ),
        ] {
            try await audited.write(by: .person(person)) { change in
                change.emit(.request(.supportRequestOpened(support)))
            }
        }
    }

    /// Appends `count` records that say little to `log`.
    func grow(_ log: LogID = contoso, by count: Int) async throws {
        try await world.grow(log, by: count)
    }

    func entries(of log: LogID = contoso) async throws -> [LogEntry] {
        try await world.entries(of: log)
    }

    func size(of log: LogID) async throws -> UInt64 {
        try await store.read { tx in try tx.head(of: log).size }
    }

    func reader(
        signer: (any CheckpointSigner)? = nil,
        origin: String = prefix,
        witnesses: [LogWitness] = [],
        slice: Int = AuditLimits.slice
    ) throws -> LogReader {
        LogReader(
            store: store,
            signer: try signer ?? Ed25519CheckpointSigner(seed: Self.seed),
            heads: heads,
            origin: origin,
            witnesses: witnesses,
            slice: slice
        )
    }

    /// What is not as it should be in any log.
    func differences() async throws -> [String] {
        try await LogCheck(store: store, clock: clock).run(only: nil).flatMap(\.differences)
    }

    /// Changes the file behind the store's back, as somebody with the disk in hand would: guards
    /// first, then `statements`.
    func tamper(_ statements: String...) throws {
        let database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { database in
            try database.dropGuards()
            for statement in statements {
                try database.execute(sql: statement)
                #expect(database.changesCount > 0, "nothing was changed by: \(statement)")
            }
        }
        try database.close()
    }
}

extension AuditWorld {
    /// Every column of every table that is not the database's own.
    func columns() throws -> [StoredColumn] {
        let database = try DatabaseQueue(path: path)
        return try database.read { try $0.storedColumns() }
    }

    /// Another value in one row of `column`, one that has a value if there is any, as long as `body`
    /// runs. False where the table has no row.
    func with(_ column: StoredColumn, changed body: () async throws -> Void) async throws -> Bool {
        let database = try DatabaseQueue(path: path)
        let row = try database.write { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT rowid AS place, \(column.name) AS old FROM \(column.table)
                    ORDER BY \(column.name) IS NULL, rowid DESC LIMIT 1
                    """
            )
        }
        guard let row else { return false }
        let (place, old): (Int64, DatabaseValue) = (row["place"], row["old"])
        let new: DatabaseValue =
            switch old.storage {
            case .int64(let number): (number == 1 ? 0 : number + 1).databaseValue
            // As long as before, so that an identifier stays one and is nobody's.
            case .string(let text): (text.dropLast() + (text.last == "0" ? "1" : "0")).databaseValue
            case .blob(let bytes): Data(bytes.map { $0 ^ 1 }).databaseValue
            case .null, .double: column.type == "TEXT" ? "x".databaseValue : 1.databaseValue
            }
        func set(_ value: DatabaseValue) throws {
            try database.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA foreign_keys = OFF")
                try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
                try database.execute(
                    sql: "UPDATE \(column.table) SET \(column.name) = ? WHERE rowid = ?",
                    arguments: [value, place]
                )
            }
        }
        try set(new)
        try await body()
        try set(old)
        return true
    }
}

/// A leaf as any JSON reader sees it.
func members(of entry: LogEntry) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(entry.bytes)) as? [String: Any])
}

extension AuditWorld {
    /// A support request was opened, answered and closed.
    func writeOnSupportRequest() async throws {
        let number = Fixture.supportRequest("SR-1003").number
        try await audited.write(by: .person(Fixture.sue)) { change in
            let opened = Fixture.supportRequest(number.text, openedAt: change.now)
            try change.tx.insert(opened)
            change.emit(.request(.supportRequestOpened(opened)))
        }
        for person in [Fixture.eve, Fixture.sue] {
            try await audited.write(by: .person(person)) { change in
                var support = try #require(
                    try change.tx.supportRequest(number, of: Fixture.contoso.id)
                )
                let entry =
                    person == Fixture.eve
                    ? try support.write("Try again.", by: person, now: change.now)
                    : try support.close(comment: nil, by: person, now: change.now)
                try change.tx.save(support, entry)
                change.emit(.request(.supportRequestMoved(support, entry)))
            }
        }
    }
}
