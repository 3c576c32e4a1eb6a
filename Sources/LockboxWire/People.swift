/// A person as others see them.
public struct PersonRef: Codable, Hashable, Sendable {
    /// Null where the caller is not told who it is: of a customer's approvers the provider's people
    /// learn nothing that says elsewhere who they are.
    @Nullable public var id: String?
    public var name: String
    /// Null where the identifier is.
    @Nullable public var email: String?
    /// True where it is a program of the provider's, and no human being; else left out.
    public var program: Bool?

    public init(id: String?, name: String, email: String?, program: Bool? = nil) {
        self.id = id
        self.name = name
        self.email = email
        self.program = program
    }

    /// `Eve Park <eve@example-cloud.test>`; the name alone where no address is told.
    public var addressed: String { markedName + (email.map { " <\($0)>" } ?? "") }

    /// The name with the mark of a program, which people must not take for a human being.
    public var markedName: String { program == true ? "\(name) (a program)" : name }
}

/// The caller.
public struct Me: Codable, Hashable, Sendable {
    public var id: String
    public var name: String
    public var email: String
    /// `provider` or `tenant`.
    public var side: String
    /// The tenant, unless the caller is of the provider.
    @Nullable public var tenant: String?
    public var roles: [String]

    public init(
        id: String,
        name: String,
        email: String,
        side: String,
        tenant: String?,
        roles: [String]
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.side = side
        self.tenant = tenant
        self.roles = roles
    }
}

/// A person with what they may do.
public struct PersonBody: Codable, Hashable, Sendable {
    public var id: String
    public var name: String
    public var email: String
    public var roles: [String]
    /// Switched off: can do nothing.
    public var disabled: Bool
    /// From when on the approvals of a person count who decides since just now; left out where they do.
    public var decidesFrom: String?

    public init(
        id: String,
        name: String,
        email: String,
        roles: [String],
        disabled: Bool,
        decidesFrom: String? = nil
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.roles = roles
        self.disabled = disabled
        self.decidesFrom = decidesFrom
    }
}

/// All the roles that a person shall have from now on.
public struct NewRoles: Codable, Hashable, Sendable, KnownMembers {
    public var roles: [String]

    public init(roles: [String]) { self.roles = roles }

    public static let members: Set<String> = ["roles"]
}

/// What whoever runs Lockbox wishes of a person, and an administrator has to accept. What it says
/// nothing of stays.
public struct ProposalBody: Codable, Hashable, Sendable {
    public var id: String
    public var person: String
    public var roles: [String]?
    public var email: String?
    public var aliases: [String]?
    /// Whether a person who was switched off may come in again.
    public var switchesOn: Bool
    public var madeAt: String

    public init(
        id: String,
        person: String,
        roles: [String]?,
        email: String?,
        aliases: [String]?,
        switchesOn: Bool,
        madeAt: String
    ) {
        self.id = id
        self.person = person
        self.roles = roles
        self.email = email
        self.aliases = aliases
        self.switchesOn = switchesOn
        self.madeAt = madeAt
    }
}

/// An invitation that was sent. Its link and its code are in the letter alone.
public struct InvitationBody: Codable, Hashable, Sendable {
    public var person: PersonRef
    public var endsAt: String

    public init(person: PersonRef, endsAt: String) {
        self.person = person
        self.endsAt = endsAt
    }
}

/// Asks for an API token with a password.
public struct NewToken: Codable, Hashable, Sendable, KnownMembers {
    public var email: String
    public var password: String
    public var label: String?
    /// `read`, `ask`, `decide`, `administer`; `read` and `ask` if left out.
    public var scopes: [String]?
    public var days: Int?
    /// Addresses and networks from which the token is good; anywhere if left out.
    public var addresses: [String]?

    public init(
        email: String,
        password: String,
        label: String? = nil,
        scopes: [String]? = nil,
        days: Int? = nil,
        addresses: [String]? = nil
    ) {
        self.email = email
        self.password = password
        self.label = label
        self.scopes = scopes
        self.days = days
        self.addresses = addresses
    }

    public static let members: Set<String> = [
        "email", "password", "label", "scopes", "days", "addresses",
    ]
}

extension NewToken: CustomStringConvertible, CustomReflectable {
    /// Never the password, in no log and no dump.
    public var description: String { "token for \(email)" }

    public var customMirror: Mirror { Mirror(self, children: ["email": email]) }
}

/// An API token, without its secret.
public struct TokenBody: Codable, Hashable, Sendable {
    public var id: String
    /// Whose it is.
    public var person: PersonRef
    public var label: String
    /// Whether it is a sign-in at a command line.
    public var login: Bool
    public var scopes: [String]
    /// Anywhere if there are none.
    public var addresses: [String]
    public var createdAt: String
    @Nullable public var expiresAt: String?
    /// To the minute.
    @Nullable public var lastUsedAt: String?
    @Nullable public var lastUsedFrom: String?

    public init(
        id: String,
        person: PersonRef,
        label: String,
        login: Bool = false,
        scopes: [String],
        addresses: [String] = [],
        createdAt: String,
        expiresAt: String?,
        lastUsedAt: String? = nil,
        lastUsedFrom: String? = nil
    ) {
        self.id = id
        self.person = person
        self.label = label
        self.login = login
        self.scopes = scopes
        self.addresses = addresses
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.lastUsedFrom = lastUsedFrom
    }
}

/// A new API token; `token` is shown this once.
public struct IssuedToken: Codable, Hashable, Sendable {
    public var id: String
    public var token: String
    public var person: PersonRef
    public var scopes: [String]
    /// Anywhere if there are none.
    public var addresses: [String]
    @Nullable public var expiresAt: String?

    public init(
        id: String,
        token: String,
        person: PersonRef,
        scopes: [String],
        addresses: [String] = [],
        expiresAt: String?
    ) {
        self.id = id
        self.token = token
        self.person = person
        self.scopes = scopes
        self.addresses = addresses
        self.expiresAt = expiresAt
    }
}

extension IssuedToken: CustomStringConvertible, CustomReflectable {
    /// Never the token, in no log and no dump.
    public var description: String { "token \(id) of \(person.name)" }

    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
