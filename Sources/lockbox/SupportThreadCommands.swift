import ArgumentParser
import LockboxClient
import LockboxWire

struct ReplySupport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reply",
        abstract: "Write on a support request: an engineer answers, the customer replies.",
        discussion: """
              lockbox support reply SR-7K3M9QPXAB "It works again. Does it for you?"
              lockbox support reply SR-7K3M9QPXAB - < answer.txt
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var support: SupportArguments
    @Argument(help: "What to write; - reads standard input.") var text: String

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let entry: SupportEntryBody = try await session.client.post(
                support.path("messages"),
                NewMessage(text: text == "-" ? session.shell.standardInput() : text)
            )
            try session.show(entry) { [TerminalText.clean($0.line)] }
        }
    }
}

struct CloseSupport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close a support request: nobody can ask for access for it any more.",
        discussion: """
              Requests for access for it that wait for a decision are withdrawn. Access that is
              open stays; what is left is listed, and “lockbox request finish” or “lockbox
              request revoke” ends it.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var support: SupportArguments
    @Option(help: "A last message.") var comment: String?

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let closed: SupportRequestBody = try await session.client.post(
                support.path("close"),
                CommentBody(comment: comment)
            )
            try session.show(closed) { ["\(TerminalText.clean($0.number)) is \($0.state)."] }
            for state in ["active", "scheduled"] {
                let left = try await session.client.list(
                    Path(
                        "v1",
                        "requests",
                        query: [
                            "state": state, "tenant": closed.tenant,
                            "supportRequest": closed.number,
                        ]
                    ),
                    of: AccessRequestBody.self
                )
                for request in left.items {
                    session.shell.tell(
                        "Still \(state): \(request.id) of \(request.engineer.markedName)."
                    )
                }
            }
        }
    }
}

struct ReopenSupport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen",
        abstract: "Open a closed support request again."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @OptionGroup var support: SupportArguments
    @Option(help: "Why.") var comment: String?

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let opened: SupportRequestBody = try await session.client.post(
                support.path("reopen"),
                CommentBody(comment: comment)
            )
            try session.show(opened) { ["\(TerminalText.clean($0.number)) is \($0.state)."] }
        }
    }
}

/// Which support request.
struct SupportArguments: ParsableArguments {
    @Argument(help: "Its number: SR-…, or that of an outside ticket.") var number: String
    @Option(help: "The tenant, where several have a ticket of this number.") var tenant: String?

    /// Of what is done with it.
    func path(_ part: String) -> Path {
        Path("v1", "support-requests", number, part, query: ["tenant": tenant])
    }
}

extension SupportEntryBody {
    /// As people read it.
    var line: String {
        let said = act == "wrote" ? "" : " \(act) it"
        return "\(number). \(by.markedName) (\(side))\(said), \(TimeText.absolute(at))"
            + (text.map { ": “\($0)”" } ?? "")
    }
}
