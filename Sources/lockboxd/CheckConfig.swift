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
        var (report, problems): ([String], [any Error]) = ([], [])
        // What is wrong in one place does not hide what is wrong in the other.
        let load = {
            try Configuration.load(
                path: config.config,
                environment: ProcessInfo.processInfo.environment
            )
        }
        let looks: [() throws -> [String]] = [
            { try Installation.check(try load()) },
            { try file.map { try Installation.check(directory: $0) } ?? [] },
        ]
        for look in looks {
            do { report += try look() } catch { problems.append(error) }
        }
        if !problems.isEmpty { throw Failure(problems) }
        do {
            report.append(try Installation.openFiles(try load(), directory: file))
        } catch {
            throw Failure(error)
        }
        print(report.joined(separator: "\n"))
    }
}
