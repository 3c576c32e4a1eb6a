import ArgumentParser
import Foundation
import LockboxDomain
import LockboxMail
import LockboxPorts
import LockboxServer
import LockboxStoreSQLite
import Logging

/// A server put together from its configuration with the adapters of this program: SQLite, and mail
/// through libcurl.
struct Opened {
    let server: Server
    let store: SQLiteStore
    let logger: Logger

    static func open(
        _ configuration: Configuration,
        logLevel: Logger.Level? = nil,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws -> Opened {
        try ServerLimits.raiseOpenFiles()
        let clock = SystemClock()
        let level = logLevel ?? Logger.Level(rawValue: configuration.logLevel) ?? .info
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
        let server = try Server(
            configuration,
            store: store,
            mailer: transport.mailer(),
            clock: clock,
            entropy: SystemEntropy(),
            logger: logger,
            onListening: onListening
        )
        return Opened(server: server, store: store, logger: logger)
    }

    func close() async throws {
        try await server.close()
        try await store.close()
    }
}

/// Runs a tool's work on what the configuration describes; problems become one line and exit status
/// 1.
func withServer<Value>(_ config: ConfigOption, _ body: (Opened) async throws -> Value) async throws
    -> Value
{
    do {
        let configuration = try Configuration.load(
            path: config.config,
            environment: ProcessInfo.processInfo.environment
        )
        let opened = try await Opened.open(configuration, logLevel: .error)
        do {
            let value = try await body(opened)
            try await opened.close()
            return value
        } catch {
            try await opened.close()
            throw error
        }
    } catch let error as ExitCode {
        throw error
    } catch {
        throw Failure(error)
    }
}

/// An error as a person at a terminal reads it.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        description = (error as? Refusal)?.sentence ?? "\(error)"
    }
}
