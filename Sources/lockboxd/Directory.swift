import ArgumentParser
import Foundation
import LockboxDomain
import LockboxIdentity
import LockboxInstallation
import LockboxPorts
import LockboxServer
import LockboxService

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Adds and changes tenants, people, roles and services as a file says.",
        discussion: """
            What the file does not mention stays as it is. Nothing changes if anything in the file is wrong. A running server
            sees the changes within a second. A tenant's policy is its own: the file can make it stricter, never looser.
            So are its people's roles once it has an administrator: from then on the file adds people and switches people
            off, and makes nobody approver or admin. Once an administrator has signed in, it changes nobody's addresses
            and switches nobody on again.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .shortAndLong, help: "The directory file.")
    var file: String

    @Flag(name: .long, help: "Say what would change, and change nothing.")
    var dryRun = false

    func run() async throws {
        let (report, files) = try await withServer(config, by: by) { opened in
            let report = try await opened.server.lockbox.apply(
                try DirectoryFile.load(path: file, kinds: opened.server.kinds),
                isDryRun: dryRun
            )
            return (report, try await opened.server.openFilesForGateways())
        }
        let nothing = dryRun ? "nothing would change" : "nothing changed"
        print(report.changes.isEmpty ? nothing : report.changes.joined(separator: "\n"))
        if let files, !report.changes.isEmpty {
            FileHandle.standardError.write(Data("note: \(files)\n".utf8))
        }
        for warning in report.warnings {
            FileHandle.standardError.write(Data("warning: \(warning)\n".utf8))
        }
    }
}

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Issues an API token to a person and prints it, this once.",
        discussion: """
            For the provider's people, and for a tenant's until an administrator of it has signed in.
            Without --scope the token is for all that the person may do and the tenant lets tokens do:
              read        see what the person sees
              ask         make requests, write messages, get credentials; end access
              decide      approve and deny
              administer  change rules, roles and settings
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "The person's e-mail address.")
    var person: String

    @Option(name: .long, help: "What the token is for.")
    var label = "issued by lockboxd"

    @Option(name: .long, help: "What it is for; give it once for each scope.")
    var scope: [String] = []

    @Option(name: .long, help: "How many days it lives: 1 to 365. 90 if left out.")
    var days: Int?

    @Option(
        name: .long,
        help: "An address or network from which alone it is good; can be given several times."
    )
    var address: [String] = []

    func run() async throws {
        let person = try emailAddress(person)
        let terms = try TokenTerms(
            label: label,
            scopes: scope.isEmpty ? nil : scope,
            days: days,
            addresses: address
        )
        let new = try await withServer(config, by: by) { opened in
            try await of(person) {
                try await opened.server.signIn.issueToken(for: person, terms)
            }
        }
        print(new.secret)
    }
}

struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sets a person's local password, which it reads from standard input.",
        discussion: """
            The first line is the password: lockboxd password --config lockbox.yaml --person EMAIL < FILE
            The person's sessions and API tokens end, because the old password may be what somebody came in by.
            For the provider's people, and for a tenant's until an administrator of it has signed in: from then on its people
            choose their own, by lockboxd invite.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "The person's e-mail address.")
    var person: String

    func run() async throws {
        let address = try emailAddress(person)
        let password: String
        do {
            password = try SignIn.password(FileHandle.standardInput.readDataToEndOfFile())
        } catch {
            throw ValidationError("\(error)")
        }
        let found = try await withServer(config, by: by) { opened in
            try await of(address) {
                try await opened.server.signIn.setPassword(password, of: address)
            }
        }
        print("password of \(found.email) set")
    }
}

struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a person an e-mail by which she chooses her own password.",
        discussion: """
            The e-mail goes to the person's address, is good once and for three days, and replaces an earlier one. What is in
            it is printed nowhere.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "The person's e-mail address.")
    var person: String

    func run() async throws {
        let address = try emailAddress(person)
        let sent = try await withServer(config, by: by) { opened in
            try await of(address) { try await opened.server.lockbox.invite(address) }
        }
        print("an e-mail goes to \(sent.person.email), good until \(sent.invitation.endsAt)")
    }
}

private func emailAddress(_ text: String) throws -> EmailAddress {
    guard let address = EmailAddress(text) else {
        throw ValidationError("\(text) is not an e-mail address.")
    }
    return address
}

/// Says whom there is not.
private func of<Value>(_ address: EmailAddress, _ body: () async throws -> Value) async throws
    -> Value
{
    do {
        return try await body()
    } catch Refusal.notFound(.person) {
        throw ConfigurationError("\(address): there is no such person.")
    }
}
