import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxPorts
import LockboxServer

struct InitDatabase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init-database",
        abstract: "Makes the tables on PostgreSQL as their owner, for a server that owns nothing.",
        discussion: """
            The user of `database` in the configuration gets the right to read and to add, and to change or delete only
            what may be changed or deleted: what is kept for ever is out of reach of the server itself. To be run again
            for each new version, before its server.
            """
    )

    @OptionGroup var options: ConfigOption

    @Option(name: .long, help: "The owner's connection string: postgres://OWNER@HOST/DATABASE.")
    var owner: String

    @Option(name: .long, help: "A file that holds the owner's password.")
    var ownerPasswordFile: String?

    func run() async throws {
        do {
            let configuration = try Configuration.load(
                path: options.config,
                environment: ProcessInfo.processInfo.environment
            )
            let server = try DatabaseServer(
                (owner, "--owner"),
                ownerPasswordFile.map { ($0, "--owner-password-file") },
                { URL(filePath: $0).path }
            )
            guard let server else {
                throw ConfigurationError("--owner: must be postgres://OWNER@HOST/DATABASE")
            }
            try await OpenDatabase.prepare(configuration, as: server)
            print("The tables are up to date, and the server’s user may do what it needs.")
        } catch {
            throw Failure(error)
        }
    }
}
