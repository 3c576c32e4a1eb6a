import ArgumentParser
import LockboxDomain
import LockboxIdentity
import LockboxInstallation
import LockboxServer
import LockboxService

// The provider's own directory says who its people are by SCIM. A tenant's tokens and groups are its
// administrators' affair, on a page of theirs; there is no command for them.

struct ScimToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-token",
        abstract:
            "Makes a token for the provider's own directory (SCIM 2.0) and prints it, this once.",
        discussion: """
            The directory speaks to publicURL/scim/v2/_provider. What its groups give is said by scim-roles.
            A tenant's tokens and groups are its administrators' affair, on the page Settings.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "Which directory it is for.")
    var label: String

    @Option(name: .long, help: "How many days it lives: 1 to 365. 90 if left out.")
    var days: Int?

    @Option(
        name: .long,
        help: "An address or network from which alone it is good; can be given several times."
    )
    var address: [String] = []

    func run() async throws {
        let terms = try TokenTerms(label: label, days: days, addresses: address)
        let new = try await withServer(config, by: by) { opened in
            try await opened.server.signIn.issueProvisioningToken(terms)
        }
        print(new.secret)
    }
}

struct ScimTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-tokens",
        abstract: "Lists the tokens of the provider's directory."
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    func run() async throws {
        let tokens = try await withServer(config, by: by) { opened in
            try await opened.server.signIn.provisioningTokens()
        }
        for token in tokens {
            let used = token.lastUse.map { "last used \($0.at)" } ?? "never used"
            print("\(token.id)  ends \(token.expiresAt)  \(used)  \(token.label)")
        }
        if tokens.isEmpty { print("there are none") }
    }
}

struct ScimEndToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-end-token",
        abstract: "Ends a token of the provider's directory."
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Argument(help: "Its name, such as PRV-7K3M9QPXAB.")
    var token: String

    func run() async throws {
        try await withServer(config, by: by) { opened in
            try await opened.server.signIn.revokeProvisioningToken(token)
        }
        print("\(token) ended")
    }
}

struct ScimRoles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-roles",
        abstract: "Says which roles the members of a group of the provider's directory have.",
        discussion: "Without --role the group gives nothing any more."
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    @Option(name: .long, help: "The group's name, as the directory writes it.")
    var group: String

    @Option(name: .long, help: "engineer, manager, operator or auditor; give it once for each.")
    var role: [String] = []

    func run() async throws {
        try await withServer(config, by: by) { opened in
            try await opened.server.lockbox.mapGroup(group, to: role)
        }
        print("group \(group): \(role.isEmpty ? "gives nothing" : role.joined(separator: ", "))")
    }
}
