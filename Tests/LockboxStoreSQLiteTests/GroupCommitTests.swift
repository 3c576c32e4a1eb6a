import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Synchronization
import Testing

@testable import LockboxStoreSQLite

/// Several bodies in one transaction of a real engine, in an order of the test's choosing.
struct GroupCommitTests {
    private let engine: SQLiteEngine
    private let answers = Answers()

    init() async throws {
        engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
    }

    @Test func failingBodyTakesBackOnlyItself() async throws {
        engine.writer.commit([
            answers.adding("first"),
            answers.body("second") { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ('lost')")
                throw Refused(why: "not allowed")
            },
            answers.adding("third"),
        ])
        #expect(try await engine.words() == ["first", "third"])
        #expect(
            answers.all == ["first: done", "second: \(Refused(why: "not allowed"))", "third: done"]
        )
        try await engine.close()
    }

    @Test func laterBodySeesWhatAnEarlierOneWrote() async throws {
        engine.writer.commit([
            answers.adding("first"),
            answers.body("second") { tx in
                let count = try tx.queryOne("SELECT count(*) FROM entry") { try $0.integer(0) }
                throw Refused(why: "\(count ?? 0) before me")
            },
        ])
        #expect(answers.all == ["first: done", "second: \(Refused(why: "1 before me"))"])
        try await engine.close()
    }

    @Test func violationFoundOnlyAtTheCommitFailsOnlyItsCaller() async throws {
        try await engine.write { tx in
            _ = try tx.execute(
                """
                CREATE TABLE child (
                    parent INTEGER NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED
                )
                """
            )
        }
        engine.writer.commit([
            answers.adding("first"),
            answers.body("orphan") { tx in try tx.execute("INSERT INTO child (parent) VALUES (99)")
            },
            answers.adding("third"),
        ])
        #expect(try await engine.words() == ["first", "third"])
        let orphan = SQLConstraintViolation(
            kind: .foreignKey,
            message: "FOREIGN KEY constraint failed"
        )
        #expect(answers.all == ["first: done", "orphan: \(orphan)", "third: done"])
        try await engine.close()
    }

    @Test func bodyThatLosesTheTransactionFailsOnlyItsCaller() async throws {
        try await engine.write { tx in
            _ = try tx.execute(
                """
                CREATE TRIGGER rash BEFORE INSERT ON entry WHEN NEW.word = 'rash'
                BEGIN SELECT RAISE(ROLLBACK, 'everything goes'); END
                """
            )
        }
        engine.writer.commit([
            answers.adding("first"), answers.adding("rash"), answers.adding("third"),
        ])
        #expect(try await engine.words() == ["first", "third"])
        let rash = SQLConstraintViolation(kind: .trigger, message: "everything goes")
        #expect(answers.all == ["first: done", "rash: \(rash)", "third: done"])
        try await engine.close()
    }

    @Test func fullDatabaseFailsOnlyTheBodyThatNeedsRoom() async throws {
        try await engine.write { tx in _ = try tx.execute("CREATE TABLE bulk (bytes BLOB NOT NULL)")
        }
        let pages = try await engine.write { tx in
            try tx.queryOne("PRAGMA page_count") { try $0.integer(0) } ?? 0
        }
        try await engine.write { tx in
            _ = try tx.query("PRAGMA max_page_count = \(pages + 2)") { try $0.integer(0) }
        }
        engine.writer.commit([
            answers.adding("first"),
            answers.body("large") { tx in
                try tx.execute(
                    "INSERT INTO bulk (bytes) VALUES ($1)",
                    [.blob(Array(repeating: 7, count: 100_000))]
                )
            },
            answers.adding("third"),
        ])
        #expect(try await engine.words() == ["first", "third"])
        #expect(answers.all.count == 3)
        #expect(answers.all[1].hasPrefix("large: unavailable"))
        try await engine.close()
    }

    @Test func nobodyIsAnsweredWhenTheCommitFails() throws {
        let database = BrokenDatabase(commitError: StoreError.outcomeUnknown("the disk"))
        let refusing = answers.body("second") { _ in throw Refused(why: "based on what is now gone")
        }
        GroupCommit.run([answers.body("first") { _ in }, refusing], in: database)
        let unknown = StoreError.outcomeUnknown("the disk")
        #expect(answers.all == ["first: \(unknown)", "second: \(unknown)"])
        #expect(database.calls.withLock { $0 }.suffix(2) == ["commit", "roll back"])
    }

    @Test func noBodyRunsWhenTheLockIsNotHad() throws {
        let database = BrokenDatabase(beginError: StoreError.unavailable("busy"))
        GroupCommit.run([answers.body("first") { _ in Issue.record("ran") }], in: database)
        #expect(answers.all == ["first: \(StoreError.unavailable("busy"))"])
    }
}

/// A database whose disk fails where the test wants it to; bodies must not use its connection.
private final class BrokenDatabase: GroupTransaction, SQLConnection, Sendable {
    let dialect = SQLDialect.sqlite
    let calls = Mutex<[String]>([])
    private let beginError: StoreError?
    private let commitError: StoreError?

    init(beginError: StoreError? = nil, commitError: StoreError? = nil) {
        self.beginError = beginError
        self.commitError = commitError
    }

    var connection: any SQLConnection { self }
    var isOpen: Bool { true }
    func begin() throws { try note("begin", beginError) }
    func mark() throws { try note("mark") }
    func keepSinceMark() throws { try note("keep") }
    func rewindToMark() throws { try note("take back") }
    func commit() throws { try note("commit", commitError) }
    func rollBack() { calls.withLock { $0.append("roll back") } }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        throw StoreError.unavailable("no tables here")
    }
    func query<Value>(_ sql: String, _ values: [SQLValue], row: (SQLRow) throws -> Value) throws
        -> [Value]
    {
        throw StoreError.unavailable("no tables here")
    }

    private func note(_ call: String, _ error: StoreError? = nil) throws {
        calls.withLock { $0.append(call) }
        if let error { throw error }
    }
}
