import Foundation
import LockboxPorts
import LockboxStoreContract
import Testing

@testable import LockboxStoreSQL
@testable import LockboxStoreSQLite

/// What is answered stays, and what cannot be kept is not answered.
@Suite(.serialized)
struct DurabilityTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test func writerRunsWithFullSynchronisation() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        let settings = try await engine.write { tx in
            try ["synchronous", "foreign_keys", "wal_autocheckpoint"].map { name in
                try tx.queryOne("PRAGMA \(name)") { try $0.integer(0) }
            }
        }
        #expect(settings == [2, 1, 0])
        try await engine.close()
    }

    @Test(.enabled(if: SystemCalls.canBeTraced, "counts flushes with strace"))
    func everyAnsweredWriteWasFlushedAndAGroupOnlyOnce() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
        let log = scratch.folder + "/flushes"
        let tracer = try Neighbour(
            "/usr/bin/strace",
            ["-f", "-y", "-e", "trace=fsync,fdatasync", "-o", log, "-p", "\(getpid())"],
            readingErrors: true
        )
        try #require(tracer.says("attached"))

        for number in 0..<20 { try await engine.add("alone \(number)") }
        let alone = try flushes(in: log)
        #expect(alone >= 20)

        let words = (0..<64).map { WaitingWrite.adding("together \($0)") }
        engine.writer.commit(words)
        let together = try flushes(in: log) - alone

        tracer.kill()
        _ = tracer.exitCode()
        #expect((1...2).contains(together))
        #expect(try await engine.words().count == 84)
        try await engine.close()
    }

    /// Flushes of our log so far: strace writes a line as each call begins, before the call is let
    /// through.
    private func flushes(in log: String) throws -> Int {
        // strace names files by their real path, which may begin otherwise than the path of
        // temporary files.
        let file = "/\(URL(fileURLWithPath: scratch.folder).lastPathComponent)/lockbox.sqlite-wal>"
        return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            .count { $0.contains("sync(") && $0.contains(file) }
    }

    @Test func answeredWriteSurvivesTheDeathOfTheProcess() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
        for number in 0..<10 {
            try await engine.add("\(number)")
            // What a killed process leaves behind is what its files hold now.
            let left = scratch.folder + "/left-\(number)"
            try FileManager.default.copyItem(atPath: scratch.database, toPath: left)
            try FileManager.default.copyItem(
                atPath: scratch.database + "-wal",
                toPath: left + "-wal"
            )
            let recovered = try SQLiteEngine(path: left)
            #expect(try await recovered.words() == (0...number).map(String.init))
            try await recovered.close()
        }
        try await engine.close()
    }

    @Test func closingLeavesOneFileThatHoldsEverything() async throws {
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
        try await engine.add("kept")
        try await engine.close()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.folder) == [
                "lockbox.sqlite"
            ]
        )
        let reopened = try SQLiteEngine(path: scratch.database)
        #expect(try await reopened.words() == ["kept"])
        try await reopened.close()
    }

    @Test func filesAreForTheirOwnerAlone() async throws {
        try #require(FileManager.default.createFile(atPath: scratch.database, contents: nil))
        try #require(chmod(scratch.database, 0o644) == 0)
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: scratch.database + suffix
            )
            #expect(attributes[.posixPermissions] as? Int == 0o600, "lockbox.sqlite\(suffix)")
        }
        try await engine.close()
    }

    @Test func logStartsOverThoughTheWriterNeverRests() async throws {
        let engine = try SQLiteEngine.temporary()
        let path = try #require(engine.temporaryFolder) + "/lockbox.sqlite-wal"
        try await engine.write { tx in _ = try tx.execute("CREATE TABLE bulk (bytes BLOB NOT NULL)")
        }
        let bytes = SQLValue.blob(Array(repeating: 7, count: 40_000))
        // More than twice the length from which the writer waits for a checkpoint.
        let groups = SQLiteLimits.logBytes * 5 / 2 / (40_000 * SQLLimits.groupSize)
        for _ in 0..<groups {
            engine.writer.commit(
                (0..<SQLLimits.groupSize).map { _ in
                    WaitingWrite(
                        run: { tx in
                            try tx.execute("INSERT INTO bulk (bytes) VALUES ($1)", [bytes])
                            return {}
                        },
                        fail: { Issue.record($0) }
                    )
                }
            )
        }
        let log = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(try #require(log) < SQLiteLimits.logBytes * 3 / 2)
        try await engine.close()
    }

    @Test func fileOfAnotherKindIsCorrupt() throws {
        try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: scratch.database))
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteEngine(path: scratch.database)
        }
        guard case .corrupt = error else { throw Refused(why: "\(String(describing: error))") }
    }

    @Test func folderThatIsNotThereIsUnavailable() throws {
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteEngine(path: scratch.folder + "/none/x.sqlite")
        }
        guard case .unavailable = error else { throw Refused(why: "\(String(describing: error))") }
    }
}

enum SystemCalls {
    /// strace is here, and this process may be traced: not so in some containers.
    static let canBeTraced: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        process.arguments = ["-o", "/dev/null", "-e", "trace=none", "/bin/true"]
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return false
        }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}

extension WaitingWrite {
    fileprivate static func adding(_ word: String) -> WaitingWrite {
        WaitingWrite(
            run: { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text(word)])
                return {}
            },
            fail: { Issue.record($0) }
        )
    }
}
