import ArgumentParser
import LockboxAudit
import LockboxDomain
import LockboxInstallation
import LockboxServer

struct CheckLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replays every log and compares it with the tables.",
        discussion: """
            Every record must hash to what the tree holds, every text must match its commitment, every checkpoint that was ever
            signed must be a head of the log, and the tables must say what the records say. Exit status 1 on any difference.
            """
    )

    @OptionGroup var config: ConfigOption

    @Option(name: .long, help: "Only the log of this tenant.")
    var tenant: String?

    func run() async throws {
        let reports = try await withServer(config) { opened in
            try await LogCheck(store: opened.store, clock: opened.clock).run(
                only: try tenant.map { text in
                    guard let id = TenantID(text) else {
                        throw ValidationError("\(text) is not the id of a tenant.")
                    }
                    return id
                }
            )
        }
        for report in reports {
            let found =
                report.differences.isEmpty
                ? "all as it should be" : "\(report.differences.count) differences"
            print(
                "\(report.log): \(report.records) records, \(report.checkpoints) checkpoints, \(found)"
            )
            for difference in report.differences { print("  \(difference)") }
        }
        if reports.contains(where: { !$0.differences.isEmpty }) { throw ExitCode(1) }
    }
}
