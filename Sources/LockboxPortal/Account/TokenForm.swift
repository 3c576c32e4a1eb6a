import LockboxDomain
import LockboxIdentity

/// The form for a new API token, as it was sent or as it is at first.
struct TokenForm: Sendable {
    struct Scope: Sendable {
        let words: ScopeWords
        let isChosen: Bool
    }

    let label: String
    let days: String
    let addresses: String
    private let chosen: [String]

    /// What it says before anything is typed: nothing that decides.
    init() {
        label = ""
        days = "\(IdentityLimits.standardTokenDays)"
        addresses = ""
        chosen = TokenScopes.standard.names
    }

    init(_ form: Form) {
        label = form["label"] ?? ""
        days = form["days"] ?? ""
        addresses = form["addresses"] ?? ""
        chosen = form.all("scope")
    }

    /// The scopes to choose among; what a tenant keeps from tokens is none of them.
    func scopes(withheld: TokenScopes) -> [Scope] {
        ScopeWords.all.filter { !withheld.contains($0.scope) }.map {
            Scope(words: $0.words, isChosen: chosen.contains($0.words.scopeName))
        }
    }

    /// A token of nobody's has no scopes.
    func terms(scoped: Bool = true) throws(Refusal) -> TokenTerms {
        guard days.utf8.count <= 4, let days = Int(days) else {
            throw .invalid(field: "days", problem: .malformed(expected: "a whole number"))
        }
        return try TokenTerms(
            label: label,
            scopes: scoped ? chosen : nil,
            days: days,
            addresses: addresses.split { $0.isWhitespace || $0 == "," }.map(String.init)
        )
    }
}
