import Foundation
package import LockboxAudit
import LockboxDomain
import LockboxMail
package import LockboxPorts
package import LockboxServer
import LockboxWire
import Logging

/// A server put together from its configuration with the adapters of this release: SQLite or
/// PostgreSQL, and mail through libcurl.
package struct Installation {
    package static let version = Release.version

    package let server: Server
    package var store: any Store { database.store }
    private let database: OpenDatabase
    package let clock: SystemClock
    package let continuity: LogContinuity
    let configuration: Configuration
    private let claim: SigningClaim

    /// Opens the database, and makes it if there is none. Throws `LogsNotContinued` where it does not
    /// go on from what was signed of its logs; with `alone`, nobody else uses it, and that is for the
    /// caller to see to. `onlyErrors` are logged where a person reads what a tool says. `onListening`
    /// is called with the ports once the server, if it is run, accepts connections.
    package static func open(
        _ configuration: Configuration,
        onlyErrors: Bool = false,
        alone: Bool = false,
        onListening: @escaping @Sendable ([ListenerUse: Int]) async -> Void = { _ in }
    ) async throws -> Installation {
        let transport: MailTransport
        do {
            transport = try MailTransport.parse(configuration.mail)
        } catch {
            throw ConfigurationError("\(configuration.mailPlace): \(error)")
        }
        let ground = try await Ground(configuration, onlyErrors: onlyErrors, alone: alone)
        let database = ground.database
        var configuration = configuration
        configuration.logOrigin = ground.origin
        let server = try Server(
            configuration,
            store: database.store,
            files: database.files,
            mailer: transport.mailer(),
            bounceAddress: transport.bounces,
            clock: ground.clock,
            entropy: SystemEntropy(),
            logger: ground.logger,
            onListening: onListening
        )
        do {
            if !alone { try await requireKnownKey(of: server.log, in: configuration.databaseName) }
        } catch {
            try await server.close()
            throw error
        }
        return Installation(
            server: server,
            database: database,
            clock: ground.clock,
            continuity: ground.continuity,
            configuration: configuration,
            claim: ground.claim
        )
    }

    private static func requireKnownKey(of log: LogReader, in database: String) async throws {
        guard try await log.isKeyKnown() else {
            throw ConfigurationError(
                "signing.keyFile: this is not the key that signed the logs in \(database): put that one "
                    + "back from its copy. If it is lost for good, `lockboxd recover --reason TEXT` goes "
                    + "on with this one; verifiers will say that the key has changed, so tell the "
                    + "customers why"
            )
        }
    }

    /// Lets go of everything, where the server was not run.
    package func close() async throws {
        try await server.close()
        try await closeStore()
    }

    /// Finishes the writes that wait, keeps where the logs end by now, and lets go of the database:
    /// all that is left to do after the server has ended.
    package func closeStore() async throws {
        // What was signed is kept already. A full disk does not keep the database from being closed.
        _ = try? await continuity.keepHeads()  // best effort: the next process keeps them
        try await database.close()
        withExtendedLifetime(claim) {}
    }
}

/// The gateways in a process of their own, on the same database.
package struct GatewayInstallation {
    private let server: GatewayServer
    private let database: OpenDatabase
    private let claim: SigningClaim

    /// As `Installation.open`. `onListening` is called with the port where operators look.
    package static func open(
        _ configuration: Configuration,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws -> GatewayInstallation {
        let ground = try await Ground(configuration, onlyErrors: false, alone: false)
        let server = try GatewayServer(
            configuration,
            store: ground.database.store,
            files: ground.database.files,
            clock: ground.clock,
            entropy: SystemEntropy(),
            logger: ground.logger,
            onListening: onListening
        )
        return GatewayInstallation(
            server: server,
            database: ground.database,
            claim: ground.claim
        )
    }

    /// Runs until asked to stop, and lets go of everything.
    package func run() async throws {
        try await server.run()
        try await database.close()
        withExtendedLifetime(claim) {}
    }
}

/// What every process stands on: its log, its clock, the database, and that it goes on from what was
/// signed.
private struct Ground {
    let database: OpenDatabase
    let clock: SystemClock
    let logger: Logger
    let claim: SigningClaim
    let continuity: LogContinuity
    /// What the names of the logs begin with.
    let origin: String

    init(_ configuration: Configuration, onlyErrors: Bool, alone: Bool) async throws {
        try configuration.requireSigningKey()
        if !alone { try configuration.requireNoNextSigningKey() }
        claim = try SigningClaim(configuration, alone: alone)
        ServerLimits.ignoreFileSizeSignal()
        let clock = SystemClock(believed: configuration.clockTolerance)
        let level = onlyErrors ? .error : Logger.Level(rawValue: configuration.logLevel) ?? .info
        let logger = Logger(label: "lockbox") {
            JSONLogHandler(label: $0, level: level, clock: clock)
        }
        try FileManager.default.createDirectory(
            atPath: URL(filePath: configuration.database).deletingLastPathComponent().path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        try clock.goOn(from: configuration.database + ".clock") { problem in
            logger.error("the clock is not kept", metadata: ["error": "\(problem)"])
        }
        database = try await OpenDatabase.open(configuration)
        let store = database.store
        let last = try await store.read { tx in
            try tx.logs().compactMap { try tx.head(of: $0).lastTime }.max()
        }
        if let last { clock.advance(to: last) }
        (self.clock, self.logger) = (clock, logger)
        continuity = LogContinuity(
            store: store,
            heads: SignedHeadsFile(configuration.signedHeadsFile)
        )
        origin = try await Self.origin(configuration, in: store)
        guard !alone else { return }
        let breaks = try await continuity.breaks()
        guard breaks.isEmpty else { throw LogsNotContinued(breaks) }
        try await continuity.adopt(origin: origin)
    }

    /// What the names of the logs begin with: what they were signed under, or what the configuration
    /// says while nothing is signed. Throws where the two differ: whoever verifies a log knows it by
    /// its name.
    private static func origin(_ configuration: Configuration, in store: any Store) async throws
        -> String
    {
        let signed = try await store.read { tx in
            try LogContinuity.signedOrigin(preferring: configuration.origin, in: tx)
        }
        guard let signed, let wanted = configuration.logOrigin, wanted != signed else {
            return signed ?? configuration.origin
        }
        throw ConfigurationError(
            "log.origin: \(wanted) is not the name under which the logs in \(configuration.databaseName) are "
                + "signed; verifiers know them by it, and it never changes. Say `origin: \(signed)`, or "
                + "leave it out"
        )
    }
}
