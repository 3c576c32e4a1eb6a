package import LockboxPorts
import LockboxStoreSQL

/// The store in one database of a PostgreSQL server.
package struct PostgresStore: Store {
    private let store: SQLStore
    let engine: PostgresEngine

    /// Opens the database at `address` and brings its schema up to date. Throws `PostgresRefusal` or
    /// `SchemaMismatch` where it is none that is used; then nothing was changed.
    package static func open(_ address: PostgresAddress) async throws -> PostgresStore {
        let engine = PostgresEngine(address)
        do {
            let store = try await SQLStore(engine: engine, dialect: .postgres)
            return PostgresStore(store: store, engine: engine)
        } catch {
            try await engine.close()
            // insufficient_privilege.
            if case .unavailable(let words)? = error as? StoreError, words.hasSuffix("(42501)") {
                throw PostgresRefusal.mayTooLittle(
                    user: address.user,
                    what: "may not bring the tables up to date: \(words)"
                )
            }
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
