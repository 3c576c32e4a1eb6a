import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Each column of each table with what the store never writes, read by all that reads it: there is
/// an answer, a refusal or `StoreError`, never a trap and never an error that nobody expected.
///
/// A trap ends the process of the tests, and with it the whole run; the file that is named at the
/// beginning says which value and which reader it was.
struct StoredRowFuzzTests {
    /// Values for each column.
    private static let values = 2 * FuzzRun.rounds

    @Test func whateverIsStoredNothingBreaks() async throws {
        let trace = try FuzzTrace("rows")
        var source = FuzzSource("rows")
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-rows-\(ProcessInfo.processInfo.globallyUniqueString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await PortalWorld.with(at: folder + "/lockbox.sqlite") { world in
            let stored = try await StoredRowWorld(world)
            let (pages, commands) = (try await stored.pages(), try stored.commands())
            world.store.undoWrites()
            let file = try OddFile(path: folder + "/lockbox.sqlite")
            #expect(pages.count > 100, "pages are not found any more")
            try await Self.tryKnown(commands, in: file)
            try await Self.tryDangling(commands + pages, in: file)
            let columns = try file.columns()
            #expect(columns.count > 120, "columns are not found any more")
            for column in columns {
                let rows = try file.rows(of: column.table)
                guard !rows.isEmpty else { continue }
                for _ in 0..<Self.values {
                    let value = OddFile.value(for: column, &source)
                    let change = try file.set(column, to: value, row: source.pick(rows))
                    guard let change else { continue }
                    let readers =
                        [source.pick(pages)] + (source.isOneIn(2) ? [source.pick(commands)] : [])
                    for reader in readers {
                        try trace.tries("\(reader), with \(change)")
                        await Self.check(reader, change)
                    }
                    try file.undo(change)
                }
            }
            try file.close()
        }
        try FileManager.default.removeItem(atPath: folder)
        try trace.end()
    }

    /// Values that what comes later cannot bear, and who would come upon them.
    private static let known = [
        ("access_request", "duration", "0", "decides"),
        ("access_request", "not_before", "253402300799999", "decides"),
        ("access_request", "version", "9223372036854775807", "decides"),
        ("access_request", "version", "9007199254740991", "decides"),
        ("access_request", "approvals_needed", "-9223372036854775807 - 1", "decides"),
        ("decision", "duration", "-1", "decides"),
        ("log_number", "number", "4611686018427387904", "asks"),
        ("log_head", "size", "4611686018427387904", "check"),
        ("credential_use", "uses", "9223372036854775807", "stops"),
        ("tenant", "version", "9223372036854775807", "changes the rules"),
        ("notice", "attempts", "9223372036854775807", "lane mail"),
    ]

    private static func tryKnown(_ commands: [StoredRowReader], in file: OddFile) async throws {
        let columns = try file.columns()
        for (table, name, value, part) in known {
            let column = try #require(columns.first { $0.table == table && $0.name == name })
            let readers = commands.filter { $0.description.contains(part) }
            #expect(!readers.isEmpty, "\(part)")
            let changes = try file.rows(of: table).compactMap {
                try file.set(column, to: value, row: $0)
            }
            #expect(!changes.isEmpty, "\(column) takes no \(value)")
            for reader in readers {
                for change in changes.prefix(1) { await check(reader, change) }
            }
            for change in changes { try file.undo(change) }
        }
    }

    /// References that something is read by.
    private static let references = [
        ("access_request", "engineer"), ("access_request", "support_request"),
        ("decision", "person"), ("message", "person"), ("notice", "recipient"),
        ("support_request", "opened_by"), ("removal", "request"),
    ]

    /// Whoever follows a reference to nothing hears that what is stored is damaged.
    private static func tryDangling(_ readers: [StoredRowReader], in file: OddFile) async throws {
        let columns = try file.columns()
        for (table, name) in references {
            let column = try #require(columns.first { $0.table == table && $0.name == name })
            let changes = try file.rows(of: table).compactMap { row in
                let nobody = "substr(\(name), 1, 4) || '0000000000'"
                return try file.set(column, to: nobody, row: row)
            }
            var found = 0
            for reader in readers where found < 3 {
                do {
                    let status = try await reader.read()
                    #expect(status != 500, "\(reader), with \(column) of nothing")
                    if status == 503 { found += 1 }
                } catch StoreError.corrupt {
                    found += 1
                } catch is Refusal, is StoreError, is EnforcerError, is EndNotRecorded {
                    // Who asks does not come so far, or what was written was taken back.
                }
            }
            #expect(found > 0, "nobody notices \(column) of nothing")
            for change in changes { try file.undo(change) }
        }
    }

    private static func check(_ reader: StoredRowReader, _ change: OddFile.Change) async {
        do {
            let status = try await reader.read()
            #expect(status != 500, "\(reader), with \(change)")
        } catch is Refusal, is StoreError, is EnforcerError, is EndNotRecorded {
            // A refusal and what cannot be read or written are answers.
        } catch {
            Issue.record(error, "\(reader), with \(change)")
        }
    }
}
