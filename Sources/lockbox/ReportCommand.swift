import ArgumentParser
import LockboxClient
import LockboxWire

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json
}

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "What became of the requests of a month, for reviews of access.",
        discussion: """
              lockbox report --month 2026-11
              lockbox report --tenant contoso --month 2026-11 --output csv > 2026-11.csv

            Every request that was made in that month of UTC: who asked, who decided when,
            what was opened, used and never used, and whether services confirmed the end.
            """
    )

    @OptionGroup var server: ServerOptions
    @Option(help: "The tenant; your own if left out.") var tenant: String?
    @Option(help: "The month, such as 2026-11.") var month: String
    @Option(name: [.short, .long], help: "How to write it.") var output: ReportFormat = .table

    func run() async throws {
        try await Session.run(server, output == .json ? .json : .table) { session in
            let me = tenant == nil ? try await session.me() : nil
            let tenant = try await session.tenant(tenant ?? me?.tenant)
            let path = Path("v1", "tenants", tenant, "reports", month)
            if output == .csv {
                try await session.client.lines(path, accept: "text/csv") { line in
                    let text = String(decoding: line, as: UTF8.self)
                    // A line of a table ends with both (RFC 4180 §2).
                    session.shell.write(TerminalText.clean(text) + "\r")
                }
                return
            }
            let report = try await session.client.get(path, as: Report.self)
            if !report.complete {
                session.shell.tell("There are more requests in this month than a report has.")
            }
            try session.show(report) { report in
                Self.table(report).lines(columns: session.shell.outputColumns)
            }
        }
    }

    private static func table(_ report: Report) -> Table {
        var table = Table("Request", "Asked", "By", "State", "Decided", "Used", "Closed", "Reason")
        for entry in report.requests {
            let access = entry.access
            let unused = access?.neverUsed ?? []
            let used = access.map { access in
                access.uses == 0
                    ? "never"
                    : (access.uses == 1 ? "1 time" : "\(access.uses) times")
                        + (unused.isEmpty ? "" : ", never \(unused.joined(separator: ", "))")
            }
            table.add(
                entry.request,
                TimeText.absolute(entry.asked),
                entry.engineer,
                entry.state,
                entry.decisions.map { "\($0.decision) \($0.by)" }.joined(separator: ", "),
                used ?? "–",
                access?.removal ?? "–",
                entry.reason
            )
        }
        return table
    }
}
