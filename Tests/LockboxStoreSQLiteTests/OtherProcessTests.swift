import Foundation
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Testing

@testable import LockboxStoreSQLite

/// Other processes, and other engines, on the same file.
struct OtherProcessTests {
    private let scratch: Scratch
    private let engine: SQLiteEngine

    init() async throws {
        scratch = try Scratch()
        engine = try SQLiteEngine(path: scratch.database)
        try await engine.makeEntries()
    }

    @Test func commitOfAnotherProcessIsNoticedOnce() async throws {
        #expect(try await engine.changedElsewhere() == false)
        let neighbour = try Neighbour(
            python: "db.execute(\"INSERT INTO entry (word) VALUES ('theirs')\")",
            database: scratch.database
        )
        #expect(neighbour.exitCode() == 0)
        #expect(try await engine.changedElsewhere())
        #expect(try await engine.changedElsewhere() == false)
        #expect(try await engine.words() == ["theirs"])
        try await engine.close()
    }

    @Test func commitOfAnotherProcessIsNoticedThoughWeWroteAfterIt() async throws {
        let neighbour = try Neighbour(
            python: "db.execute(\"INSERT INTO entry (word) VALUES ('theirs')\")",
            database: scratch.database
        )
        #expect(neighbour.exitCode() == 0)
        try await engine.add("ours")
        #expect(try await engine.words() == ["theirs", "ours"])
        #expect(try await engine.changedElsewhere())
        #expect(try await engine.changedElsewhere() == false)
        try await engine.close()
    }

    @Test func ourOwnWritesReadsAndCheckpointsAreNotElsewhere() async throws {
        for number in 0..<(SQLiteLimits.writesBetweenCheckpoints * 2) {
            engine.writer.commit([
                WaitingWrite(
                    run: { tx in
                        try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text("\(number)")])
                        return {}
                    },
                    fail: { Issue.record($0) }
                )
            ])
        }
        _ = try await engine.words()
        #expect(try await engine.changedElsewhere() == false)
        try await engine.close()
    }

    @Test func readingOrRollingBackElsewhereIsNoChange() async throws {
        let neighbour = try Neighbour(
            python: """
                db.execute("SELECT count(*) FROM entry").fetchall()
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO entry (word) VALUES ('taken back')")
                db.execute("ROLLBACK")
                """,
            database: scratch.database
        )
        #expect(neighbour.exitCode() == 0)
        #expect(try await engine.changedElsewhere() == false)
        try await engine.close()
    }

    @Test func lockHeldElsewhereOnlyDelays() async throws {
        let neighbour = try Neighbour(
            python: """
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO entry (word) VALUES ('theirs')")
                print("locked", flush=True)
                while not os.path.exists(sys.argv[1] + ".go"): time.sleep(0.01)
                db.execute("COMMIT")
                """,
            database: scratch.database
        )
        try #require(neighbour.says("locked"))
        #expect(try await engine.words() == [], "reading does not wait")
        async let writing = engine.write { tx in
            let words = try tx.query("SELECT word FROM entry") { try $0.text(0) }
            try tx.execute("INSERT INTO entry (word) VALUES ('ours')")
            return words
        }
        #expect(FileManager.default.createFile(atPath: scratch.database + ".go", contents: nil))
        let seen = try await writing
        #expect(seen == ["theirs"], "the body runs on the state after the lock")
        #expect(neighbour.exitCode() == 0)
        #expect(try await engine.words() == ["theirs", "ours"])
        try await engine.close()
    }

    @Test func processesThatWriteAtOnceLoseNothing() async throws {
        let neighbour = try Neighbour(
            python: """
                print("started", flush=True)
                for n in range(100):
                    db.execute("BEGIN IMMEDIATE")
                    db.execute("INSERT INTO entry (word) VALUES (?)", (f"theirs {n}",))
                    db.execute("COMMIT")
                """,
            database: scratch.database
        )
        try #require(neighbour.says("started"))
        for number in 0..<100 { try await engine.add("ours \(number)") }
        #expect(neighbour.exitCode() == 0)
        #expect(try await engine.words().count == 200)
        try await engine.close()
    }
}
