package import LockboxPorts

/// A store that a test can break, watch, or get between.
package final class MeddledStore: Store {
    private let store: any Store
    private let beforeWrite: @Sendable () async throws -> Void
    private let beforeRead: @Sendable () async throws -> Void

    /// `beforeRead` and `beforeWrite` run before the store is asked; what they throw is its answer.
    package init(
        _ store: any Store,
        beforeRead: @escaping @Sendable () async throws -> Void = {},
        beforeWrite: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.store = store
        self.beforeRead = beforeRead
        self.beforeWrite = beforeWrite
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await beforeWrite()
        return try await store.write(body)
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await beforeRead()
        return try await store.read(lane, body)
    }

    package func changedElsewhere() async throws -> Bool {
        try await beforeRead()
        return try await store.changedElsewhere()
    }
}
