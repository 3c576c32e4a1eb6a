import LockboxDomain
package import LockboxPorts

/// The store over any database that can run serialisable transactions.
package struct SQLStore: Store {
    private let engine: any SQLEngine

    /// Takes over `engine` and brings its schema up to date.
    package init(engine: any SQLEngine, dialect: SQLDialect) async throws {
        self.engine = engine
        try await engine.migrate(Schema.migrations(for: dialect), dialect)
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await engine.write { try body(SQLTransaction(connection: $0)) }
        } catch let violation as SQLConstraintViolation {
            // What callers can be wrong about is refused before, and what must be unique by
            // `ifNotUnique`: rows that this program did not write are in the way.
            throw StoreError.corrupt("the schema refuses a change: \(violation.message)")
        }
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await engine.read(lane) { try body(SQLTransaction(connection: $0)) }
    }

    package func changedElsewhere() async throws -> Bool { try await engine.changedElsewhere() }

    /// Finishes the writes that wait, then lets go of the database.
    package func close() async throws { try await engine.close() }
}

/// The records of every subject over one connection, inside one transaction. One file for each
/// protocol.
struct SQLTransaction {
    let connection: any SQLConnection
}

extension SQLTransaction {
    /// Runs `change`, with a violated uniqueness in the terms of the caller.
    func ifNotUnique(_ refusal: Refusal, _ change: () throws -> Void) throws {
        do {
            try connection.attempt(change)
        } catch let violation as SQLConstraintViolation where violation.kind == .unique {
            throw refusal
        }
    }
}
