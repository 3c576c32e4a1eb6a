import ArgumentParser
import Foundation
import LockboxClient
import LockboxWire

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Sign in with e-mail address and password.",
        discussion: """
            Keeps an API token in ~/.config/lockbox/credentials.json, readable by you
            alone; never the password.

              lockbox login --url https://lockbox.example.com
              pass lockbox | lockbox login --email eve@example.com --password-stdin

            The token is to see and to ask with, unless you say otherwise:
              lockbox login --scope ask --scope decide

            read        see what you can see; always among them
            ask         make requests, write messages, get credentials; end access
            decide      approve and deny
            administer  change rules, roles and settings
            """
    )

    @OptionGroup var server: ServerOptions
    @Option(help: "Your e-mail address.") var email: String?
    @Flag(help: "Read the password from standard input instead of asking.") var passwordStdin =
        false
    @Option(help: "What the token is for, as “lockbox token list” shows it.") var label =
        "lockbox command line"
    @Option(
        help: "What the token is for; give it once for each. read and ask if left out.",
        completion: .list(TokenText.scopes.map(\.name))
    ) var scope: [String] = []
    @Option(help: "How many days the token lives: 1 to 365. 90 if left out.") var days: Int?
    @Option(
        help: "An address or network from which alone it is good; can be given several times."
    ) var address: [String] = []

    func run() async throws {
        let shell = Shell()
        let saved = try SavedSignIns(environment: shell.environment)
        guard let url = Session.address(server, shell, saved) ?? shell.ask("Server:") else {
            throw Failure.usage("Say which server with --url or LOCKBOX_URL.")
        }
        guard let email = email ?? shell.ask("E-mail:") else {
            throw Failure.usage("Give your address with --email.")
        }
        let password = try password(shell)
        let asked = NewToken(
            email: email,
            password: password,
            label: label,
            // Without it no command finds anything.
            scopes: scope.isEmpty ? nil : ["read"] + scope.filter { $0 != "read" },
            days: days,
            addresses: address.isEmpty ? nil : address
        )
        try await Session.run(address: url, token: nil, shell: shell) { session in
            let issued: IssuedToken = try await session.client.post(Path("v1", "tokens"), asked)
            var signIns = saved
            signIns.current = session.client.address
            signIns.servers[session.client.address] = .init(
                token: issued.token,
                tokenID: issued.id,
                email: issued.person.email
            )
            try signIns.save(environment: shell.environment)
            shell.tell(
                "Signed in at \(session.client.address) as \(TerminalText.clean(issued.person.name))."
            )
            for line in TokenText.lines(issued) { shell.tell(line) }
        }
    }

    private func password(_ shell: Shell) throws -> String {
        if passwordStdin {
            do {
                return try PasswordLine.read(FileHandle.standardInput.readDataToEndOfFile())
            } catch {
                throw Failure.usage("\(error)")
            }
        }
        guard let password = shell.askSecret("Password:"), !password.isEmpty else {
            throw Failure.usage("There is no password. In a script, give it with --password-stdin.")
        }
        return password
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Revoke the token of the last login and forget it."
    )

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let shell = Shell()
        let saved = try SavedSignIns(environment: shell.environment)
        guard let address = Session.address(server, shell, saved).map(Session.trimmed),
            let signIn = saved.servers[address]
        else { throw Failure.notSignedIn("No login is kept here.") }
        try await Session.run(address: address, token: signIn.token, shell: shell) { session in
            do {
                try await session.client.delete(Path("v1", "tokens", signIn.tokenID))
            } catch let error as ClientError {
                switch error {
                // Revoked or expired already: that is what was wanted.
                case .notSignedIn: break
                case .refused(let problem) where problem.status == 404: break
                case .refused, .unreachable, .unavailable, .unexpected, .address: throw error
                }
            }
            var signIns = saved
            signIns.servers[address] = nil
            if signIns.current == address { signIns.current = nil }
            try signIns.save(environment: shell.environment)
            shell.tell("Signed out at \(address).")
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
