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
            let address: PostgresAddress
            do {
                address = try PostgresAddress(server.url, password: server.password)
            } catch {
                throw ConfigurationError("\(server.place): \(error)")
            }
            let store = try await PostgresStore.open(address)
            return OpenDatabase(store: store, files: nil, end: store.close)
        }
        let store = try await SQLiteStore.open(path: configuration.database)
        return OpenDatabase(store: store, files: store, end: store.close)
    }

    /// Finishes the writes that wait, then lets go of the database.
    package func close() async throws { try await end() }
}
