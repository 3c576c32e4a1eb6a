import LockboxDomain
import LockboxPorts

extension SQLTransaction: PersonProposalRecords {
    func proposal(about person: PersonID) throws -> PersonProposal? {
        try connection.selectOne(
            from: "person_proposal",
            "WHERE person = $1",
            [.id(person)],
            row: Self.proposal
        )
    }

    func proposals(to tenant: TenantID) throws -> [PersonProposal] {
        try connection.select(
            from: "person_proposal",
            "WHERE tenant = $1 ORDER BY made_at, id",
            [.id(tenant)],
            row: Self.proposal
        )
    }

    func insert(_ proposal: PersonProposal) throws {
        let wish = proposal.wish
        try connection.insert(
            [
                "id": .id(proposal.id), "tenant": .id(proposal.tenant),
                "person": .id(proposal.person), "made_at": .time(proposal.madeAt),
                "roles": try wish.roles.map { try JSONColumn.value($0.names) } ?? .null,
                "email": .optional(wish.email?.text),
                "aliases": try wish.aliases.map { try JSONColumn.value($0.map(\.text)) } ?? .null,
                "switches_on": .flag(wish.switchesOn),
                "declined_at": .time(proposal.declinedAt),
            ],
            into: "person_proposal"
        )
    }

    func declineProposal(about person: PersonID, at now: Timestamp) throws {
        try connection.execute(
            "UPDATE person_proposal SET declined_at = $1 WHERE person = $2",
            [.time(now), .id(person)]
        )
    }

    func removeProposal(about person: PersonID) throws {
        try connection.execute("DELETE FROM person_proposal WHERE person = $1", [.id(person)])
    }

    private static func proposal(_ row: SQLRow) throws -> PersonProposal {
        let tenant: TenantID = try row.slug("tenant")
        let roles = try row.optionalText("roles").map { _ in
            try row.required(
                Roles(names: try row.json("roles", [String].self), side: .tenant(tenant))
            )
        }
        let aliases = try row.optionalText("aliases").map { _ in
            try row.json("aliases", [String].self).map { try row.required(EmailAddress($0)) }
        }
        return PersonProposal(
            id: try row.id("id"),
            tenant: tenant,
            person: try row.id("person"),
            wish: PersonProposal.Wish(
                roles: roles,
                email: try row.optionalText("email").map { try row.required(EmailAddress($0)) },
                aliases: aliases,
                switchesOn: try row.flag("switches_on")
            ),
            madeAt: try row.timestamp("made_at"),
            declinedAt: try row.optionalTimestamp("declined_at")
        )
    }
}
