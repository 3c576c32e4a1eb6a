import LockboxDomain
import LockboxPorts

extension SQLTransaction: PersonRecords {
    func person(_ id: PersonID) throws -> Person? {
        try connection.selectOne(from: "person", "WHERE id = $1", [.id(id)], row: Self.person)
    }

    func person(identifiedBy identity: Identity) throws -> Person? {
        try connection.selectOne(
            from: "person",
            "WHERE id = (SELECT person FROM identity WHERE issuer = $1 AND subject = $2)",
            [.text(identity.issuer), .text(identity.subject)],
            row: Self.person
        )
    }

    func people(of tenant: TenantID, holding roles: Roles) throws -> [Person] {
        try connection.select(
            from: "person",
            "WHERE tenant = $1 AND roles & $2 <> 0 ORDER BY canonical_email, id",
            [.id(tenant), .integer(Int64(roles.rawValue))],
            row: Self.person
        )
    }

    func people(of tenant: TenantID, _ filter: PeopleFilter, limit: Int, offset: Int) throws
        -> (people: [Person], total: Int)
    {
        var conditions = Conditions()
        conditions.add("tenant = %", [.id(tenant)])
        conditions.add(filter)
        let total = try connection.queryOne(
            "SELECT count(*) FROM person \(conditions.whereClause)",
            conditions.values
        ) { row in try row.count(0) }
        let clause = conditions.whereClause
        let (most, before) = (
            conditions.placeholder(for: .count(limit)), conditions.placeholder(for: .count(offset))
        )
        let people = try connection.select(
            from: "person",
            """
            \(clause) ORDER BY lower(name), canonical_email, id
            LIMIT \(most) OFFSET \(before)
            """,
            conditions.values,
            row: Self.person
        )
        return (people, total ?? 0)
    }

    func people(at side: Side) throws -> [Person] {
        switch side {
        case .provider:
            try connection.select(
                from: "person",
                "WHERE tenant IS NULL ORDER BY canonical_email, id",
                row: Self.person
            )
        case .tenant(let tenant):
            try connection.select(
                from: "person",
                "WHERE tenant = $1 ORDER BY canonical_email, id",
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
            try connection.insert(
                [
                    "issuer": .text(identity.issuer),
                    "subject": .text(identity.subject),
                    "person": .id(person.id),
                ],
                into: "identity"
            )
        }
    }

    private func write(_ person: Person) throws {
        try connection.save(
            [
                "id": .id(person.id),
                "tenant": .id(person.side.tenant),
                "name": .text(person.name),
                "email": .text(person.email.text),
                "canonical_email": .text(person.email.canonical),
                "aliases": try JSONColumn.value(person.aliases.map(\.text)),
                "roles": .integer(Int64(person.roles.rawValue)),
                "is_disabled": .flag(person.isDisabled),
                "muted_letters": .integer(Int64(person.mutedLetters.rawValue)),
                "time_zone": .optional(person.timeZone?.text),
                "decides_from": .time(person.decisionDelay?.endsAt),
                "confirmed_by": try JSONColumn.value(
                    person.decisionDelay?.confirmedBy.map(\.text) ?? []
                ),
                "is_program": .flag(person.isProgram),
            ],
            in: "person"
        )
    }

    private func holder(of identity: Identity) throws -> PersonID? {
        try connection.selectOne(
            from: "identity",
            key: ["person"],
            "WHERE issuer = $1 AND subject = $2",
            [.text(identity.issuer), .text(identity.subject)]
        ) { try $0.id("person") }
    }

    private func localIdentities(of person: PersonID) throws -> [Identity] {
        try connection.select(
            from: "identity",
            key: ["person"],
            "WHERE person = $1 AND issuer = $2",
            [.id(person), .text(Identity.localIssuer)]
        ) { Identity(issuer: Identity.localIssuer, subject: try $0.text("subject")) }
    }

    private static func person(_ row: SQLRow) throws -> Person {
        let roles = Roles(rawValue: try row.required(UInt16(exactly: try row.integer("roles"))))
        guard roles.isSubset(of: [.ofProvider, .ofTenant]) else { throw row.corrupt }
        let muted = MutedLetters(
            rawValue: try row.required(UInt8(exactly: try row.integer("muted_letters")))
        )
        guard muted.isSubset(of: MutedLetters(MutedLetters.all.map(\.kind))) else {
            throw row.corrupt
        }
        return Person(
            id: try row.id("id"),
            side: try row.side(tenant: "tenant"),
            name: try row.text("name"),
            email: try row.email("email"),
            roles: roles,
            aliases: try row.json("aliases", [String].self).map {
                try row.required(EmailAddress($0))
            },
            isDisabled: try row.flag("is_disabled"),
            mutedLetters: muted,
            timeZone: try row.optionalText("time_zone").map { try row.required(TimeZoneName($0)) },
            decisionDelay: try decisionDelay(row),
            isProgram: try row.flag("is_program")
        )
    }

    private static func decisionDelay(_ row: SQLRow) throws -> DecisionDelay? {
        let confirmed = try row.people("confirmed_by")
        guard let instant = try row.optionalTimestamp("decides_from") else {
            guard confirmed.isEmpty else { throw row.corrupt }
            return nil
        }
        return DecisionDelay(endsAt: instant, confirmedBy: confirmed)
    }
}

extension Conditions {
    fileprivate mutating func add(_ filter: PeopleFilter) {
        func holding(_ roles: Roles) -> [SQLValue] { [.integer(Int64(roles.rawValue))] }
        switch filter.group {
        case .holding(let roles): add("roles & % <> 0 AND is_disabled = 0", holding(roles))
        case .others(let roles): add("(roles & % = 0 OR is_disabled = 1)", holding(roles))
        case .withoutRole: add("roles = 0", [])
        case .switchedOff: add("is_disabled = 1", [])
        case .everybody: break
        }
        guard let text = filter.text else { return }
        // Nothing that is stored holds a NUL, at which SQLite would cut the pattern off.
        guard !text.unicodeScalars.contains("\0") else {
            add("1 = 0", [])
            return
        }
        let columns = ["name", "email", "aliases"]
        add(
            "(" + columns.map { "lower(\($0)) LIKE % ESCAPE '\\'" }.joined(separator: " OR ") + ")",
            Array(repeating: .containing(text), count: columns.count)
        )
    }
}
