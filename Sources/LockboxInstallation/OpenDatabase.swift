package import LockboxPorts
package import LockboxServer
import LockboxStorePostgres
import LockboxStoreSQLite

/// The database of an installation, whichever it is.
package struct OpenDatabase: Sendable {
    package let store: any Store
    /// Nil where they are on a server that looks after them itself.
    package let files: (any StoreFiles)?
    private let end: @Sendable () async throws -> Void

    /// Opens the database that `configuration` names, and brings its schema up to date. A file is
    /// made if there is none.
    package static func open(_ configuration: Configuration) async throws -> OpenDatabase {
        if let server = configuration.databaseServer {
            let store = try await PostgresStore.open(try address(of: server))
            return OpenDatabase(store: store, files: nil, end: store.close)
        }
        let store = try await SQLiteStore.open(path: configuration.database)
        return OpenDatabase(store: store, files: store, end: store.close)
    }

    /// Throws where what `configuration` says of the database is wrong in itself.
    package static func check(_ configuration: Configuration) throws(ConfigurationError) {
        if let server = configuration.databaseServer { _ = try address(of: server) }
    }

    /// Makes and changes the tables as their `owner`, and gives the user whom `configuration` names
    /// what the server needs of them.
    package static func prepare(
        _ configuration: Configuration,
        as owner: DatabaseServer
    ) async throws {
        guard let server = configuration.databaseServer else {
            throw ConfigurationError("database: is a file, which needs no preparation")
        }
        try await PostgresStore.prepare(
            try address(of: owner),
            for: try address(of: server).user
        )
    }

    private static func address(of server: DatabaseServer) throws(ConfigurationError)
        -> PostgresAddress
    {
        do {
            return try PostgresAddress(server.url, password: server.password)
        } catch {
            throw ConfigurationError("\(server.place): \(error)")
        }
    }

    /// Finishes the writes that wait, then lets go of the database.
    package func close() async throws { try await end() }
}
