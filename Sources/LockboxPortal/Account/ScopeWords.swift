import LockboxDomain

/// What an API token may be used for, in words.
struct ScopeWords: Sendable {
    let scopeName: String
    let label: String
    let meaning: String

    private static func words(_ scope: TokenScopes) -> (label: String, meaning: String) {
        switch scope {
        case .read: ("See", "All that you can see, and change nothing.")
        case .ask:
            (
                "Ask",
                "Make requests, write messages, get credentials for access that was given. It can "
                    + "also end access."
            )
        case .decide: ("Decide", "Approve and deny requests as you can, without your password.")
        case .administer:
            (
                "Administer",
                "Change rules, roles and settings as you can, without your password."
            )
        case _: ("", "")
        }
    }

    /// All scopes, in the order in which pages show them.
    static let all: [(scope: TokenScopes, words: ScopeWords)] = TokenScopes.all.map {
        let (label, meaning) = words($0.scope)
        return ($0.scope, ScopeWords(scopeName: $0.name, label: label, meaning: meaning))
    }

    /// The scopes in a line: `See, ask`.
    static func labels(of scopes: TokenScopes) -> String {
        let labels = all.filter { scopes.contains($0.scope) }.map(\.words.label)
        return labels.joined(separator: ", ").lowercased().capitalisedFirst
    }
}

/// One API token in a list.
struct TokenRow: Sendable {
    let id: String
    let tokenLabel: String
    /// A sign-in at a command line, which goes on only while it is used.
    let isLogin: Bool
    let scopeLabels: String
    let issuedAt: ShownTime
    let expires: ShownTime?
    let lastUsed: ShownTime?
    let lastUsedFrom: String?
    let wasNeverUsed: Bool
    let addresses: String?

    init(_ token: APIToken) {
        id = token.id.text
        tokenLabel = token.label.isEmpty ? "(no label)" : token.label
        isLogin = token.login != nil
        scopeLabels = ScopeWords.labels(of: token.scopes)
        issuedAt = ShownTime(token.createdAt)
        expires = token.expiresAt.map { ShownTime($0) }
        lastUsed = token.lastUse.map { ShownTime($0.at) }
        lastUsedFrom = token.lastUse?.from?.description
        wasNeverUsed = token.lastUse == nil
        addresses =
            token.addresses.isEmpty
            ? nil : token.addresses.map(\.description).joined(separator: ", ")
    }
}
