import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxServer

struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what is wrong with the configuration, without changing anything.",
        discussion: """
            It reads what the server and apply would read, with all files that are named there. Whether a change of the
            directory would be taken is for apply --dry-run to say.
            """
    )

    @OptionGroup var config: ConfigOption

    @Option(name: .shortAndLong, help: "The directory file, if it is to be looked at too.")
    var file: String?

    func run() throws {
        do {
            let configuration = try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
            let report = try Installation.check(configuration, directory: file)
            print(report.joined(separator: "\n"))
        } catch {
            throw Failure(error)
        }
    }
}
