/// One resource and what may be done to it: `read`, or `read` and `write`.
public struct ResourceAccess: Codable, Hashable, Sendable, KnownMembers {
    public var service: String
    /// Type and name: `mailbox:sue@contoso.example`.
    public var id: String
    public var actions: [String]

    public init(service: String, id: String, actions: [String]) {
        self.service = service
        self.id = id
        self.actions = actions
    }

    public static let members: Set<String> = ["service", "id", "actions"]
}

/// Asks for access to a tenant's data.
public struct NewAccessRequest: Codable, Hashable, Sendable, KnownMembers {
    public var tenant: String
    public var supportRequest: String
    public var reason: String
    /// ISO 8601: `PT2H`.
    public var duration: String
    public var resources: [ResourceAccess]
    /// The earliest start; at once if left out.
    public var notBefore: String?
    /// For whom a program asks: an identifier or an address; for itself if left out.
    public var engineer: String?

    public init(
        tenant: String,
        supportRequest: String,
        reason: String,
        duration: String,
        resources: [ResourceAccess],
        notBefore: String? = nil,
        engineer: String? = nil
    ) {
        self.tenant = tenant
        self.supportRequest = supportRequest
        self.reason = reason
        self.duration = duration
        self.resources = resources
        self.notBefore = notBefore
        self.engineer = engineer
    }

    public static let members: Set<String> = [
        "tenant", "supportRequest", "reason", "duration", "resources", "notBefore", "engineer",
    ]

    /// The resources are objects of known members too.
    public static var nestedArrays: [String: any KnownMembers.Type] {
        ["resources": ResourceAccess.self]
    }
}

/// A yes or no. A yes may give less than was asked for: a shorter duration, fewer resources, fewer
/// actions.
public struct NewDecision: Codable, Hashable, Sendable, KnownMembers {
    public var decision: Verdict
    public var comment: String?
    public var duration: String?
    public var resources: [ResourceAccess]?
    /// What was signed, byte by byte as the server gave it.
    public var statement: String?
    public var signature: SignatureBody?
    /// The version that was read, as `If-Match` says it: for those behind a proxy that changes
    /// entity tags.
    public var version: Int?

    public init(
        decision: Verdict,
        comment: String? = nil,
        duration: String? = nil,
        resources: [ResourceAccess]? = nil,
        statement: String? = nil,
        signature: SignatureBody? = nil,
        version: Int? = nil
    ) {
        self.decision = decision
        self.statement = statement
        self.signature = signature
        self.version = version
        self.comment = comment
        self.duration = duration
        self.resources = resources
    }

    public static let members: Set<String> = [
        "decision", "comment", "duration", "resources", "statement", "signature", "version",
    ]

    /// The resources are objects of known members too.
    public static var nestedArrays: [String: any KnownMembers.Type] {
        ["resources": ResourceAccess.self]
    }
}

/// Goes with revoking.
public struct NewRevoke: Codable, Hashable, Sendable, KnownMembers {
    public var comment: String?
    /// What was signed, byte by byte as the server gave it.
    public var statement: String?
    public var signature: SignatureBody?

    public init(
        comment: String? = nil,
        statement: String? = nil,
        signature: SignatureBody? = nil
    ) {
        self.comment = comment
        self.statement = statement
        self.signature = signature
    }

    public static let members: Set<String> = ["comment", "statement", "signature"]
}

/// Goes with agreeing to rules that wait.
public struct NewAgreement: Codable, Hashable, Sendable, KnownMembers {
    /// What was signed, byte by byte as the server gave it.
    public var statement: String?
    public var signature: SignatureBody?

    public init(statement: String? = nil, signature: SignatureBody? = nil) {
        self.statement = statement
        self.signature = signature
    }

    public static let members: Set<String> = ["statement", "signature"]
}

/// Goes with withdrawing and finishing.
public struct CommentBody: Codable, Hashable, Sendable, KnownMembers {
    public var comment: String?

    public init(comment: String? = nil) { self.comment = comment }

    public static let members: Set<String> = ["comment"]
}

/// Asks for a credential. The resource may be left out when the access has only one.
public struct NewCredential: Codable, Hashable, Sendable, KnownMembers {
    public var service: String?
    public var resource: String?

    public init(service: String? = nil, resource: String? = nil) {
        self.service = service
        self.resource = resource
    }

    public static let members: Set<String> = ["service", "resource"]
}

/// What the engineer presents to a service; `token` is shown this once.
public struct CredentialBody: Codable, Hashable, Sendable {
    public var id: String
    public var token: String
    public var expiresAt: String
    public var resource: String
    public var service: String
    /// The login name at the service.
    public var username: String
    public var actions: [String]
    /// How to present it, in a sentence.
    public var how: String
    /// The kind of the service, such as `http`.
    public var kind: String
    /// Where the service is; null where Lockbox does not know.
    @Nullable public var address: String?
    /// Lines for a shell, which ask for the token; `SERVER` in them is to be replaced.
    public var command: String
    /// Whether the portal can let a browser in at `address`.
    public var opensInBrowser: Bool

    public init(
        id: String,
        token: String,
        expiresAt: String,
        resource: String,
        service: String,
        username: String,
        actions: [String],
        how: String,
        kind: String,
        address: String?,
        command: String,
        opensInBrowser: Bool
    ) {
        self.id = id
        self.token = token
        self.expiresAt = expiresAt
        self.resource = resource
        self.service = service
        self.username = username
        self.actions = actions
        self.how = how
        self.kind = kind
        self.address = address
        self.command = command
        self.opensInBrowser = opensInBrowser
    }
}

extension CredentialBody: CustomStringConvertible, CustomReflectable {
    /// Never the token, in no log and no dump.
    public var description: String { "credential \(id) for \(resource)" }

    public var customMirror: Mirror { Mirror(self, children: ["id": id, "resource": resource]) }
}
