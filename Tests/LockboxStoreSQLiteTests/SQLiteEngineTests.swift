import Dispatch
import Foundation
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Testing

@testable import LockboxStoreSQLite

struct SQLiteEngineTests {
    @Test func everyOfManyWritersGetsItsOwnAnswerAndTheCountIsExact() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.write { tx in
            try tx.execute("CREATE TABLE counter (value INTEGER NOT NULL)")
            _ = try tx.execute("INSERT INTO counter (value) VALUES (0)")
        }
        let answers = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    var last: Int64 = 0
                    for _ in 0..<25 {
                        let value = try await engine.write { tx in
                            let value =
                                try tx.queryOne("SELECT value FROM counter") { try $0.integer(0) }
                                ?? -1
                            try tx.execute("UPDATE counter SET value = $1", [.integer(value + 1)])
                            return value + 1
                        }
                        #expect(value > last)
                        last = value
                    }
                    return last
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers).count == 64)
        #expect(answers.max() == Int64(1_600))
        try await engine.close()
    }

    @Test func readSeesOneSnapshotWhileTheWriterGoesOn() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        try await engine.add("before")
        let hasRead = DispatchSemaphore(value: 0)
        let hasWritten = DispatchSemaphore(value: 0)
        async let counts = engine.read { tx in
            let first = try tx.queryOne("SELECT count(*) FROM entry") { try $0.integer(0) }
            hasRead.signal()
            hasWritten.wait()
            let second = try tx.queryOne("SELECT count(*) FROM entry") { try $0.integer(0) }
            return [first, second]
        }
        try await engine.write { tx in
            hasRead.wait()
            _ = try tx.execute("INSERT INTO entry (word) VALUES ('meanwhile')")
        }
        hasWritten.signal()
        #expect(try await counts == [1, 1])
        #expect(try await engine.words() == ["before", "meanwhile"])
        try await engine.close()
    }

    @Test func readDoesNotWaitForTheWriter() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        let isWriting = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        async let write: Void = engine.write { tx in
            try tx.execute("INSERT INTO entry (word) VALUES ('slow')")
            isWriting.signal()
            mayEnd.wait()
        }
        let words = try await engine.read { tx in
            isWriting.wait()
            return try tx.query("SELECT word FROM entry") { try $0.text(0) }
        }
        #expect(words == [])
        mayEnd.signal()
        try await write
        #expect(try await engine.words() == ["slow"])
        try await engine.close()
    }

    @Test func readCannotWrite() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        await #expect(throws: StoreError.self) {
            try await engine.read { tx in
                _ = try tx.execute("INSERT INTO entry (word) VALUES ('sly')")
            }
        }
        #expect(try await engine.words() == [])
        try await engine.close()
    }

    @Test func errorOfABodyReachesItsCallerUnchanged() async throws {
        let engine = try SQLiteEngine.temporary()
        await #expect(throws: Refused(why: "writing")) {
            try await engine.write { _ in throw Refused(why: "writing") }
        }
        await #expect(throws: Refused(why: "reading")) {
            try await engine.read { _ in throw Refused(why: "reading") }
        }
        await #expect(throws: Refused(why: "row")) {
            try await engine.read { tx in
                try tx.query("SELECT 1") { _ in throw Refused(why: "row") }
            }
        }
        try await engine.close()
    }

    @Test(arguments: [
        ("INSERT INTO entry (word) VALUES ('once')", SQLConstraintViolation.Kind.unique),
        ("INSERT INTO entry (id, word) VALUES (1, 'other')", .unique),
        ("INSERT INTO child (parent) VALUES (99)", .foreignKey),
        ("DELETE FROM entry WHERE id = 1", .foreignKey),
        ("INSERT INTO entry (word) VALUES (hex(zeroblob(100)))", .check),
        ("INSERT INTO entry (word) VALUES (NULL)", .check),
        ("UPDATE child SET parent = 1", .trigger),
    ])
    func constraintViolationSaysItsKind(statement: String, kind: SQLConstraintViolation.Kind)
        async throws
    {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        try await engine.write { tx in
            try tx.execute(
                "CREATE TABLE child (parent INTEGER NOT NULL REFERENCES entry (id)) STRICT"
            )
            try tx.execute(
                """
                CREATE TRIGGER child_is_fixed BEFORE UPDATE ON child
                BEGIN SELECT RAISE(ABORT, 'a child never changes'); END
                """
            )
            try tx.execute("INSERT INTO entry (word) VALUES ('once')")
            _ = try tx.execute("INSERT INTO child (parent) VALUES (1)")
        }
        let violation = await #expect(throws: SQLConstraintViolation.self) {
            try await engine.write { tx in _ = try tx.execute(statement) }
        }
        #expect(violation?.kind == kind)
        #expect(violation?.message.isEmpty == false)
        if kind == .trigger { #expect(violation?.message == "a child never changes") }
        try await engine.close()
    }

    @Test func bodyMayCatchAViolationAndGoOn() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        try await engine.add("taken")
        try await engine.write { tx in
            do {
                try tx.execute("INSERT INTO entry (word) VALUES ('taken')")
            } catch let violation as SQLConstraintViolation where violation.kind == .unique {
                try tx.execute("INSERT INTO entry (word) VALUES ('free')")
            }
        }
        #expect(try await engine.words() == ["taken", "free"])
        try await engine.close()
    }

    @Test func closedEngineFailsAsUnavailableAndHasCommittedWhatWaited() async throws {
        let scratch = try Scratch()
        let engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
        async let added: Void = engine.add("last")
        try await added
        try await engine.close()
        await #expect(throws: StoreError.unavailable("the store is closed")) {
            try await engine.add("late")
        }
        await #expect(throws: StoreError.self) { try await engine.words() }
        await #expect(throws: StoreError.self) { try await engine.changedElsewhere() }
        try await engine.close()

        let reopened = try SQLiteEngine(path: scratch.database)
        #expect(try await reopened.words() == ["last"])
        try await reopened.close()
    }

    @Test func droppedEngineLeavesNoThreadAndNoFolder() async throws {
        let folder: String
        do {
            let engine = try SQLiteEngine.temporary()
            try await engine.makeEntries()
            folder = try #require(engine.temporaryFolder)
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
        let deadline = ContinuousClock.now + .seconds(10)
        while threadHoldsFile(in: folder), ContinuousClock.now < deadline { await Task.yield() }
        #expect(!threadHoldsFile(in: folder))
    }

    @Test func temporaryFolderGoesWithClosing() async throws {
        let engine = try SQLiteEngine.temporary()
        let folder = try #require(engine.temporaryFolder)
        #expect(FileManager.default.fileExists(atPath: folder))
        try await engine.close()
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    /// The writer's thread keeps the connections, so open files tell whether it is still there.
    private func threadHoldsFile(in folder: String) -> Bool {
        let descriptors =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return descriptors.contains { descriptor in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/fd/\(descriptor)"
            )
            return target?.hasPrefix(folder) ?? false
        }
    }
}
