/// A human being in one organisation, or a program of the provider's that asks for access (decision
/// 0064).
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
    /// In which time zone pages and letters tell her times; nil where she chose none. It is her own
    /// choice as well.
    public var timeZone: TimeZoneName?
    /// Why her yes does not count yet, where she decides for her tenant since just now.
    public var decisionDelay: DecisionDelay?
    /// Whether it is a program: a service account of the provider's. It comes in with API tokens
    /// alone, and never decides. It is one for ever, or never.
    public let isProgram: Bool

    public init(
        id: PersonID,
        side: Side,
        name: String,
        email: EmailAddress,
        roles: Roles,
        aliases: [EmailAddress] = [],
        isDisabled: Bool = false,
        mutedLetters: MutedLetters = [],
        timeZone: TimeZoneName? = nil,
        decisionDelay: DecisionDelay? = nil,
        isProgram: Bool = false
    ) {
        self.id = id
        self.side = side
        self.name = name
        self.email = email
        self.roles = roles
        self.aliases = aliases
        self.isDisabled = isDisabled
        self.mutedLetters = mutedLetters
        self.timeZone = timeZone
        self.decisionDelay = decisionDelay
        self.isProgram = isProgram
    }

    /// Whether this person holds one of `roles` at `side` now. A program holds none by which somebody
    /// decides, whatever is stored.
    public func holds(oneOf wanted: Roles, at side: Side) -> Bool {
        let held = isProgram ? roles.intersection(.ofProgram) : roles
        return !isDisabled && self.side == side && !held.isDisjoint(with: wanted)
    }

    /// Whether a password, a passkey, a letter or an account elsewhere can let this person in now.
    public var maySignIn: Bool { !isDisabled && !isProgram }

    /// Throws where a program is to be what only a human being can be: one of a tenant, or who
    /// decides.
    public func requireFitProgram() throws(Refusal) {
        guard isProgram else { return }
        guard side == .provider else {
            throw .invalid(
                field: "program",
                problem: .notAllowedHere("is for the provider's own programs alone.")
            )
        }
        guard roles.isSubset(of: .ofProgram) else {
            throw .invalid(
                field: "roles",
                problem: .notAllowedHere("of a program can be engineer alone: no program decides.")
            )
        }
    }

    /// Whether this person may say yes or no for `tenant` now.
    public func mayDecide(for tenant: TenantID) -> Bool {
        holds(oneOf: [.approver, .admin], at: .tenant(tenant))
    }

    /// Whether this person's yes counts for `tenant` at `now`. Her no, and her word that access ends,
    /// count from the first moment.
    public func mayApprove(for tenant: TenantID, at now: Timestamp) -> Bool {
        mayDecide(for: tenant) && decidesFrom(at: now) == nil
    }

    /// From which instant on her yes counts, where it does not at `now`.
    public func decidesFrom(at now: Timestamp) -> Timestamp? {
        decisionDelay.flatMap { now < $0.endsAt ? $0.endsAt : nil }
    }

    /// Whether she can say yes or no for `tenant`, or letters to her reach somebody, who could not by
    /// what is known of her as `before`; nil where nothing is.
    public func isNewDecider(for tenant: TenantID, since before: Person?) -> Bool {
        guard mayDecide(for: tenant) else { return false }
        guard let before, before.mayDecide(for: tenant) else { return true }
        return email != before.email || !Set(aliases).isSubset(of: before.aliases)
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
    public static func countHumans(_ people: [Person]) -> Int {
        var groups: [[Person]] = []
        for person in people {
            let same = groups.filter { $0.contains { $0.isSame(as: person) } }
            groups.removeAll { $0.contains { $0.isSame(as: person) } }
            groups.append(same.flatMap { $0 } + [person])
        }
        return groups.count
    }
}

/// That the yes of a person does not count yet: somebody who is made an approver, or is written to at
/// another address, must not at once open what the others guard.
public struct DecisionDelay: Hashable, Sendable {
    /// From this instant on it counts.
    public let endsAt: Timestamp
    /// Who has said that it is right, and may approve. It counts from when they are as many as must
    /// approve a request.
    public var confirmedBy: [PersonID]

    public init(endsAt: Timestamp, confirmedBy: [PersonID]) {
        self.endsAt = endsAt
        self.confirmedBy = confirmedBy
    }
}
