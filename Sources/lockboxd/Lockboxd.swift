import ArgumentParser
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
            Serve.self, Gateway.self, Init.self, CheckConfig.self, Apply.self, Token.self,
            Password.self, Invite.self, ScimToken.self, ScimTokens.self, ScimEndToken.self,
            ScimRoles.self,
            CheckLog.self, CheckService.self, AcceptClock.self, TestMail.self, ReadBounce.self,
        ]
    )
}

struct ConfigOption: ParsableArguments {
    @Option(name: .long, help: "The server's configuration file.")
    var config = "lockbox.yaml"
}
