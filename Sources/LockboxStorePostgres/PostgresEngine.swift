package import LockboxPorts
package import LockboxStoreSQL

/// The store's database on a PostgreSQL server: readers on snapshots, a few for each lane, and one
/// writer for each node that commits in groups. Nodes may share a database; their groups take
/// turns.
package final class PostgresEngine: SQLEngine {
    private let endingAccess: ReaderLane
    private let ordinary: ReaderLane
    private let bulk: ReaderLane
    private let writes = WriteCount()
    private let queue: WriteQueue
    let writer: GroupWriter

    /// Connects nowhere yet: the first that reads or writes does.
    package init(_ address: PostgresAddress) {
        func lane(_ lane: ReadLane) -> ReaderLane {
            ReaderLane(address, limit: PostgresLimits.readers(lane))
        }
        (endingAccess, ordinary, bulk) = (lane(.endingAccess), lane(.ordinary), lane(.bulk))
        let writer = GroupWriter(address, writes)
        self.writer = writer
        queue = WriteQueue(commit: writer.commit)
    }

    deinit {
        // The threads keep what they use until they have ended; those who wait keep the engine, so
        // there are none.
        queue.close()
        for lane in [endingAccess, ordinary, bulk] { lane.close() }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await queue.write(body)
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let cancellation = ReadCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                readers(lane).submit(
                    WaitingRead(
                        run: { link in
                            continuation.resume(with: Result { try link.read(cancellation, body) })
                        },
                        fail: { continuation.resume(throwing: $0) }
                    )
                )
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func readers(_ lane: ReadLane) -> ReaderLane {
        switch lane {
        case .endingAccess: endingAccess
        case .ordinary: ordinary
        case .bulk: bulk
        }
    }

    /// The database counts the groups of all nodes, each in its own transaction.
    package func changedElsewhere() async throws -> Bool {
        let number = try await read(.endingAccess) { [writes] connection in
            // Before the first steps of the schema there is nothing to count in.
            guard !writes.isEmpty else { return Int64?.none }
            return try connection.queryOne("SELECT writes FROM store_write WHERE id = 1") {
                try $0.integer(0)
            }
        }
        return number.map(writes.hasChanged) ?? false
    }

    package func close() async throws {
        await queue.closeAndWait()
        writer.close()
        for lane in [endingAccess, ordinary, bulk] { await lane.closeAndWait() }
    }
}
