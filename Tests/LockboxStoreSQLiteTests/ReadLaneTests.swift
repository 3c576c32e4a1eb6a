import Dispatch
import LockboxPorts
import LockboxStoreContract
import LockboxStoreSQL
import Synchronization
import Testing

@testable import LockboxStoreSQLite

/// Reads wait for others of their own lane, and for no others.
@Suite(.timeLimit(.minutes(2)))
struct ReadLaneTests {
    /// Reads that stand in one lane until they are let go.
    private final class Crowd: Sendable {
        let mayEnd = DispatchSemaphore(value: 0)
        let began = AsyncStream<Void>.makeStream()
        let ended = Mutex(0)

        func stand(in lane: ReadLane, of engine: SQLiteEngine) async throws {
            try await engine.read(lane) { [self] tx in
                _ = try tx.queryOne("SELECT count(*) FROM entry") { try $0.integer(0) }
                began.continuation.yield()
                mayEnd.wait()
            }
            ended.withLock { $0 += 1 }
        }

        /// Returns as soon as `count` of them stand on a connection.
        func begin(_ count: Int) async {
            var begun = began.stream.makeAsyncIterator()
            for _ in 0..<count { await begun.next() }
        }

        func letGo(_ count: Int) { for _ in 0..<count { mayEnd.signal() } }
    }

    @Test(arguments: [ReadLane.bulk, .ordinary])
    func fourHundredReadsOfALaneHoldUpNoOther(_ full: ReadLane) async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        let crowd = Crowd()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<400 {
                group.addTask { try await crowd.stand(in: full, of: engine) }
            }
            await crowd.begin(SQLiteLimits.readers(full))
            try await engine.add("due")
            for lane in ReadLane.allCases where lane != full {
                let due = try await engine.read(lane) { tx in
                    try tx.query("SELECT word FROM entry") { try $0.text(0) }
                }
                #expect(due == ["due"])
            }
            #expect(crowd.ended.withLock { $0 } == 0)
            crowd.letGo(400)
            try await group.waitForAll()
        }
        #expect(crowd.ended.withLock { $0 } == 400)
        try await engine.close()
    }

    @Test func cancelledReadEndsItsStatement() async throws {
        let engine = try SQLiteEngine.temporary()
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let search = Task {
            try await engine.read(.bulk) { tx in
                begins.yield()
                return try tx.queryOne(
                    """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number)
                    SELECT max(n) FROM number
                    """
                ) { try $0.integer(0) }
            }
        }
        var iterator = begun.makeAsyncIterator()
        await iterator.next()
        search.cancel()
        await #expect(throws: CancellationError.self) { try await search.value }
        try await engine.close()
    }

    @Test func readThatIsCancelledInLineNeverBegins() async throws {
        let engine = try SQLiteEngine.temporary()
        try await engine.makeEntries()
        let crowd = Crowd()
        let size = SQLiteLimits.readers(.bulk)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<size {
                group.addTask { try await crowd.stand(in: .bulk, of: engine) }
            }
            await crowd.begin(size)
            let late = Task { try await engine.read(.bulk) { _ in Issue.record("ran") } }
            late.cancel()
            crowd.letGo(size)
            await #expect(throws: CancellationError.self) { try await late.value }
            try await group.waitForAll()
        }
        try await engine.close()
    }
}
