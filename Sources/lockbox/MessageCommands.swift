import ArgumentParser
import LockboxClient
import LockboxWire

struct AskRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Write a question about an access request, or answer one.",
        discussion: """
              lockbox request ask LBX-7K3M9QPXAB "Why do you need to write to it?"

            The other side gets an e-mail that there is something to read. The time to
            decide goes on. The thread is in “lockbox request show”.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The request: LBX-…") var id: String
    @Argument(help: "What to write.") var text: String

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let message: MessageBody = try await session.client.post(
                Path("v1", "requests", id, "messages"),
                NewMessage(text: text)
            )
            try session.show(message) { [TerminalText.clean(RequestText.message($0))] }
        }
    }
}

extension Session {
    /// The questions and answers about a request; none for those who may see the request but not
    /// them.
    func thread(on id: String) async throws -> [MessageBody] {
        do {
            return try await client.list(
                Path("v1", "requests", id, "messages"),
                of: MessageBody.self
            ).items
        } catch ClientError.refused(let problem) where problem.code == "notFound" {
            return []
        }
    }
}
