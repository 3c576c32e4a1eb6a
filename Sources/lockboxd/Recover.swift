import ArgumentParser
import LockboxDomain
import LockboxInstallation
import LockboxPorts
import LockboxServer
import LockboxService

struct Recover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets a tenant's people sign in with passwords while its own sign-in is down.",
        discussion: """
            For a tenant that forbids passwords. It sets no password: who has none chooses one by "Forgotten your password?" on
            the sign-in page. Everybody who administers or decides for the tenant gets an e-mail, and its log has a record.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "The tenant's identifier.")
    var tenant: String

    @Option(name: .long, help: "For how many hours, 1 to 72.")
    var hours = 24

    @Flag(name: .long, help: "Ends it now.")
    var end = false

    func run() async throws {
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
