/// A tenant's own rules.
public struct Policy: Hashable, Sendable {
    /// "Require approval for all data access requests."
    public var requireApproval: Bool
    public var decisionWindow: TimeSpan
    public var maxAccess: TimeSpan
    public var approvalsNeeded: Int

    public static let standard = Policy(
        unchecked: true,
        decisionWindow: Limits.defaultDecisionWindow,
        maxAccess: Limits.defaultMaxAccess,
        approvalsNeeded: 1
    )

    public init(
        requireApproval: Bool,
        decisionWindow: TimeSpan,
        maxAccess: TimeSpan,
        approvalsNeeded: Int
    )
        throws(Refusal)
    {
        guard Limits.decisionWindow.contains(decisionWindow) else {
            throw .invalid(field: "decisionWindow", problem: .outOfRange("PT15M to P14D"))
        }
        guard Limits.maxAccess.contains(maxAccess) else {
            throw .invalid(field: "maxAccess", problem: .outOfRange("PT1S to P1D (24 hours)"))
        }
        guard Limits.approvalsNeeded.contains(approvalsNeeded) else {
            throw .invalid(field: "approvalsNeeded", problem: .outOfRange("1 to 10"))
        }
        self.init(
            unchecked: requireApproval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: approvalsNeeded
        )
    }

    private init(
        unchecked requireApproval: Bool,
        decisionWindow: TimeSpan,
        maxAccess: TimeSpan,
        approvalsNeeded: Int
    ) {
        self.requireApproval = requireApproval
        self.decisionWindow = decisionWindow
        self.maxAccess = maxAccess
        self.approvalsNeeded = approvalsNeeded
    }
}

/// A customer organisation.
public struct Tenant: Named, Hashable, Sendable {
    public let id: TenantID
    public var name: String
    /// Whether the tenant's plan includes Lockbox.
    public var isLicensed: Bool
    public var policy: Policy
    /// Grows by one with each change of the policy or the licence.
    public var version: Int

    public init(id: TenantID, name: String, isLicensed: Bool, policy: Policy, version: Int = 1) {
        self.id = id
        self.name = name
        self.isLicensed = isLicensed
        self.policy = policy
        self.version = version
    }

    /// Whether the customer's own yes is needed (decision 0005: an unlicensed tenant has no say,
    /// and its log says so).
    public var requiresApproval: Bool { isLicensed && policy.requireApproval }
}

/// Something that holds customers' data and obeys grants.
public struct Service: Named, Hashable, Sendable {
    /// How it is made to obey grants.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case imap, http, sql
    }

    public let id: ServiceID
    public var kind: Kind
    /// The type of its resources, the part of a resource's name before the colon: `mailbox`.
    public var resourceType: String

    public init(id: ServiceID, kind: Kind, resourceType: String) {
        self.id = id
        self.kind = kind
        self.resourceType = resourceType
    }
}

/// What may be done to a resource. Writing includes reading.
public struct Actions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let read = Actions(rawValue: 1)
    public static let write = Actions(rawValue: 2)

    /// The wire's names of the actions in it.
    public var names: [String] {
        (contains(.read) ? ["read"] : []) + (contains(.write) ? ["write"] : [])
    }

    /// Nil if `names` is empty or holds an unknown or repeated name.
    public init?(names: [String]) {
        var actions: Actions = []
        for name in names {
            let action: Actions
            switch name {
            case "read": action = .read
            case "write": action = .write
            case _: return nil
            }
            guard actions.insert(action).inserted else { return nil }
        }
        if actions.isEmpty { return nil }
        self = actions.contains(.write) ? [.read, .write] : actions
    }
}

/// One thing that can be opened: `mailbox:sue@contoso.example` of the service `mail`.
public struct Resource: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let service: ServiceID
    /// Type and name with a colon between, lower case.
    public let name: String

    /// Nil unless `name` is `type:rest` with a type of `a–z` and a rest of printable ASCII that
    /// cannot climb out of a path or split a configuration line: no white space, quotes, slashes,
    /// backslashes, percent signs or `..`.
    public init?(service: ServiceID, name raw: String) {
        // ASCII before the case is changed: the Kelvin sign has the letter k for its lower case.
        guard Limits.resourceNameLength.contains(raw.utf8.count), raw.utf8.allSatisfy({ $0 < 128 })
        else { return nil }
        let name = raw.lowercased()
        let parts = name.utf8.split(separator: 58, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
            parts[0].allSatisfy({ (97...122).contains($0) }),
            parts[1].allSatisfy({
                (33...126).contains($0) && !Array("\"'`/\\%$<>|&;*?:,{}()[]!#~".utf8).contains($0)
            }),
            parts[1].first != 46, parts[1].first != 45, !Self.hasTwoDots(parts[1])
        else { return nil }
        self.service = service
        self.name = name
    }

    /// The part before the colon: `mailbox`.
    public var type: String { String(name.prefix { $0 != ":" }) }
    /// The part after the colon: `sue@contoso.example`.
    public var localName: String { String(name.drop { $0 != ":" }.dropFirst()) }
    public var description: String { name }

    public static func < (left: Resource, right: Resource) -> Bool {
        (left.service, left.name) < (right.service, right.name)
    }

    private static func hasTwoDots(_ bytes: Substring.UTF8View.SubSequence) -> Bool {
        zip(bytes, bytes.dropFirst()).contains { $0 == 46 && $1 == 46 }
    }
}

