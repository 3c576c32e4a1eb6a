import ArgumentParser
import LockboxDomain
import LockboxInstallation
import LockboxPorts
import LockboxServer

struct TestMail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-mail",
        abstract: "Sends one e-mail through the configured relay and says what became of it.",
        discussion: """
            The e-mail says nothing but that it arrived. Exit status 1 if the relay did not take it, with the relay's own
            words and whether they are about this address or about us.
            """
    )

    @OptionGroup var config: ConfigOption

    @Argument(help: "The e-mail address to write to.")
    var address: String

    func run() async throws {
        guard let recipient = EmailAddress(address) else {
            throw ValidationError("\(address) is not an e-mail address.")
        }
        let reply = try await withServer(config) { opened in
            do throws(MailError) {
                return try await opened.server.sendTestLetter(
                    to: recipient,
                    at: opened.clock.now(),
                    id: SystemEntropy().id()
                )
            } catch {
                throw ConfigurationError(error.words(about: recipient))
            }
        }
        print("sent to \(recipient): \(reply)")
    }
}

extension MailError {
    /// What happened and what to do, for an operator.
    fileprivate func words(about recipient: EmailAddress) -> String {
        switch self {
        case .refused(let code, let text):
            "not sent: \(recipient) is refused: \(code) \(text). The relay itself takes our e-mails."
        case .deferred(let code, let text):
            "not sent: \(recipient) is refused for now: \(code) \(text). Try again later."
        case .relayRefused(let code, let text):
            "not sent: the relay refuses us: \(code) \(text). Look at `mail` in the configuration: "
                + "user, password or token, sender (from=), and at the relay's quota."
        case .unreachable(let text):
            "not sent: the relay was not reached: \(text). Look at its host and port in `mail`."
        case .heldBack: "not sent: it was held back."
        case .unsafe(let text):
            "not sent: \(text). Look at starttls, ca and the sign-in in `mail`."
        case .outcomeUnknown(let text):
            "perhaps sent: the relay did not answer at the end: \(text)."
        case .invalid(let field): "not sent: it cannot be written as mail: \(field)."
        }
    }
}
