import Dispatch
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Testing

@testable import LockboxStorePostgres

/// What the engine does where PostgreSQL is not SQLite. What is the same is in the store contract.
@Suite(.onServer, .timeLimit(.minutes(3)))
struct PostgresEngineTests {
    @Test func everyKindOfValueComesBackAsItWent() async throws {
        let engine = try TestServer.database().engine()
        let values: [SQLValue] = [
            .null, .integer(.min), .integer(.max), .integer(-1), .text(""), .text("Zoë 🔐"),
            .blob([]), .blob([0, 255, 7]),
        ]
        let found = try await engine.read { tx in
            try tx.queryOne("SELECT $1, $2, $3, $4, $5, $6, $7, $8", values) { row in
                try values.indices.map { try row.value(.place($0)) }
            }
        }
        #expect(found == values)
        let small = try await engine.read { tx in
            try tx.queryOne("SELECT 1 = 1, CAST(-7 AS SMALLINT), -70000, count(*) FROM pg_class") {
                try [$0.integer(0), $0.integer(1), $0.integer(2)]
            }
        }
        #expect(small == [1, -7, -70_000])
        await #expect(throws: StoreError.self) {
            try await engine.read { try $0.query("SELECT 0.5") { try $0.integer(0) } }
        }
        try await engine.close()
    }

    @Test func textWithANulIsRefused() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        await #expect(throws: SQLConstraintViolation.self) { try await engine.add("a\0b") }
        #expect(try await engine.words() == [])
        try await engine.close()
    }

    @Test func failingBodyTakesBackOnlyItself() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        let answers = Answers()
        engine.writer.commit([
            answers.adding("first"),
            answers.body("second") { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ('lost')")
                throw Refused(why: "not allowed")
            },
            answers.body("third") { tx in
                // What it swallows does not make it one that succeeded.
                _ = try? tx.execute("INSERT INTO entry (word) VALUES ('first')")
            },
            answers.adding("fourth"),
        ])
        #expect(try await engine.words() == ["first", "fourth"])
        #expect(answers.all[0] == "first: done")
        #expect(answers.all[1] == "second: \(Refused(why: "not allowed"))")
        #expect(answers.all[2].hasPrefix("third: unavailable"))
        #expect(answers.all[3] == "fourth: done")
        try await engine.close()
    }

    @Test func violationFoundOnlyAtTheCommitFailsOnlyItsCaller() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        try await engine.write { tx in
            _ = try tx.execute(
                """
                CREATE TABLE child (
                    parent BIGINT NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED
                )
                """
            )
        }
        let answers = Answers()
        engine.writer.commit([
            answers.adding("first"),
            answers.body("orphan") { try $0.execute("INSERT INTO child (parent) VALUES (99)") },
            answers.adding("third"),
        ])
        #expect(try await engine.words() == ["first", "third"])
        #expect(answers.all.count == 3)
        #expect(answers.all[1].contains("foreignKey"))
        try await engine.close()
    }

    @Test(arguments: [
        ("INSERT INTO entry (word) VALUES ('once')", SQLConstraintViolation.Kind.unique),
        ("INSERT INTO child (parent) VALUES (99)", .foreignKey),
        ("DELETE FROM entry WHERE id = 1", .foreignKey),
        ("INSERT INTO entry (word) VALUES (repeat('x', 200))", .check),
        ("INSERT INTO entry (word) VALUES (NULL)", .check),
        ("UPDATE child SET parent = 1", .trigger),
    ])
    func constraintViolationSaysItsKind(statement: String, kind: SQLConstraintViolation.Kind)
        async throws
    {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        try await engine.write { tx in
            try tx.execute("CREATE TABLE child (parent BIGINT NOT NULL REFERENCES entry (id))")
            try tx.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
                RAISE EXCEPTION USING ERRCODE = ''LB001'', MESSAGE = TG_ARGV[0]; END'
                """
            )
            try tx.execute(
                """
                CREATE TRIGGER child_is_fixed BEFORE UPDATE ON child
                FOR EACH ROW EXECUTE FUNCTION refuse('a child never changes')
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

    @Test func attemptThatIsRefusedLetsTheBodyGoOn() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        try await engine.add("taken")
        try await engine.write { tx in
            do {
                try tx.attempt { try tx.execute("INSERT INTO entry (word) VALUES ('taken')") }
            } catch let violation as SQLConstraintViolation where violation.kind == .unique {
                try tx.execute("INSERT INTO entry (word) VALUES ('free')")
            }
        }
        #expect(try await engine.words() == ["taken", "free"])
        try await engine.close()
    }

    @Test func readCannotWrite() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        await #expect(throws: StoreError.self) {
            try await engine.read { tx in
                _ = try tx.execute("INSERT INTO entry (word) VALUES ('sly')")
            }
        }
        #expect(try await engine.words() == [])
        try await engine.close()
    }

    @Test func cancelledReadEndsItsStatement() async throws {
        let engine = try TestServer.database().engine()
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let search = Task {
            try await engine.read(.bulk) { tx in
                begins.yield()
                return try tx.queryOne("SELECT 1 FROM pg_sleep(600)") { try $0.integer(0) }
            }
        }
        var iterator = begun.makeAsyncIterator()
        await iterator.next()
        search.cancel()
        await #expect(throws: CancellationError.self) { try await search.value }
        // The next one has a connection that nothing is sent to any more.
        let next = try await engine.read(.bulk) { tx in
            try tx.queryOne("SELECT 7") { try $0.integer(0) }
        }
        #expect(next == 7)
        try await engine.close()
    }

    @Test func readsOfAFullLaneHoldUpNoOther() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        let mayEnd = DispatchSemaphore(value: 0)
        let (begun, begins) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await engine.read(.bulk) { _ in
                        begins.yield()
                        mayEnd.wait()
                    }
                }
            }
            var iterator = begun.makeAsyncIterator()
            for _ in 0..<PostgresLimits.readers(.bulk) { await iterator.next() }
            try await engine.add("due")
            #expect(try await engine.words() == ["due"])
            let cancelled = Task { try await engine.read(.bulk) { _ in Issue.record("ran") } }
            cancelled.cancel()
            for _ in 0..<40 { mayEnd.signal() }
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            try await group.waitForAll()
        }
        try await engine.close()
    }

    @Test func nodesTakeTurnsAndHearOfEachOther() async throws {
        let database = try TestServer.database()
        try await PostgresStore.open(try database.address()).close()
        let (one, other) = (try database.engine(), try database.engine())
        try await one.makeEntries()
        try await other.add("0")
        _ = try await one.changedElsewhere()
        _ = try await other.changedElsewhere()
        #expect(try await one.changedElsewhere() == false)

        // Each reads the last number and adds the next: two that did so at once would collide.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for engine in [one, other] {
                for _ in 0..<50 {
                    group.addTask {
                        try await engine.write { tx in
                            let last = try tx.queryOne(
                                "SELECT max(CAST(word AS BIGINT)) FROM entry"
                            ) { try $0.integer(0) }
                            _ = try tx.execute(
                                "INSERT INTO entry (word) VALUES ($1)",
                                [.text("\((last ?? 0) + 1)")]
                            )
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await one.words().count == 101)
        #expect(try await one.changedElsewhere())
        #expect(try await one.changedElsewhere() == false)
        #expect(try await other.changedElsewhere())
        try await one.add("mine")
        #expect(try await one.changedElsewhere() == false)
        #expect(try await other.changedElsewhere())
        try await one.close()
        try await other.close()
    }

    @Test func connectionsThatWereCutComeBack() async throws {
        let database = try TestServer.database()
        let engine = try database.engine()
        try await engine.makeEntries()
        try await engine.add("before")
        #expect(try await engine.words() == ["before"])
        try database.cutOff()
        #expect(try await engine.words() == ["before"])
        try await engine.add("after")
        #expect(try await engine.words() == ["before", "after"])
        try await engine.close()
    }

    @Test func writeWhoseConnectionIsCutLeavesNothing() async throws {
        let database = try TestServer.database()
        let engine = try database.engine()
        try await engine.makeEntries()
        let failure = await #expect(throws: StoreError.self) {
            try await engine.write { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ('lost')")
                try database.cutOff()
                _ = try tx.execute("INSERT INTO entry (word) VALUES ('never')")
            }
        }
        guard case .unavailable? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try await engine.words() == [])
        try await engine.close()
    }

    @Test func answerThatIsLostWithTheCommitIsUnknown() async throws {
        let database = try TestServer.database()
        let engine = try database.engine()
        try await engine.makeEntries()
        let failure = await #expect(throws: StoreError.self) {
            try await engine.write { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ('lost')")
                // The savepoint ends before; the commit finds the connection gone.
                try tx.execute(
                    """
                    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
                    PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60);
                    RETURN NULL; END'
                    """
                )
                _ = try tx.execute(
                    """
                    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON entry
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()
                    """
                )
                _ = try tx.execute("INSERT INTO entry (word) VALUES ('cut')")
            }
        }
        guard case .outcomeUnknown? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try await engine.words() == [])
        try await engine.close()
    }

    @Test func nodeThatSaysNothingLosesTheWriteLock() async throws {
        let database = try TestServer.database()
        let (stuck, other) = (try database.engine(), try database.engine())
        try await stuck.makeEntries()
        let mayGoOn = DispatchSemaphore(value: 0)
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let lost = Task {
            try await stuck.write { tx in
                try tx.execute("INSERT INTO entry (word) VALUES ('late')")
                begins.yield()
                mayGoOn.wait()
            }
        }
        var iterator = begun.makeAsyncIterator()
        await iterator.next()
        try await other.add("in time")
        mayGoOn.signal()
        await #expect(throws: StoreError.self) { try await lost.value }
        #expect(try await other.words() == ["in time"])
        try await stuck.close()
        try await other.close()
    }

    @Test func closedEngineFailsAsUnavailable() async throws {
        let engine = try TestServer.database().engine()
        try await engine.makeEntries()
        try await engine.close()
        await #expect(throws: StoreError.unavailable("the store is closed")) {
            try await engine.add("late")
        }
        await #expect(throws: StoreError.unavailable("the store is closed")) {
            try await engine.words()
        }
        await #expect(throws: StoreError.self) { try await engine.changedElsewhere() }
        try await engine.close()
    }
}
