import ArgumentParser
import Foundation
import LockboxDomain
import LockboxInstallation

/// The server and the operator's tools.
@main
struct Lockboxd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockboxd",
        abstract: "The Lockbox server, and the tools of whoever runs it.",
        discussion: """
            A first installation, in an empty folder:
              lockboxd init
              lockboxd apply    --config lockbox.yaml -f directory.yaml
              lockboxd invite   --config lockbox.yaml --person gita@contoso.example
              lockboxd token    --config lockbox.yaml --person eve@provider.example
              lockboxd serve    --config lockbox.yaml
            To see it work first, without any of this: make demo, in the source.
            """,
        version: Installation.version,
        subcommands: [
            Serve.self, Gateway.self, Init.self, InitDatabase.self, CheckConfig.self, Apply.self,
            Token.self,
            Password.self, Invite.self, Recover.self, RotateKey.self, ScimToken.self,
            ScimTokens.self,
            ScimEndToken.self, ScimRoles.self,
            CheckLog.self, CheckService.self, AcceptClock.self, TestMail.self, ReadBounce.self,
        ]
    )
}

struct ConfigOption: ParsableArguments {
    @Option(name: .long, help: "The server's configuration file.")
    var config = "lockbox.yaml"
}

/// For commands that change something: who does it, for the log and for letters.
struct OperatorOption: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help:
            "The e-mail address of whoever does this, for the log; else the name of the Unix user."
    )
    var address: String?

    /// The address with the Unix user beside it, who is what the machine knows.
    func name() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let user = environment["SUDO_USER"].flatMap { $0.isEmpty ? nil : $0 } ?? NSUserName()
        guard let address else { return user }
        guard let known = EmailAddress(address) else {
            throw ValidationError("--as \(address): that is not an e-mail address.")
        }
        return "\(known) (\(user))"
    }
}
