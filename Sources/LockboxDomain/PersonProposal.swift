/// What whoever runs Lockbox says of a person and may not make so alone: who may decide at a tenant,
/// where its people get their letters, and whether somebody who was switched off may come in again.
/// It waits for an administrator of the tenant.
public struct PersonProposal: Identified, Hashable, Sendable {
    public static let idPrefix = "PRP"

    /// What is to be different; nil where nothing is said.
    public struct Wish: Hashable, Sendable {
        public var roles: Roles?
        public var email: EmailAddress?
        public var aliases: [EmailAddress]?
        public var switchesOn: Bool

        public init(
            roles: Roles? = nil,
            email: EmailAddress? = nil,
            aliases: [EmailAddress]? = nil,
            switchesOn: Bool = false
        ) {
            self.roles = roles
            self.email = email
            self.aliases = aliases
            self.switchesOn = switchesOn
        }

        /// Whether nothing is to be different.
        public var isEmpty: Bool { self == Wish() }

        /// `person` as wished.
        public func carriedOut(on person: Person) -> Person {
            var person = person
            if let roles { person.roles = roles }
            if let email { person.email = email }
            if let aliases { person.aliases = aliases }
            if switchesOn { person.isDisabled = false }
            return person
        }
    }

    public let id: PersonProposalID
    public let tenant: TenantID
    public let person: PersonID
    public let wish: Wish
    public let madeAt: Timestamp
    /// When an administrator said no. It is kept, so that the same is not proposed again with each
    /// `apply`.
    public let declinedAt: Timestamp?

    public init(
        id: PersonProposalID,
        tenant: TenantID,
        person: PersonID,
        wish: Wish,
        madeAt: Timestamp,
        declinedAt: Timestamp? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.person = person
        self.wish = wish
        self.madeAt = madeAt
        self.declinedAt = declinedAt
    }
}

public typealias PersonProposalID = ID<PersonProposal>
