import ArgumentParser
import LockboxDomain
import LockboxInstallation
import LockboxPorts
import LockboxServer
import LockboxService

struct Recover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Takes on an older database; or lets a tenant's people in whose own sign-in is down.",
        discussion: """
            With --reason: for a database that the server refuses, because it does not go on from what was signed of
            its logs, or the key that signed them is lost. Stop the server first. All open access, sessions, API tokens,
            invitations and tokens for provisioning are ended; each log has a record with the reason; everybody who
            administers or decides for a tenant gets an e-mail.

            With --tenant: its people may sign in with passwords while its own sign-in is down. For a tenant that forbids
            passwords. It sets no password: who has none chooses one by "Forgotten your password?" on the sign-in page. Everybody who administers or decides for the tenant gets an e-mail, and its log has a record.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "Why this database is taken; for the logs and the e-mails.")
    var reason: String?

    @Option(name: .long, help: "The identifier of the tenant whose sign-in is down.")
    var tenant: String?

    @Option(name: .long, help: "For how many hours, 1 to 72.")
    var hours = 24

    @Flag(name: .long, help: "Ends it now.")
    var end = false

    func validate() throws {
        guard (tenant == nil) != (reason == nil) else {
            throw ValidationError(
                "Say --reason TEXT, for a database that is refused, or --tenant ID, for a sign-in that "
                    + "is down."
            )
        }
    }

    func run() async throws {
        if let reason { return try await recoverLogs(reason) }
        if let tenant { try await recoverSignIn(of: tenant) }
    }

    private func recoverLogs(_ reason: String) async throws {
        let lost = try await withServer(config, by: by, alone: true) { opened in
            try await opened.recover(reason: reason)
        }
        for line in lost { print("taken all the same: \(line)") }
        print(
            "All open access, sessions and tokens are ended, and every log has a record of it. The "
                + "e-mails go out once lockboxd serve runs."
        )
    }

    private func recoverSignIn(of tenant: String) async throws {
        guard let id = TenantID(tenant) else {
            throw ValidationError("\(tenant) is not the identifier of a tenant.")
        }
        let span = end ? nil : TimeSpan.hours(Int64(min(max(hours, 0), 1000)))
        do {
            let until = try await withServer(config, by: by) { opened in
                try await opened.server.lockbox.setRecovery(of: id, for: span)
            }
            guard let until else { return print("\(id): passwords do not count any more") }
            print("\(id): passwords count until \(until). Whoever decides there is told by e-mail.")
        } catch Refusal.notFound(.tenant) {
            throw ConfigurationError("\(id): there is no such tenant.")
        }
    }
}
