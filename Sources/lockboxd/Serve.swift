import ArgumentParser
import Foundation
import LockboxServer
import LockboxStoreSQLite
import Logging

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
            let opened = try await Opened.open(configuration) { port in
                FileHandle.standardError.write(
                    Data(
                        (#"{"level":"notice","message":"listening","host":"\#(configuration.host)","port":"\#(port)"}"#
                            + "\n").utf8
                    )
                )
            }
            try await opened.server.run()
            try await opened.store.close()
        } catch {
            throw Failure(error)
        }
    }
}
