import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxPorts
import LockboxServer

struct Gateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the gateways apart from the server, until it gets SIGTERM or SIGINT.",
        discussion: """
            For `gateway: apart` in lockbox.yaml, which it shares with `lockboxd serve`, as the database and the folder of
            keys. Either may stop, start or die without the other. What it cuts, and what it writes down, needs no server.
            """
    )

    @OptionGroup var config: ConfigOption

    func run() async throws {
        do {
            let configuration = try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
            let opened = try await GatewayInstallation.open(configuration) { port in
                guard let address = configuration.gatewayOperatorListen else { return }
                let place = #""host":"\#(address.host)","port":"\#(port)""#
                let line =
                    #"{"level":"notice","message":"listening for operators of gateways",\#(place)}"#
                FileHandle.standardError.write(Data((line + "\n").utf8))
            }
            try await opened.run()
        } catch {
            throw Failure(error)
        }
    }
}
