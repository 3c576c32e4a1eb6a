/// A secret by which an organisation's own directory says who its people are and what they do
/// (SCIM, RFC 7644). It belongs to the organisation and to nobody in particular, and is good for
/// nothing else.
public struct ProvisioningToken: Identified, Hashable, Sendable {
    public static let idPrefix = "PRV"

    public let id: ProvisioningTokenID
    public let side: Side
    public let label: String
    /// Where it can be used from; anywhere if this is empty.
    public let addresses: [AddressRange]
    /// The administrator; nil where it was the console.
    public let madeBy: PersonID?
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    /// The last use that is written down.
    public var lastUse: APIToken.LastUse?

    public init(
        id: ProvisioningTokenID,
        side: Side,
        label: String,
        addresses: [AddressRange],
        madeBy: PersonID?,
        createdAt: Timestamp,
        expiresAt: Timestamp,
        lastUse: APIToken.LastUse? = nil
    ) {
        self.id = id
        self.side = side
        self.label = label
        self.addresses = addresses
        self.madeBy = madeBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUse = lastUse
    }

    /// Whether it has not expired at `now`; it may be revoked all the same.
    public func isValid(at now: Timestamp) -> Bool { now < expiresAt }

    /// Whether it can be used from `address`, nil where that is not known.
    public func isValid(from address: AddressRange?) -> Bool {
        addresses.isEmpty || address.map { one in addresses.contains { $0.contains(one) } } ?? false
    }
}

public typealias ProvisioningTokenID = ID<ProvisioningToken>

/// What a directory says of one person.
public struct ProvisionedTerms: Hashable, Sendable {
    /// One of the person's addresses (RFC 7643 §4.1.2).
    public struct Email: Hashable, Sendable, Codable {
        public var value: String
        public var type: String?
        public var isPrimary: Bool?

        public init(value: String, type: String? = nil, isPrimary: Bool? = nil) {
            self.value = value
            self.type = type
            self.isPrimary = isPrimary
        }
    }

    /// Unique within the organisation, whatever the letter case.
    public var userName: String
    public var externalID: String?
    public var displayName: String?
    public var formattedName: String?
    public var givenName: String?
    public var familyName: String?
    public var emails: [Email]
    /// Nil where it says nothing, which counts as no.
    public var isActive: Bool?

    public init(
        userName: String,
        externalID: String? = nil,
        displayName: String? = nil,
        formattedName: String? = nil,
        givenName: String? = nil,
        familyName: String? = nil,
        emails: [Email] = [],
        isActive: Bool? = true
    ) {
        self.userName = userName
        self.externalID = externalID
        self.displayName = displayName
        self.formattedName = formattedName
        self.givenName = givenName
        self.familyName = familyName
        self.emails = emails
        self.isActive = isActive
    }

    /// What a directory would say of a person whom it has said nothing of yet.
    public init(of person: Person) {
        self.init(
            userName: person.email.text,
            displayName: person.name,
            emails: [Email(value: person.email.text, type: "work", isPrimary: true)],
            isActive: !person.isDisabled
        )
    }

    /// The name that people read.
    public var shownName: String {
        let parts = [givenName, familyName].compactMap { $0 }.joined(separator: " ")
        return displayName ?? formattedName ?? (parts.isEmpty ? userName : parts)
    }

    /// The address that letters go to: the primary one, else that of work, else the first; without
    /// any the name of the account.
    public var address: String {
        let chosen =
            emails.first { $0.isPrimary == true } ?? emails.first { $0.type == "work" }
            ?? emails.first
        return chosen?.value ?? userName
    }
}

/// A person whom a directory has spoken of.
public struct ProvisionedUser: Hashable, Sendable {
    public let person: PersonID
    public var terms: ProvisionedTerms
    /// Those that her groups have given her.
    public var groupRoles: Roles
    /// The directory deleted her: to it she does not exist any more.
    public var isGone: Bool
    public let madeWith: ProvisioningTokenID
    public let createdAt: Timestamp
    public var changedAt: Timestamp

    public init(
        person: PersonID,
        terms: ProvisionedTerms,
        groupRoles: Roles = [],
        isGone: Bool = false,
        madeWith: ProvisioningTokenID,
        createdAt: Timestamp,
        changedAt: Timestamp
    ) {
        self.person = person
        self.terms = terms
        self.groupRoles = groupRoles
        self.isGone = isGone
        self.madeWith = madeWith
        self.createdAt = createdAt
        self.changedAt = changedAt
    }
}

/// A group of a directory, with who is in it.
public struct ProvisionedGroup: Identified, Hashable, Sendable {
    public static let idPrefix = "GRP"

    /// A group as its members show it.
    public struct Name: Hashable, Sendable {
        public let id: ProvisionedGroupID
        public let displayName: String

        public init(id: ProvisionedGroupID, displayName: String) {
            self.id = id
            self.displayName = displayName
        }
    }

    public let id: ProvisionedGroupID
    public let side: Side
    /// Unique within the organisation, whatever the letter case.
    public var displayName: String
    public var externalID: String?
    public var members: Set<PersonID>
    public let createdAt: Timestamp
    public var changedAt: Timestamp

    public init(
        id: ProvisionedGroupID,
        side: Side,
        displayName: String,
        externalID: String?,
        members: Set<PersonID>,
        createdAt: Timestamp,
        changedAt: Timestamp
    ) {
        self.id = id
        self.side = side
        self.displayName = displayName
        self.externalID = externalID
        self.members = members
        self.createdAt = createdAt
        self.changedAt = changedAt
    }

    /// As its members show it.
    public var name: Name { Name(id: id, displayName: displayName) }
}

public typealias ProvisionedGroupID = ID<ProvisionedGroup>

/// Which roles a group of an organisation's directory gives its members.
public struct GroupRoles: Hashable, Sendable {
    public let side: Side
    /// The group's name, in whatever letter case.
    public let group: String
    /// None where the group gives nothing.
    public let roles: Roles

    public init(side: Side, group: String, roles: Roles) {
        self.side = side
        self.group = group
        self.roles = roles
    }

    /// What names are compared by.
    public static func key(_ name: String) -> String { name.lowercased() }

    /// What `groups` give, by `all`.
    public static func given(by groups: [String], _ all: [GroupRoles]) -> Roles {
        let names = Set(groups.map(key))
        return all.filter { names.contains(key($0.group)) }.reduce(into: []) {
            $0.formUnion($1.roles)
        }
    }
}

extension Roles {
    /// These roles, where groups gave `before` and now give `after`: only what differs changes, so that what
    /// an administrator has given or taken stays so.
    public func whereGroupsGave(_ before: Roles, nowGive after: Roles) -> Roles {
        union(after.subtracting(before)).subtracting(before.subtracting(after))
    }

    /// Roles by which somebody decides for a tenant, or says who does.
    public static let deciding: Roles = [.approver, .admin]
}

/// What happens to how an organisation's directory reaches Lockbox.
public enum ProvisioningEvent: Hashable, Sendable {
    case tokenIssued(ProvisioningToken)
    case tokenRevoked(ProvisioningToken)
    case rolesMapped(before: Roles, after: GroupRoles)
    /// The directory asked for something that its organisation should know was refused.
    case refused(ProvisioningToken, Problem)

    /// Why.
    public enum Problem: String, Hashable, Sendable, CaseIterable {
        case foreignAddress, lastAdministrator
    }
}

extension ProvisioningEvent {
    /// Whose directory it is.
    var side: Side {
        switch self {
        case .tokenIssued(let token), .tokenRevoked(let token), .refused(let token, _): token.side
        case .rolesMapped(_, let after): after.side
        }
    }
}
