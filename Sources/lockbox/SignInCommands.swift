import ArgumentParser
import Foundation
import LockboxClient
import LockboxWire

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Sign in through your browser.",
        discussion: """
            You sign in at the portal as ever, and allow this command line there. Where
            no browser is, as over SSH, you type a code on any other machine.

              lockbox login --url https://lockbox.example.com
              lockbox login --device

            It is to see and to ask with, unless you say otherwise:
              lockbox login --scope ask --scope decide

            read        see what you can see; always among them
            ask         make requests, write messages, get credentials; end access
            decide      approve and deny
            administer  change rules, roles and settings

            What is kept in ~/.config/lockbox/credentials.json, readable by you alone,
            ends after 30 days, or a week without use; where it decides or
            administers, after 12 hours.
            """
    )

    @OptionGroup var server: ServerOptions
    @Flag(help: "Show a code to type at the portal, on this machine or another.") var device = false
    @Option(help: "What the page and “lockbox token list” call this command line.") var name:
        String?
    @Option(
        help: "What it is for; give it once for each. read and ask if left out.",
        completion: .list(TokenText.scopes.map(\.name))
    ) var scope: [String] = []

    func run() async throws {
        let shell = Shell()
        let saved = try SavedSignIns(environment: shell.environment)
        guard let url = Session.address(server, shell, saved) ?? shell.ask("Server:") else {
            throw Failure.usage("Say which server with --url or LOCKBOX_URL.")
        }
        try await Session.run(address: url, token: nil, shell: shell) { session in
            let client = session.client
            let login = Login(
                client: client,
                shell: shell,
                name: name ?? Login.machineName(),
                // Without it no command finds anything.
                scopes: scope.isEmpty ? ["read", "ask"] : ["read"] + scope.filter { $0 != "read" }
            )
            let isHere = !device && shell.hasBrowser && !shell.isRemote
            let tokens = isHere ? try await login.inBrowser() : try await login.byCode()
            let me: Me = try await client.acting(with: tokens.accessToken).get(Path("v1", "me"))
            let before = try await SavedSignIns.change(environment: shell.environment) { kept in
                let before = kept.servers[client.address]
                kept.current = client.address
                kept.servers[client.address] = .init(tokens, email: me.email, now: shell.now())
                return before
            }
            shell.tell("Signed in at \(client.address) as \(TerminalText.clean(me.name)).")
            for line in TokenText.lines(tokens.scope.split(separator: " ").map(String.init)) {
                shell.tell(line)
            }
            if let before { try await session.end(before) }
        }
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "End the sign-in of the last login and forget it."
    )

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let shell = Shell()
        let saved = try SavedSignIns(environment: shell.environment)
        guard let address = Session.address(server, shell, saved).map(Session.trimmed),
            saved.servers[address] != nil
        else { throw Failure.notSignedIn("No login is kept here.") }
        try await Session.run(address: address, token: nil, shell: shell) { session in
            try await SavedSignIns.change(environment: shell.environment) { kept in
                if let signIn = kept.servers[address] { try await session.end(signIn) }
                kept.servers[address] = nil
                if kept.current == address { kept.current = nil }
            }
            shell.tell("Signed out at \(address).")
        }
    }
}

extension Session {
    /// Ends a sign-in at the server. One that is over already is as good as ended.
    fileprivate func end(_ signIn: SavedSignIns.SignIn) async throws {
        do {
            _ = try await client.form(
                Path("oauth2", "revoke"),
                [("client_id", Login.clientID), ("token", signIn.refreshToken)]
            )
        } catch let problem as OAuthProblem {
            throw problem.failure
        }
    }
}

struct WhoAmICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show who you are signed in as."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await Session.run(server, format.output) { session in
            try session.show(try await session.me()) { me in
                var sheet = Sheet()
                sheet.add("Name", me.name)
                sheet.add("E-mail", me.email)
                sheet.add("Id", me.id)
                sheet.add("Side", me.tenant.map { "tenant \($0)" } ?? "provider")
                sheet.add("Roles", me.roles.isEmpty ? "none" : me.roles.joined(separator: ", "))
                sheet.add("Server", session.client.address)
                return sheet.lines
            }
        }
    }
}

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Your API tokens.",
        subcommands: [ListTokens.self, RevokeToken.self]
    )

    struct ListTokens: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List your API tokens."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let found = try await session.client.list(Path("v1", "tokens"), of: TokenBody.self)
                let now = session.shell.now()
                try session.show(found, none: "You have no API tokens.") { tokens in
                    TokenText.table(tokens, now: now)
                }
            }
        }
    }

    struct RevokeToken: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Revoke one of your API tokens. It is dead at once."
        )

        @OptionGroup var server: ServerOptions
        @Argument(help: "The token's id, as “lockbox token list” shows it.") var id: String

        func run() async throws {
            try await Session.run(server) { session in
                try await session.client.delete(Path("v1", "tokens", id))
                session.shell.tell("Revoked \(id).")
            }
        }
    }
}