/// One resource and what may be done to it.
public struct Access: Hashable, Comparable, Sendable {
    public let resource: Resource
    public let actions: Actions

    public init(_ resource: Resource, _ actions: Actions) {
        self.resource = resource
        self.actions = actions.contains(.write) ? actions.union(.read) : actions
    }

    public static func < (left: Access, right: Access) -> Bool { left.resource < right.resource }
}

/// A set of accesses: at least one, each resource once, in a fixed order.
public struct Scope: Hashable, Sendable {
    public let accesses: [Access]

    public init(_ accesses: [Access], field: String = "resources") throws(Refusal) {
        guard !accesses.isEmpty else { throw .invalid(field: field, problem: .missing) }
        guard Limits.resourcesPerRequest.contains(accesses.count) else {
            throw .invalid(
                field: field,
                problem: .outOfRange("1 to \(Limits.resourcesPerRequest.upperBound) resources")
            )
        }
        for (index, access) in accesses.enumerated()
        where accesses[..<index].contains(where: { $0.resource == access.resource }) {
            throw .invalid(field: "\(field)[\(index)]", problem: .duplicate)
        }
        self.accesses = accesses.sorted()
    }

    /// Whether everything in it is in `other` too.
    public func isWithin(_ other: Scope) -> Bool {
        accesses.allSatisfy { access in
            other.accesses.contains {
                $0.resource == access.resource && $0.actions.isSuperset(of: access.actions)
            }
        }
    }

    /// What may be done to `resource`; nil if it is not in the scope.
    public func actions(on resource: Resource) -> Actions? {
        accesses.first { $0.resource == resource }?.actions
    }

    /// The services it touches, each once, in order.
    public var services: [ServiceID] {
        accesses.reduce(into: []) { list, access in
            if list.last != access.resource.service { list.append(access.resource.service) }
        }
    }
}

/// What a member of a tenant asked the provider's help with.
public struct SupportRequest: Identified, Hashable, Sendable {
    public static let idPrefix = "SR"

    public let tenant: TenantID
    public let number: SupportRequestNumber
    public let subject: String
    public let description: String
    public let service: ServiceID?
    /// Where an outside ticket system shows it.
    public let url: String?
    public let openedBy: PersonID
    public let openedAt: Timestamp

    public init(
        tenant: TenantID,
        number: SupportRequestNumber,
        subject: String,
        description: String,
        service: ServiceID?,
        url: String?,
        openedBy: Person,
        openedAt: Timestamp
    ) throws(Refusal) {
        guard openedBy.holds(oneOf: .ofTenant, at: .tenant(tenant)) else {
            throw .notPermitted(.openSupportRequests)
        }
        self.tenant = tenant
        self.number = number
        self.subject = try Text.check(subject, field: "subject", length: Limits.subjectLength)
        self.description = try Text.check(
            description,
            field: "description",
            length: Limits.descriptionLength,
            multiline: true
        )
        self.service = service
        self.url = try url.map { raw throws(Refusal) in
            let text = try Text.check(raw, field: "url", length: Limits.urlLength)
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains(" ")
            else {
                throw .invalid(
                    field: "url",
                    problem: .malformed(expected: "a web address beginning with https://")
                )
            }
            return text
        }
        self.openedBy = openedBy.id
        self.openedAt = openedAt
    }

    /// Reads back what was stored. The stored row passed the checks of the other initialiser.
    public init(
        stored tenant: TenantID,
        number: SupportRequestNumber,
        subject: String,
        description: String,
        service: ServiceID?,
        url: String?,
        openedBy: PersonID,
        openedAt: Timestamp
    ) {
        self.tenant = tenant
        self.number = number
        self.subject = subject
        self.description = description
        self.service = service
        self.url = url
        self.openedBy = openedBy
        self.openedAt = openedAt
    }
}
