import Foundation
import LockboxDomain
import LockboxMail
import LockboxPorts
package import LockboxServer
package import LockboxStoreSQLite
import LockboxWire
import Logging

/// A server put together from its configuration with the adapters of this release: SQLite, and mail
/// through libcurl.
package struct Installation {
    package static let version = Release.version

    package let server: Server
    package let store: SQLiteStore
    package let clock: SystemClock

    /// Opens the database, and makes it if there is none. `onlyErrors` are logged where a person
    /// reads what a tool says. `onListening` is called with the ports once the server, if it is run,
    /// accepts connections.
    package static func open(
        _ configuration: Configuration,
        onlyErrors: Bool = false,
        onListening: @escaping @Sendable ([ListenerUse: Int]) async -> Void = { _ in }
    ) async throws -> Installation {
        try ServerLimits.raiseOpenFiles()
        ServerLimits.ignoreFileSizeSignal()
        let clock = SystemClock(believed: configuration.clockTolerance)
        let level = onlyErrors ? .error : Logger.Level(rawValue: configuration.logLevel) ?? .info
        let logger = Logger(label: "lockbox") {
            JSONLogHandler(label: $0, level: level, clock: clock)
        }
        let folder = URL(filePath: configuration.database).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let transport: MailTransport
        do {
            transport = try MailTransport.parse(configuration.mail)
        } catch {
            throw ConfigurationError("\(configuration.mailPlace): \(error)")
        }
        try clock.goOn(from: configuration.database + ".clock") { problem in
            logger.error("the clock is not kept", metadata: ["error": "\(problem)"])
        }
        let store = try await SQLiteStore.open(path: configuration.database)
        let last = try await store.read { tx in
            try tx.logs().compactMap { try tx.head(of: $0).lastTime }.max()
        }
        if let last { clock.advance(to: last) }
        let hasSigned = try await store.read { tx in
            try tx.logs().contains { try tx.lastCheckpoint(of: $0) != nil }
        }
        try requireSigningKey(configuration, hasSigned: hasSigned)
        let server = try Server(
            configuration,
            store: store,
            files: store,
            mailer: transport.mailer(),
            bounceAddress: transport.bounces,
            clock: clock,
            entropy: SystemEntropy(),
            logger: logger,
            onListening: onListening
        )
        return Installation(server: server, store: store, clock: clock)
    }

    /// Another key would sign another history: customers' tools would take it for a forger's.
    private static func requireSigningKey(
        _ configuration: Configuration,
        hasSigned: Bool
    ) throws {
        let path = configuration.signingKeyFile
        guard !hasSigned || FileManager.default.fileExists(atPath: path) else {
            throw ConfigurationError(
                "signing.keyFile: \(path) is not there, but the logs in \(configuration.database) "
                    + "are signed already; put the key back from its copy. If it is lost for good, make one "
                    + "(openssl rand -hex 32, mode 600), and tell the customers why their tools say "
                    + "that the key has changed"
            )
        }
    }

    /// Lets go of everything, where the server was not run.
    package func close() async throws {
        try await server.close()
        try await closeStore()
    }

    /// Finishes the writes that wait, and lets go of the database: all that is left to do after the
    /// server has ended.
    package func closeStore() async throws { try await store.close() }
}
