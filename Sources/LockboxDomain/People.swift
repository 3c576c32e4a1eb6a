/// Which organisation a person or an action belongs to.
public enum Side: Hashable, Sendable {
    case provider
    case tenant(TenantID)

    /// The tenant; nil for the provider.
    public var tenant: TenantID? {
        switch self {
        case .provider: nil
        case .tenant(let id): id
        }
    }
}

/// What a person may do. Each role belongs to one side.
public struct Roles: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let engineer = Roles(rawValue: 1 << 0)
    public static let manager = Roles(rawValue: 1 << 1)
    public static let `operator` = Roles(rawValue: 1 << 2)
    public static let member = Roles(rawValue: 1 << 3)
    public static let approver = Roles(rawValue: 1 << 4)
    public static let admin = Roles(rawValue: 1 << 5)
    public static let auditor = Roles(rawValue: 1 << 6)

    /// The provider's roles. An auditor of the provider reads the provider's own log.
    public static let ofProvider: Roles = [.engineer, .manager, .operator, .auditor]
    public static let ofTenant: Roles = [.member, .approver, .admin, .auditor]

    /// All roles with their names, in the order in which lists show them.
    public static let all: [(name: String, role: Roles)] = [
        ("engineer", .engineer), ("manager", .manager), ("operator", .operator),
        ("member", .member),
        ("approver", .approver),
        ("admin", .admin), ("auditor", .auditor),
    ]

    /// The names of the roles in it, in the order of `all`.
    public var names: [String] { Self.all.filter { contains($0.role) }.map(\.name) }

    /// Nil if a name is unknown or belongs to the other side.
    public init?(names: [String], side: Side) {
        var roles: Roles = []
        let allowed = side == .provider ? Self.ofProvider : Self.ofTenant
        for name in names {
            guard let role = Self.all.first(where: { $0.name == name })?.role,
                allowed.contains(role)
            else {
                return nil
            }
            roles.insert(role)
        }
        self = roles
    }
}

/// Kinds of letters that a person does not want. Only letters that inform are among them: what asks
/// for a decision, tells an outcome or warns cannot be switched off.
public struct MutedLetters: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// That a decision is still awaited.
    public static let reminders = MutedLetters(rawValue: 1 << 0)
    /// That approved access has begun.
    public static let accessBegan = MutedLetters(rawValue: 1 << 1)
    /// The closing reports of access that ended.
    public static let accessReports = MutedLetters(rawValue: 1 << 2)

    /// All kinds with their names, in the order in which lists show them.
    public static let all: [(name: String, kind: MutedLetters)] = [
        ("reminders", .reminders), ("accessBegan", .accessBegan), ("accessReports", .accessReports),
    ]

    /// The names of the kinds in it, in the order of `all`.
    public var names: [String] { Self.all.filter { contains($0.kind) }.map(\.name) }

    /// Refuses a name that is unknown or given twice.
    public init(names: [String], field: String) throws(Refusal) {
        var muted: MutedLetters = []
        for (index, name) in names.enumerated() {
            guard let kind = Self.all.first(where: { $0.name == name })?.kind else {
                let known = Self.all.map(\.name).joined(separator: ", ")
                throw .invalid(
                    field: "\(field)[\(index)]",
                    problem: .malformed(expected: "one of \(known)")
                )
            }
            guard muted.insert(kind).inserted else {
                throw .invalid(field: "\(field)[\(index)]", problem: .duplicate)
            }
        }
        self = muted
    }
}

/// A human being in one organisation.
public struct Person: Identified, Hashable, Sendable {
    public static let idPrefix = "PER"

    public let id: PersonID
    public let side: Side
    public var name: String
    public var email: EmailAddress
    public var roles: Roles
    /// Other addresses that mean this person, canonical.
    public var aliases: [EmailAddress]
    /// A person who was switched off can do nothing and keeps no access.
    public var isDisabled: Bool
    /// Which letters this person switched off. It is the person's own choice: no operator and no
    /// file changes it.
    public var mutedLetters: MutedLetters

    public init(
        id: PersonID,
        side: Side,
        name: String,
        email: EmailAddress,
        roles: Roles,
        aliases: [EmailAddress] = [],
        isDisabled: Bool = false,
        mutedLetters: MutedLetters = []
    ) {
        self.id = id
        self.side = side
        self.name = name
        self.email = email
        self.roles = roles
        self.aliases = aliases
        self.isDisabled = isDisabled
        self.mutedLetters = mutedLetters
    }

    /// Whether this person holds one of `roles` at `side` now.
    public func holds(oneOf wanted: Roles, at side: Side) -> Bool {
        !isDisabled && self.side == side && !roles.isDisjoint(with: wanted)
    }

    /// Whether this person may say yes or no for `tenant` now.
    public func mayDecide(for tenant: TenantID) -> Bool {
        holds(oneOf: [.approver, .admin], at: .tenant(tenant))
    }

    /// Whether two records mean one human being: the same record, or any address in common after
    /// canonicalisation.
    public func isSame(as other: Person) -> Bool {
        if id == other.id { return true }
        let mine = Set(([email] + aliases).map(\.canonical))
        return ([other.email] + other.aliases).contains { mine.contains($0.canonical) }
    }

    /// How many human beings `people` are. Sameness carries on: where one record has an address in
    /// common with each of two others, all three are one human being.
    static func countHumans(_ people: [Person]) -> Int {
        var groups: [[Person]] = []
        for person in people {
            let same = groups.filter { $0.contains { $0.isSame(as: person) } }
            groups.removeAll { $0.contains { $0.isSame(as: person) } }
            groups.append(same.flatMap { $0 } + [person])
        }
        return groups.count
    }
}

/// Who a caller is to the outside: the issuer of the sign-in and the subject there (OpenID Connect
/// Core §5.7). Local sign-in uses the issuer `local` and the canonical e-mail address.
public struct Identity: Hashable, Sendable {
    public static let localIssuer = "local"

    public let issuer: String
    public let subject: String

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }

    public init(local address: EmailAddress) {
        self.init(issuer: Self.localIssuer, subject: address.canonical)
    }
}

/// Who did something.
public enum Actor: Hashable, Sendable {
    case person(Person)
    /// Lockbox itself: a deadline passed.
    case system
    /// Someone with a shell on the server, through `lockboxd`.
    case console
    /// A registered service, through introspection.
    case service(ServiceID)

    /// The person; nil where it was nobody in particular.
    public var person: Person? {
        switch self {
        case .person(let person): person
        case .system, .console, .service: nil
        }
    }
}

/// An API token's record; the token itself is shown once and kept only as a hash.
public struct APIToken: Identified, Hashable, Sendable {
    public static let idPrefix = "TOK"

    public let id: TokenID
    public let person: PersonID
    public let label: String
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?

    public init(
        id: TokenID,
        person: PersonID,
        label: String,
        createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.person = person
        self.label = label
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
