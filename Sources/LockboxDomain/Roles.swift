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
    /// Those that a program can have.
    public static let ofProgram: Roles = .engineer
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
