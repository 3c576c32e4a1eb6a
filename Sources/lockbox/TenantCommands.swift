import ArgumentParser
import LockboxClient
import LockboxWire

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access",
        abstract: "Access that is open now.",
        subcommands: [ListAccess.self, OpenAccess.self]
    )

    struct ListAccess: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List who has access to what right now, and until when.",
            discussion: "End one with: lockbox request revoke LBX-…"
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @OptionGroup var paging: LimitOptions
        @Option(help: "Only to data of this tenant.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let path = Path("v1", "requests", query: ["state": "active", "tenant": tenant])
                let found = try await session.client.list(
                    path,
                    limit: paging.limit,
                    of: AccessRequestBody.self
                )
                let now = session.shell.now()
                try session.show(found, none: "Nobody has access now.") { requests in
                    var table = Table("Request", "Tenant", "Engineer", "Ends", "Used", "Opens")
                    for request in requests {
                        guard let grant = request.grant else { continue }
                        table.add(
                            request.id,
                            request.tenant,
                            request.engineer.markedName,
                            TimeText.relative(grant.end, now: now),
                            "\(grant.uses.reduce(0) { $0 + $1.count })×",
                            grant.resources.map(\.words).joined(separator: ", ")
                        )
                    }
                    return table
                }
            }
        }
    }
}

struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people",
        abstract: "A tenant's people and what they may do.",
        subcommands: [
            ListPeople.self, SetRoles.self, ConfirmPerson.self, InvitePerson.self,
            ListPeoplesTokens.self, RevokePersonsToken.self,
        ]
    )

    struct ListPeople: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List people and their roles."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let path = Path("v1", "tenants", try await session.tenant(tenant), "people")
                let found = try await session.client.list(path, of: PersonBody.self)
                try session.show(found, none: "There is nobody.") { people in
                    var table = Table("Id", "Name", "E-mail", "Roles", "")
                    for person in people {
                        table.add(
                            person.id,
                            person.name,
                            person.email,
                            person.roles.joined(separator: ", "),
                            person.standing
                        )
                    }
                    return table
                }
            }
        }
    }

    struct SetRoles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-roles",
            abstract: "Say what a person may do; this replaces the roles they have.",
            discussion: """
                  lockbox people set-roles adam@contoso.test member approver

                member    opens support requests
                approver  decides on access
                admin     decides too, and sets rules and roles
                auditor   reads the log
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The person's e-mail address or id.") var person: String
        @Argument(
            help: "All the roles the person shall have.",
            completion: .list(["member", "approver", "admin", "auditor"])
        )
        var roles: [String] = []
        @Flag(help: "Take all roles away.") var none = false

        func validate() throws {
            if roles.isEmpty != none {
                throw ValidationError("Name the roles, or take all away with --none.")
            }
        }

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let after: PersonBody = try await session.client.put(
                    try await session.path(of: person, in: tenant),
                    NewRoles(roles: roles)
                )
                try session.show(after) { person in
                    let roles =
                        person.roles.isEmpty ? "no roles" : person.roles.joined(separator: ", ")
                    return [TerminalText.clean("\(person.name) now has: \(roles)")]
                        + person.waitLines
                }
            }
        }
    }

    struct ConfirmPerson: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "confirm",
            abstract: "Confirm somebody who decides since just now.",
            discussion: """
                Their approvals count at once where as many people have confirmed them as must approve a request.
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The person's e-mail address or id.") var person: String

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let after: PersonBody = try await session.client.post(
                    try await session.path(of: person, in: tenant).appending("confirm")
                )
                try session.show(after) { person in
                    person.decidesFrom == nil
                        ? [TerminalText.clean("The approvals of \(person.name) count now.")]
                        : person.waitLines
                }
            }
        }
    }

    struct InvitePerson: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "invite",
            abstract: "Send a person an e-mail by which they choose a password.",
            discussion: """
                The e-mail goes to the person's own address, and is good once. An earlier one is good for nothing from then
                on.
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The person's e-mail address or id.") var person: String

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let sent: InvitationBody = try await session.client.post(
                    try await session.path(of: person, in: tenant).appending("invitation")
                )
                let now = session.shell.now()
                try session.show(sent) { sent in
                    [
                        TerminalText.clean("An e-mail goes to \(sent.person.addressed)."),
                        "It is good until \(TimeText.both(sent.endsAt, now: now)).",
                    ]
                }
            }
        }
    }

    struct ListPeoplesTokens: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tokens",
            abstract: "List the API tokens of the tenant's people, as its administrator."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let path = Path("v1", "tenants", try await session.tenant(tenant), "tokens")
                let found = try await session.client.list(path, of: TokenBody.self)
                let now = session.shell.now()
                try session.show(found, none: "Nobody has an API token.") {
                    TokenText.table($0, now: now, showsPeople: true)
                }
            }
        }
    }

    struct RevokePersonsToken: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke-token",
            abstract: "Revoke an API token of one of the tenant's people. It is dead at once."
        )

        @OptionGroup var server: ServerOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The token's id, as “lockbox people tokens” shows it.") var id: String

        func run() async throws {
            try await Session.run(server) { session in
                let path = Path("v1", "tenants", try await session.tenant(tenant), "tokens", id)
                try await session.client.delete(path)
                session.shell.tell("Revoked \(id). Whose it was is told by mail.")
            }
        }
    }
}

extension PersonBody {
    /// What is to be known of them besides their roles.
    fileprivate var standing: String {
        disabled ? "switched off" : decidesFrom.map { "approvals count from \($0)" } ?? ""
    }

    fileprivate var waitLines: [String] {
        decidesFrom.map {
            [
                "Their approvals count from \($0) on, or once more of you confirm them: "
                    + "lockbox people confirm \(id)"
            ]
        } ?? []
    }
}

extension Session {
    /// Where the person with that address or identifier is, who must be one of the tenant's.
    fileprivate func path(of person: String, in tenant: String?) async throws -> Path {
        let path = Path("v1", "tenants", try await self.tenant(tenant), "people")
        let people = try await client.list(path, of: PersonBody.self).items
        let wanted = person.lowercased()
        guard
            let found = people.first(where: {
                [$0.id.lowercased(), $0.email.lowercased()].contains(wanted)
            })
        else {
            throw Failure.failed(
                "There is no \(TerminalText.clean(person)) among the tenant's people."
            )
        }
        return path.appending(found.id)
    }
}
