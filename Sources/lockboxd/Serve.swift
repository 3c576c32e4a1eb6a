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
            let opened = try await Installation.open(configuration) { ports in
                let lines = [
                    (" for services", configuration.serviceListen, ports.services),
                    (" for operators", configuration.operatorListen, ports.operators),
                    // Last, for those who wait for it.
                    ("", configuration.listen, ports.everybody),
                ]
                for case (let whom, let address?, let port?) in lines {
                    let place = #""host":"\#(address.host)","port":"\#(port)""#
                    let line = #"{"level":"notice","message":"listening\#(whom)",\#(place)}"#
                    FileHandle.standardError.write(Data((line + "\n").utf8))
                }
            }
            try await opened.server.run()
            try await opened.closeStore()
        } catch {
            throw Failure(error)
        }
    }
}
