import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxPorts
import LockboxServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the server until it gets SIGTERM or SIGINT.",
        discussion: "With gateways, unless lockbox.yaml says gateway: apart for lockboxd gateway."
    )

    @OptionGroup var config: ConfigOption

    func run() async throws {
        do {
            let configuration = try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
            let opened = try await Installation.open(configuration) { ports in
                // That of `listen` comes last, for those who wait for it.
                for use in ListenerUse.allCases {
                    guard let address = configuration.addresses[use], let port = ports[use] else {
                        continue
                    }
                    let whom = use == .everybody ? "" : " for \(use)"
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
