/// A person as others see them.
public struct PersonRef: Codable, Hashable, Sendable {
    public var id: String
    public var name: String
    public var email: String

    public init(id: String, name: String, email: String) {
        self.id = id
        self.name = name
        self.email = email
    }
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

    public init(id: String, name: String, email: String, roles: [String], disabled: Bool) {
        self.id = id
        self.name = name
        self.email = email
        self.roles = roles
        self.disabled = disabled
    }
}

/// All the roles that a person shall have from now on.
public struct NewRoles: Codable, Hashable, Sendable, KnownMembers {
    public var roles: [String]

    public init(roles: [String]) { self.roles = roles }

    public static let members: Set<String> = ["roles"]
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

    public init(email: String, password: String, label: String? = nil) {
        self.email = email
        self.password = password
        self.label = label
    }

    public static let members: Set<String> = ["email", "password", "label"]
}

extension NewToken: CustomStringConvertible, CustomReflectable {
    /// Never the password, in no log and no dump.
    public var description: String { "token for \(email)" }

    public var customMirror: Mirror { Mirror(self, children: ["email": email]) }
}

/// An API token, without its secret.
public struct TokenBody: Codable, Hashable, Sendable {
    public var id: String
    public var label: String
    public var createdAt: String
    @Nullable public var expiresAt: String?

    public init(id: String, label: String, createdAt: String, expiresAt: String?) {
        self.id = id
        self.label = label
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// A new API token; `token` is shown this once.
public struct IssuedToken: Codable, Hashable, Sendable {
    public var id: String
    public var token: String
    public var person: PersonRef
    @Nullable public var expiresAt: String?

    public init(id: String, token: String, person: PersonRef, expiresAt: String?) {
        self.id = id
        self.token = token
        self.person = person
        self.expiresAt = expiresAt
    }
}

extension IssuedToken: CustomStringConvertible, CustomReflectable {
    /// Never the token, in no log and no dump.
    public var description: String { "token \(id) of \(person.email)" }

    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
