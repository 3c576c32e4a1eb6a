package import LockboxPorts
import LockboxStoreSQL

/// The store in one database of a PostgreSQL server.
package struct PostgresStore: Store {
    private let store: SQLStore

    /// Opens the database at `address` and brings its schema up to date. Throws `PostgresRefusal` or
    /// `SchemaMismatch` where it is none that is used; then nothing was changed.
    package static func open(_ address: PostgresAddress) async throws -> PostgresStore {
        let engine = PostgresEngine(address)
        do {
            return PostgresStore(store: try await SQLStore(engine: engine, dialect: .postgres))
        } catch {
            try await engine.close()
            throw error
        }
    }

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

    /// Finishes the writes that wait, then lets go of the database.
    package func close() async throws { try await store.close() }
}
