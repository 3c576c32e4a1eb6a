import ArgumentParser
import LockboxInstallation
import LockboxServer
import LockboxServices

struct CheckService: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-service",
        abstract: "Tries at a real service whether it opens and ends access as it is told.",
        discussion: """
            The service is one that was applied. It gets orders about accesses that are made up for this: of the tenant
            lockbox-check, which no customer can be, under login names that end in -0, which no access has. They are closed
            again, and what grants have open there is not touched. A server may run meanwhile.

            Each line is ok or FAILED and what a service must do, or not tried where only your own tools can. Exit
            status 1 if anything failed.
            """
    )

    @OptionGroup var config: ConfigOption

    @Argument(help: "The id of the service, as in the directory file.")
    var name: String

    func run() async throws {
        let isGood = try await withServer(config) { opened in
            try await opened.server.checkService(name) { finding in
                print(
                    finding.problem.map { "FAILED: \(finding.promise): \($0)" }
                        ?? "\(finding.isTried ? "ok" : "not tried"): \(finding.promise)"
                )
            }
        }
        if !isGood { throw ExitCode(1) }
    }
}
