import ArgumentParser
import Foundation
import LockboxWire

/// The program that people and scripts use.
@main
struct LockboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockbox",
        abstract: "Ask for access to a customer's data, decide on it, and check what was done.",
        discussion: """
            A customer has a problem:
              lockbox support open --subject "Mail is gone" --description "…"
            An engineer asks for access:
              lockbox request new --support-request SR-… --duration 2h \\
                --resource mailbox:sue@contoso.test:read --reason "…" --wait
            A manager, then an approver of the customer, decides:
              lockbox request list --state awaitingCustomer
              lockbox request approve LBX-… --duration 1h
            The engineer opens it; the customer can end it:
              lockbox access open LBX-…
              lockbox request revoke LBX-…
            An auditor checks the log:
              lockbox audit verify
            A customer has it followed day and night:
              lockbox watch --mail-to security@contoso.example …

            What is left of one access, in a file of its own:
              lockbox receipt get LBX-… --out LBX-….json

            Sign in once with “lockbox login”, or set LOCKBOX_URL and LOCKBOX_TOKEN.
            Every listing has --output json. For tab completion:
              lockbox --generate-completion-script bash (or zsh, fish)

            Exit codes: 0 done, 1 refused or failed, 2 wrong usage,
            3 not signed in, 4 server unreachable.
            """,
        version: Release.version,
        subcommands: [
            LoginCommand.self, LogoutCommand.self, WhoAmICommand.self, SupportCommand.self,
            RequestCommand.self, TenantsCommand.self, ResourcesCommand.self,
            AccessCommand.self, PolicyCommand.self, PeopleCommand.self, AuditCommand.self,
            ReceiptCommand.self, ReportCommand.self, TokenCommand.self, KeysCommand.self,
            WatchCommand.self, WitnessCommand.self,
        ]
    )

    static func main() async {
        let shell = Shell()
        do {
            var command = try await asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let failure = Failure(error) ?? Failure(parsing: error)
            if failure.exitCode == 0 {
                shell.write(failure.message)
            } else if !failure.message.isEmpty {
                shell.tell(failure.message)
            }
            Foundation.exit(failure.exitCode)
        }
    }
}

/// The end of a command that did not do what it was asked.
struct Failure: Error {
    let message: String
    let exitCode: Int32

    private init(_ message: String, _ exitCode: Int32) {
        self.message = message
        self.exitCode = exitCode
    }

    static func failed(_ message: String) -> Failure { Failure(message, 1) }
    static func usage(_ message: String) -> Failure { Failure(message, 2) }
    /// What was to be verified could not be looked at: that is no verdict, and 1 would be one.
    static func unverifiable(_ message: String) -> Failure { Failure(message, 2) }
    static func unreachable(_ message: String) -> Failure { Failure(message, 4) }
    static func help(_ message: String) -> Failure { Failure(message, 0) }
    static func notSignedIn(_ message: String) -> Failure { Failure(message, 3) }
    /// Everything was said already.
    static func watched(_ exitCode: Int32) -> Failure { Failure("", exitCode) }
}
