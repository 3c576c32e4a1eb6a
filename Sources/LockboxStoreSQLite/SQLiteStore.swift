import Foundation
package import LockboxPorts
import LockboxStoreSQL
import Synchronization

/// The store in one SQLite file.
package struct SQLiteStore: Store, StoreFiles {
    private let store: SQLStore
    private let engine: SQLiteEngine

    private init(engine: SQLiteEngine) async throws {
        self.engine = engine
        store = try await SQLStore(engine: engine, dialect: .sqlite)
    }

    /// Opens the database at `path`, makes it if there is none, and brings its schema up to date.
    package static func open(path: String) async throws -> SQLiteStore {
        try await SQLiteStore(engine: SQLiteEngine(path: path))
    }

    /// An empty store that `close` removes. It never waits for the disk, for nobody reads it again.
    package static func temporary() async throws -> SQLiteStore {
        if let empty = empty.withLock({ $0 }) {
            return try await SQLiteStore(engine: .temporary(from: empty))
        }
        let store = try await SQLiteStore(engine: .temporary())
        let copy = try store.engine.copy()
        empty.withLock { $0 = copy }
        return store
    }

    /// An empty database with its schema, once one was made: to run all migrations again takes
    /// longer than what most do with such a store.
    private static let empty = Mutex<Data?>(nil)

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.write(body)
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.read(lane, body)
    }

    package func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }

    package func clear() async throws { try await engine.clearLog() }

    package func state() async throws -> StoreFilesState { try await engine.filesState() }

    /// Finishes the writes that wait, then lets go of the database.
    package func close() async throws { try await store.close() }
}
