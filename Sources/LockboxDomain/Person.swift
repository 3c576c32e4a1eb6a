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
