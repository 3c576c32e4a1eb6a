import LockboxDomain
import LockboxPorts

extension SQLTransaction: PersonRecords {
    private static let personColumns =
        "id, tenant, name, email, aliases, roles, is_disabled, muted_letters"

    func person(_ id: PersonID) throws -> Person? {
        try connection.queryOne(
            "SELECT \(Self.personColumns) FROM person WHERE id = $1",
            [.id(id)],
            row: Self.person
        )
    }

    func person(identifiedBy identity: Identity) throws -> Person? {
        try connection.queryOne(
            """
            SELECT \(Self.personColumns) FROM person
            WHERE id = (SELECT person FROM identity WHERE issuer = $1 AND subject = $2)
            """,
            [.text(identity.issuer), .text(identity.subject)],
            row: Self.person
        )
    }

    func people(at side: Side) throws -> [Person] {
        switch side {
        case .provider:
            try connection.query(
                """
                SELECT \(Self.personColumns) FROM person WHERE tenant IS NULL ORDER BY canonical_email, id
                """,
                row: Self.person
            )
        case .tenant(let tenant):
            try connection.query(
                "SELECT \(Self.personColumns) FROM person WHERE tenant = $1 ORDER BY canonical_email, id",
                [.id(tenant)],
                row: Self.person
            )
        }
    }

    /// Looks before it writes, so that a refused person leaves nothing behind even in a transaction
    /// that goes on.
    func save(_ person: Person) throws {
        let wanted = Set(([person.email] + person.aliases).map(Identity.init(local:)))
        for identity in wanted {
            let holder = try holder(of: identity)
            guard holder == nil || holder == person.id else { throw Refusal.alreadyExists(.person) }
        }
        try write(person)
        let present = Set(try localIdentities(of: person.id))
        for identity in present.subtracting(wanted) {
            try connection.execute(
                "DELETE FROM identity WHERE issuer = $1 AND subject = $2",
                [.text(identity.issuer), .text(identity.subject)]
            )
        }
        for identity in wanted.subtracting(present) {
            try connection.execute(
                "INSERT INTO identity (issuer, subject, person) VALUES ($1, $2, $3)",
                [.text(identity.issuer), .text(identity.subject), .id(person.id)]
            )
        }
    }

    private func write(_ person: Person) throws {
        try connection.execute(
            """
            INSERT INTO person (\(Self.personColumns), canonical_email) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, name = excluded.name, email = excluded.email,
                aliases = excluded.aliases, roles = excluded.roles, is_disabled = excluded.is_disabled,
                muted_letters = excluded.muted_letters, canonical_email = excluded.canonical_email
            """,
            [
                .id(person.id), .id(person.side.tenant), .text(person.name),
                .text(person.email.text),
                try JSONColumn.value(person.aliases.map(\.text)),
                .integer(Int64(person.roles.rawValue)),
                .flag(person.isDisabled), .integer(Int64(person.mutedLetters.rawValue)),
                .text(person.email.canonical),
            ]
        )
    }

    private func holder(of identity: Identity) throws -> PersonID? {
        try connection.queryOne(
            "SELECT person FROM identity WHERE issuer = $1 AND subject = $2",
            [.text(identity.issuer), .text(identity.subject)]
        ) { try Record($0, of: "identity").id(0) }
    }

    private func localIdentities(of person: PersonID) throws -> [Identity] {
        try connection.query(
            "SELECT person, subject FROM identity WHERE person = $1 AND issuer = $2",
            [.id(person), .text(Identity.localIssuer)]
        ) {
            Identity(issuer: Identity.localIssuer, subject: try Record($0, of: "identity").text(1))
        }
    }

    private static func person(_ row: SQLRow) throws -> Person {
        let record = Record(row, of: "person")
        let roles = Roles(rawValue: try record.required(UInt16(exactly: try record.integer(5))))
        guard roles.isSubset(of: [.ofProvider, .ofTenant]) else { throw record.corrupt }
        let muted = MutedLetters(
            rawValue: try record.required(UInt8(exactly: try record.integer(7)))
        )
        guard muted.isSubset(of: MutedLetters(MutedLetters.all.map(\.kind))) else {
            throw record.corrupt
        }
        return Person(
            id: try record.id(0),
            side: try record.side(tenant: 1),
            name: try record.text(2),
            email: try record.email(3),
            roles: roles,
            aliases: try record.json(4, [String].self).map {
                try record.required(EmailAddress($0))
            },
            isDisabled: try record.flag(6),
            mutedLetters: muted
        )
    }
}
