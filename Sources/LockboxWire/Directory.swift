/// A customer organisation.
public struct TenantBody: Codable, Hashable, Sendable {
    public var id: String
    public var name: String
    /// Whether its plan includes Lockbox.
    public var licensed: Bool
    /// Whether its own yes is needed.
    public var requireApproval: Bool

    public init(id: String, name: String, licensed: Bool, requireApproval: Bool) {
        self.id = id
        self.name = name
        self.licensed = licensed
        self.requireApproval = requireApproval
    }
}

/// A tenant's own rules as they are. The entity tag is `"v<version>"`.
public struct PolicyBody: Codable, Hashable, Sendable {
    public var tenant: String
    public var licensed: Bool
    public var requireApproval: Bool
    public var decisionWindow: String
    public var maxAccess: String
    public var approvalsNeeded: Int
    /// The scopes of API tokens that count for nothing here: `decide`, `administer`.
    public var withheldFromTokens: [String]
    /// How long what is looser waits.
    public var coolingOff: String
    /// Whether programs of the provider may ask for access.
    public var allowPrograms: Bool
    /// How long texts of the log are kept after what they are about was over; `none` for ever.
    public var retention: String
    /// `required` where approvals count only when they are signed, or `off`.
    public var signedApprovals: String
    /// Whether access that nobody granted is closed.
    public var closeUnknownAccess: Bool
    /// `required` where these rules change only by signatures, or `off`.
    public var signedChanges: String
    public var version: Int
    /// In the answer to a change: what of it does not hold yet.
    public var waiting: PolicyChangeBody?

    public init(
        tenant: String,
        licensed: Bool,
        requireApproval: Bool,
        decisionWindow: String,
        maxAccess: String,
        approvalsNeeded: Int,
        withheldFromTokens: [String],
        coolingOff: String,
        allowPrograms: Bool = true,
        retention: String = "none",
        signedApprovals: String = "off",
        closeUnknownAccess: Bool = false,
        signedChanges: String = "off",
        version: Int,
        waiting: PolicyChangeBody? = nil
    ) {
        self.tenant = tenant
        self.licensed = licensed
        self.requireApproval = requireApproval
        self.decisionWindow = decisionWindow
        self.maxAccess = maxAccess
        self.approvalsNeeded = approvalsNeeded
        self.withheldFromTokens = withheldFromTokens
        self.coolingOff = coolingOff
        self.allowPrograms = allowPrograms
        self.retention = retention
        self.signedApprovals = signedApprovals
        self.closeUnknownAccess = closeUnknownAccess
        self.signedChanges = signedChanges
        self.version = version
        self.waiting = waiting
    }
}

/// A tenant's own rules as they shall be.
public struct NewPolicy: Codable, Hashable, Sendable, KnownMembers {
    public var requireApproval: Bool
    public var decisionWindow: String
    public var maxAccess: String
    public var approvalsNeeded: Int
    /// The scopes that count for nothing from then on; those of now if left out.
    public var withheldFromTokens: [String]?
    /// How long what is looser waits from then on; as long as now if left out.
    public var coolingOff: String?
    /// Whether programs of the provider may ask for access; as now if left out.
    public var allowPrograms: Bool?
    /// How long texts of the log are kept from then on, or `none` for ever; as now if left out.
    public var retention: String?
    /// `required` or `off`; as now if left out.
    public var signedApprovals: String?
    /// Whether access that nobody granted is closed from then on; as now if left out.
    public var closeUnknownAccess: Bool?
    /// `required` or `off`; as now if left out.
    public var signedChanges: String?
    /// What is signed, where the change is.
    public var statement: String?
    public var signature: SignatureBody?
    /// The version that was read, as `If-Match` says it: for those behind a proxy that changes
    /// entity tags.
    public var version: Int?

    public init(
        requireApproval: Bool,
        decisionWindow: String,
        maxAccess: String,
        approvalsNeeded: Int,
        withheldFromTokens: [String]? = nil,
        coolingOff: String? = nil,
        allowPrograms: Bool? = nil,
        retention: String? = nil,
        signedApprovals: String? = nil,
        closeUnknownAccess: Bool? = nil,
        signedChanges: String? = nil,
        statement: String? = nil,
        signature: SignatureBody? = nil,
        version: Int? = nil
    ) {
        self.version = version
        self.requireApproval = requireApproval
        self.decisionWindow = decisionWindow
        self.maxAccess = maxAccess
        self.approvalsNeeded = approvalsNeeded
        self.withheldFromTokens = withheldFromTokens
        self.coolingOff = coolingOff
        self.allowPrograms = allowPrograms
        self.retention = retention
        self.signedApprovals = signedApprovals
        self.closeUnknownAccess = closeUnknownAccess
        self.signedChanges = signedChanges
        self.statement = statement
        self.signature = signature
    }

    public static let members: Set<String> = [
        "requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded", "withheldFromTokens",
        "coolingOff", "allowPrograms", "retention", "signedApprovals",
        "closeUnknownAccess", "signedChanges", "statement", "signature", "version",
    ]
}

/// Looser rules that were asked for, and do not hold yet. It has all rules as they shall be.
public struct PolicyChangeBody: Codable, Hashable, Sendable {
    public var id: String
    public var requireApproval: Bool
    public var decisionWindow: String
    public var maxAccess: String
    public var approvalsNeeded: Int
    public var withheldFromTokens: [String]
    public var coolingOff: String
    public var allowPrograms: Bool
    public var retention: String
    public var signedApprovals: String
    public var closeUnknownAccess: Bool
    public var signedChanges: String
    /// The person who asked.
    public var madeBy: String
    public var madeAt: String
    /// From then on it holds, unless an administrator stops it, or enough people agree before.
    public var takesEffectAt: String
    /// Who has agreed.
    public var agreed: [String]

    public init(
        id: String,
        requireApproval: Bool,
        decisionWindow: String,
        maxAccess: String,
        approvalsNeeded: Int,
        withheldFromTokens: [String],
        coolingOff: String,
        allowPrograms: Bool,
        retention: String = "none",
        signedApprovals: String = "off",
        closeUnknownAccess: Bool = false,
        signedChanges: String = "off",
        madeBy: String,
        madeAt: String,
        takesEffectAt: String,
        agreed: [String]
    ) {
        self.id = id
        self.requireApproval = requireApproval
        self.decisionWindow = decisionWindow
        self.maxAccess = maxAccess
        self.approvalsNeeded = approvalsNeeded
        self.withheldFromTokens = withheldFromTokens
        self.coolingOff = coolingOff
        self.allowPrograms = allowPrograms
        self.retention = retention
        self.signedApprovals = signedApprovals
        self.closeUnknownAccess = closeUnknownAccess
        self.signedChanges = signedChanges
        self.madeBy = madeBy
        self.madeAt = madeAt
        self.takesEffectAt = takesEffectAt
        self.agreed = agreed
    }
}

/// Something that holds customers' data and obeys grants.
public struct ServiceBody: Codable, Hashable, Sendable {
    public var id: String
    /// `imap`, `http` or `sql`.
    public var kind: String
    /// The type of its resources: `mailbox`.
    public var resources: String

    public init(id: String, kind: String, resources: String) {
        self.id = id
        self.kind = kind
        self.resources = resources
    }
}

/// One thing that can be opened.
public struct ResourceBody: Codable, Hashable, Sendable {
    public var service: String
    /// Type and name: `mailbox:sue@contoso.example`.
    public var id: String

    public init(service: String, id: String) {
        self.service = service
        self.id = id
    }
}
