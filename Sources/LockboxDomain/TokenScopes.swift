/// What an API token may be used for. Its owner's roles say what she may do; a scope only narrows
/// that.
public struct TokenScopes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// To see what its owner sees, and to change nothing.
    public static let read = TokenScopes(rawValue: 1 << 0)
    /// To ask for help and for access, to write messages, and to use access that was given.
    public static let ask = TokenScopes(rawValue: 1 << 1)
    /// To approve and deny.
    public static let decide = TokenScopes(rawValue: 1 << 2)
    /// To change settings: rules, roles, others' tokens, which letters are sent.
    public static let administer = TokenScopes(rawValue: 1 << 3)

    /// All of them with their names, in the order in which lists show them.
    public static let all: [(name: String, scope: TokenScopes)] = [
        ("read", .read), ("ask", .ask), ("decide", .decide), ("administer", .administer),
    ]

    public static let every: TokenScopes = [.read, .ask, .decide, .administer]
    /// What a new token gets where nothing is said.
    public static let standard: TokenScopes = [.read, .ask]
    /// What a program's token can be for.
    public static let ofProgram: TokenScopes = [.read, .ask]
    /// What the portal asks the password for. A tenant can keep it to the portal.
    public static let weighty: TokenScopes = [.decide, .administer]

    /// The names of the scopes in it, in the order of `all`.
    public var names: [String] { Self.all.filter { contains($0.scope) }.map(\.name) }

    /// Refuses a name that is unknown or given twice, and one that is none of `allowed`.
    public init(names: [String], of allowed: TokenScopes = .every, field: String) throws(Refusal) {
        var scopes: TokenScopes = []
        for (index, name) in names.enumerated() {
            guard let scope = Self.all.first(where: { $0.name == name })?.scope,
                allowed.contains(scope)
            else {
                throw .invalid(
                    field: "\(field)[\(index)]",
                    problem: .malformed(
                        expected: "one of \(allowed.names.joined(separator: ", "))"
                    )
                )
            }
            guard scopes.insert(scope).inserted else {
                throw .invalid(field: "\(field)[\(index)]", problem: .duplicate)
            }
        }
        self = scopes
    }
}

/// What an operation needs of the API token by which it is asked for.
public struct ScopeNeed: Hashable, Sendable {
    /// One of these is enough.
    public let oneOf: TokenScopes
    /// Whether that holds of a scope too that the tenant keeps to the portal.
    private let countsWithheld: Bool

    public static let read = ScopeNeed(oneOf: .read, countsWithheld: false)
    public static let ask = ScopeNeed(oneOf: .ask, countsWithheld: false)
    public static let decide = ScopeNeed(oneOf: .decide, countsWithheld: false)
    public static let administer = ScopeNeed(oneOf: .administer, countsWithheld: false)
    /// To end access or a request: whatever may change anything. To end takes from nobody what
    /// protects the data, and must not wait for another token (decision 0053).
    public static let end = ScopeNeed(
        oneOf: [.ask, .decide, .administer],
        countsWithheld: true
    )
    /// Whatever the token is for.
    public static let any = ScopeNeed(oneOf: .every, countsWithheld: true)

    /// Whether a tenant can keep all that is enough to the portal.
    public var canBeWithheld: Bool { !countsWithheld && oneOf.isSubset(of: .weighty) }

    /// Throws what is missing where `scopes` are not enough; `withheld` are those that the tenant
    /// keeps to the portal.
    public func check(_ scopes: TokenScopes, withheld: TokenScopes) throws(Refusal) {
        guard !scopes.isDisjoint(with: oneOf) else { throw .scopeMissing(least) }
        guard countsWithheld || !scopes.subtracting(withheld).isDisjoint(with: oneOf) else {
            throw .scopeWithheld(least)
        }
    }

    /// The one to ask for: that which lets do the least besides.
    private var least: TokenScopes {
        TokenScopes.all.first { oneOf.contains($0.scope) }?.scope ?? oneOf
    }
}
