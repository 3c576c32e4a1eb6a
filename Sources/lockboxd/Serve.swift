import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the server until it gets SIGTERM or SIGINT."
    )

    @OptionGroup var config: ConfigOption

    func run() async throws {
        do {
            let configuration = try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
            let opened = try await Installation.open(configuration) { port in
                FileHandle.standardError.write(
                    Data(
                        (#"{"level":"notice","message":"listening","host":"\#(configuration.host)","port":"\#(port)"}"#
                            + "\n").utf8
                    )
                )
            }
            do {
                try await opened.server.run()
            } catch {
                throw Failure(error, serving: configuration)
            }
            try await opened.closeStore()
        } catch {
            throw Failure(error)
        }
    }
}
