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
        let transport: MailTransport
        do {
            transport = try MailTransport.parse(configuration.mail)
        } catch {
            throw ConfigurationError("\(configuration.mailPlace): \(error)")
        }
        let ground = try await Ground(configuration, onlyErrors: onlyErrors)
        let store = ground.store
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
            clock: ground.clock,
            entropy: SystemEntropy(),
            logger: ground.logger,
            onListening: onListening
        )
        return Installation(server: server, store: store, clock: ground.clock)
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

/// The gateways in a process of their own, on the same database.
package struct GatewayInstallation {
    private let server: GatewayServer
    private let store: SQLiteStore

    /// As `Installation.open`. `onListening` is called with the port where operators look.
    package static func open(
        _ configuration: Configuration,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws -> GatewayInstallation {
        let ground = try await Ground(configuration, onlyErrors: false)
        let server = try GatewayServer(
            configuration,
            store: ground.store,
            files: ground.store,
            clock: ground.clock,
            entropy: SystemEntropy(),
            logger: ground.logger,
            onListening: onListening
        )
        return GatewayInstallation(server: server, store: ground.store)
    }

    /// Runs until asked to stop, and lets go of everything.
    package func run() async throws {
        try await server.run()
        try await store.close()
    }
}

/// What every process stands on: its log, its clock and the database.
private struct Ground {
    let store: SQLiteStore
    let clock: SystemClock
    let logger: Logger

    init(_ configuration: Configuration, onlyErrors: Bool) async throws {
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
        try clock.goOn(from: configuration.database + ".clock") { problem in
            logger.error("the clock is not kept", metadata: ["error": "\(problem)"])
        }
        store = try await SQLiteStore.open(path: configuration.database)
        let last = try await store.read { tx in
            try tx.logs().compactMap { try tx.head(of: $0).lastTime }.max()
        }
        if let last { clock.advance(to: last) }
        (self.clock, self.logger) = (clock, logger)
    }
}
