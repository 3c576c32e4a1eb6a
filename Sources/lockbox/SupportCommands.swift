import ArgumentParser
import LockboxClient
import LockboxWire

struct SupportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support",
        abstract: "Support requests: what customers asked help with.",
        subcommands: [
            Open.self, ListAll.self, Show.self, ReplySupport.self, CloseSupport.self,
            ReopenSupport.self,
        ]
    )

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "open",
            abstract: "Ask the provider for help.",
            discussion: """
                  lockbox support open --service mail --subject "Mail is gone" \\
                    --description "Since Monday …"
                  lockbox support open --subject "Mail is gone" --description - < problem.txt
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "In one line, what is wrong.") var subject: String
        @Option(help: "What happened, and what you tried; - reads standard input.") var description:
            String
        @Option(help: "The service that is affected.") var service: String?
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Option(help: "The number of an outside ticket that this stands for.") var number: String?
        @Option(help: "Where the outside ticket can be seen.") var ticketURL: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let body = NewSupportRequest(
                    tenant: try await session.tenant(tenant),
                    subject: subject,
                    description: description == "-" ? session.shell.standardInput() : description,
                    service: service,
                    number: number,
                    url: ticketURL
                )
                let opened: SupportRequestBody = try await session.client.post(
                    Path("v1", "support-requests"),
                    body
                )
                try session.show(opened) { opened in
                    session.shell.tell("Opened. The provider works on it under this number.")
                    return [TerminalText.clean(opened.number)]
                }
            }
        }
    }

    struct ListAll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List support requests, newest first."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @OptionGroup var paging: LimitOptions
        @Option(help: "Only those of this tenant.") var tenant: String?
        @Option(help: "Only those of this state: open, answered or closed.") var state: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let path = Path(
                    "v1",
                    "support-requests",
                    query: ["tenant": tenant, "state": state]
                )
                let found = try await session.client.list(
                    path,
                    limit: paging.limit,
                    of: SupportRequestBody.self
                )
                let now = session.shell.now()
                try session.show(found, none: "There are no support requests.") { requests in
                    var table = Table(
                        "Number",
                        "State",
                        "Tenant",
                        "Opened",
                        "By",
                        "Last answer",
                        "Service",
                        "Subject"
                    )
                    for request in requests {
                        table.add(
                            request.number,
                            request.state,
                            request.tenant,
                            TimeText.relative(request.openedAt, now: now),
                            request.openedBy.name,
                            request.lastAnswer.map {
                                "\($0.by.name), \(TimeText.relative($0.at, now: now))"
                            } ?? "–",
                            request.service ?? "–",
                            request.subject
                        )
                    }
                    return table
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one support request."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Argument(help: "Its number: SR-…, or that of an outside ticket.") var number: String
        @Option(help: "The tenant, where several have a ticket of this number.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let path = Path("v1", "support-requests", number, query: ["tenant": tenant])
                let found: SupportRequestBody = try await session.client.get(path)
                let now = session.shell.now()
                let thread =
                    session.output == .table
                    ? try await session.client.list(
                        Path(
                            "v1",
                            "support-requests",
                            number,
                            "messages",
                            query: ["tenant": tenant]
                        ),
                        of: SupportEntryBody.self
                    ).items : []
                try session.show(found) { request in
                    var sheet = Sheet()
                    sheet.add("Number", request.number)
                    sheet.add("State", request.state)
                    sheet.add("Tenant", request.tenant)
                    sheet.add("Opened", TimeText.both(request.openedAt, now: now))
                    sheet.add("By", request.openedBy.addressed)
                    sheet.add("Service", request.service)
                    sheet.add("Ticket", request.url)
                    sheet.add("Subject", request.subject)
                    sheet.add("Description", request.description)
                    sheet.add("Messages", each: thread.map(\.line))
                    return sheet.lines
                }
            }
        }
    }
}
