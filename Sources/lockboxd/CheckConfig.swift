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
        var problems: [any Error] = []
        // What is wrong in one place does not hide what is wrong in the other.
        func look<Value>(_ body: () throws -> Value) -> Value? {
            do {
                return try body()
            } catch {
                problems.append(error)
                return nil
            }
        }
        let server = look {
            let configuration = try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
            return (configuration, report: try Installation.check(configuration))
        }
        let directory = look {
            try file.map { try Installation.check(directory: $0) } ?? (report: [], gateways: 0)
        }
        guard let (configuration, report) = server, let directory else { throw Failure(problems) }
        let lines =
            report + directory.report
            + [OpenFiles.words(configuration, gateways: directory.gateways)]
        print(lines.joined(separator: "\n"))
    }
}
