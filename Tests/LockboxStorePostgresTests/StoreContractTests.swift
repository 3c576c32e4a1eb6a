import LockboxStoreContract
import LockboxStorePostgres
import Testing

/// The promises that SQLite keeps too.
@Suite(.onServer)
struct StoreContractTests {
    @Test func promisesAreKept() async throws {
        // Made once: all its steps take longer than most promises.
        let empty = try TestServer.database()
        try await PostgresStore.open(try empty.address()).close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = Promise.allCases[...]
            func next() {
                guard let promise = waiting.popFirst() else { return }
                group.addTask {
                    do {
                        try await Self.check(promise, on: TestServer.database(from: empty.name))
                    } catch {
                        Issue.record(error, "\(promise.id)")
                    }
                }
            }
            for _ in 0..<4 { next() }
            while try await group.next() != nil { next() }
        }
    }

    private static func check(_ promise: Promise, on database: TestDatabase) async throws {
        let store = try await PostgresStore.open(try database.address())
        do {
            try await promise.check(store)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
        try database.server.run("DROP DATABASE \(database.name)")
    }
}
