import Crypto
import LockboxAudit
package import LockboxDomain
import LockboxPorts
import MerkleLog

/// A new API token with its secret, which is not kept and cannot be shown again.
package struct NewToken: Sendable {
    package let token: APIToken
    package let secret: String
    package let person: Person
}

/// What somebody wants of a new API token.
package struct TokenTerms: Sendable {
    let label: String
    /// Nil where nothing was said.
    let scopes: TokenScopes?
    let lifetime: TimeSpan
    let addresses: [AddressRange]

    /// Those of a login.
    init(loginFrom device: String, _ scopes: TokenScopes) {
        label = device
        self.scopes = scopes
        lifetime =
            scopes.isDisjoint(with: .weighty)
            ? IdentityLimits.loginLifetime : IdentityLimits.weightyLoginLifetime
        addresses = []
    }

    /// Refuses what no token can have, by the names of the wire.
    package init(
        label: String,
        scopes: [String]? = nil,
        days: Int? = nil,
        addresses: [String] = []
    ) throws(Refusal) {
        self.label = try Text.check(label, field: "label", length: IdentityLimits.labelLength)
        if let scopes {
            guard !scopes.isEmpty else { throw .invalid(field: "scopes", problem: .missing) }
            self.scopes = try TokenScopes(names: scopes, field: "scopes")
        } else {
            self.scopes = nil
        }
        let (days, range) = (days ?? IdentityLimits.standardTokenDays, IdentityLimits.tokenDays)
        guard range.contains(days) else {
            throw .invalid(
                field: "days",
                problem: .outOfRange("\(range.lowerBound) to \(range.upperBound)")
            )
        }
        lifetime = .days(Int64(days))
        guard addresses.count <= IdentityLimits.addressesPerToken else {
            throw .invalid(
                field: "addresses",
                problem: .outOfRange("up to \(IdentityLimits.addressesPerToken) addresses")
            )
        }
        var ranges: [AddressRange] = []
        for (index, text) in addresses.enumerated() {
            guard let range = AddressRange(text) else {
                throw .invalid(
                    field: "addresses[\(index)]",
                    problem: .malformed(
                        expected: "an address or a network such as 192.0.2.0/24 or 2001:db8::/32, "
                            + "with nothing after the bits that count"
                    )
                )
            }
            guard !ranges.contains(range) else {
                throw .invalid(field: "addresses[\(index)]", problem: .duplicate)
            }
            ranges.append(range)
        }
        self.addresses = ranges
    }
}

/// Who came with an API token, and with which.
package struct TokenCaller: Sendable {
    package let person: Person
    package let token: APIToken
}

/// A good API token came from an address that it is not for. To whoever sent it, it is none.
package struct TokenFromElsewhere: Error {
    package let token: TokenID
}

/// API tokens: who calls with one, and how they come and go.
extension SignIn {
    /// Who was given `secret`, if it is good from `client` and for what needs `need`. The use is
    /// written down.
    package func caller(
        token secret: String,
        from client: ClientKey,
        needing need: ScopeNeed
    ) async throws -> TokenCaller {
        guard secret.hasPrefix(Self.tokenPrefix),
            secret.utf8.count == Self.tokenPrefix.utf8.count + 64
        else {
            throw Refusal.notSignedIn
        }
        let hash = Self.hash(secret)
        let (caller, withheld, now) = try await store.read { tx, now in
            guard let token = try tx.token(secretHash: hash) ?? tx.login(accessHash: hash),
                token.isValid(at: now),
                token.login.map({ now < $0.accessEndsAt }) ?? true,
                let person = try tx.person(token.person), !person.isDisabled
            else { throw Refusal.notSignedIn }
            guard token.isValid(from: client.exact) else {
                throw TokenFromElsewhere(token: token.id)
            }
            let withheld = need.canBeWithheld ? try tx.withheldFromTokens(of: person) : []
            return (TokenCaller(person: person, token: token), withheld, now)
        }
        let use = APIToken.LastUse(at: now, from: client.exact)
        await note(use, of: caller.token.id.text, after: caller.token.lastUse) {
            try $0.touch(caller.token.id, use)
        }
        try need.check(caller.token.scopes, withheld: withheld)
        return caller
    }

    /// Writes down that the token `id` was used, once in a while. Where that cannot be, the token is no
    /// worse for this moment: who wants to stop an access must not wait for it.
    func note(
        _ use: APIToken.LastUse,
        of id: String,
        after last: APIToken.LastUse?,
        _ touch: @escaping @Sendable (any StoreTransaction) throws -> Void
    ) async {
        let isDue = last.map { use.at - $0.at >= IdentityLimits.tokenSeenEvery } ?? true
        guard isDue, store.isWritingWell, tokenUses.tryTake(id, now: use.at) else { return }
        let write: @Sendable (any StoreTransaction, Timestamp) throws -> Void = { tx, _ in
            try touch(tx)
        }
        try? await store.note(for: .ending, write)  // best effort: the next use is written down
    }

    // MARK: - Issuing

    /// By the console: for everything that the person's tenant allows, where nothing is said.
    package func issueToken(for address: EmailAddress, _ terms: TokenTerms) async throws -> NewToken
    {
        try await store.write(by: .console) { change in
            let person = try change.tx.person(consoleMayActFor: address)
            return try Self.issue(to: person, terms, orElse: .every, &change)
        }
    }

    /// For somebody who is signed in at the portal.
    package func issueToken(for person: Person, _ terms: TokenTerms) async throws -> NewToken {
        try await store.write(by: .person(person)) { change in
            try Self.issue(to: try change.tx.current(person), terms, orElse: .standard, &change)
        }
    }

    /// Issues a token to whoever gives the right password. No token opens this: else one could get
    /// itself another that is for more, or for longer.
    package func issueToken(
        email: String,
        password: String,
        _ terms: TokenTerms,
        from client: ClientKey
    ) async throws -> NewToken {
        try await check(email: email, password: password, from: client) { change, person in
            try Self.issue(to: person, terms, orElse: .standard, &change)
        }
    }

    private static func issue(
        to person: Person,
        _ terms: TokenTerms,
        orElse standard: TokenScopes,
        _ change: inout Change
    ) throws -> NewToken {
        let token = try draft(of: person, terms, orElse: standard, change)
        let secret = tokenPrefix + Hex.encode(change.entropy.bytes(32))
        try change.tx.insert(token, secretHash: hash(secret))
        change.emit(.signIn(.tokenIssued(token, person)))
        return NewToken(token: token, secret: secret, person: person)
    }

    /// A new token of `person`, which is not stored yet. Throws where she can have none like it.
    static func draft(
        of person: Person,
        _ terms: TokenTerms,
        orElse standard: TokenScopes,
        _ change: Change
    ) throws -> APIToken {
        let now = change.now
        let (scopes, standard) = try person.scopes(terms.scopes, orElse: standard)
        let withheld = try change.tx.withheldFromTokens(of: person)
        let refused = scopes?.intersection(withheld) ?? []
        guard refused.isEmpty else { throw Refusal.scopeWithheld(refused) }
        let valid = try change.tx.tokens(of: person.id).filter { $0.isValid(at: now) }
        guard valid.count < IdentityLimits.tokensPerPerson else {
            throw Refusal.limitReached(.tokens)
        }
        try change.tx.requireRoom(for: .tokensOf(person.id), at: now)
        return APIToken(
            id: change.entropy.id(),
            person: person.id,
            label: terms.label,
            scopes: scopes ?? standard.subtracting(withheld),
            addresses: terms.addresses,
            createdAt: now,
            expiresAt: min(
                now + terms.lifetime,
                try change.tx.passwordsEnd(at: person.side, now) ?? .latest
            )
        )
    }

    /// What a secret is known by.
    static func hash(_ secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    // MARK: - One's own

    package func tokens(of person: Person) async throws -> [APIToken] {
        try await store.read { tx, now in
            try tx.tokens(of: try tx.current(person).id).filter { $0.isValid(at: now) }
        }
    }

    package func revokeToken(_ id: String, of person: Person) async throws {
        try await store.write(by: .person(person), for: .ending) { change in
            let person = try change.tx.current(person)
            try change.revokeToken(id, ofOneOf: [person])
        }
    }

    // MARK: - A tenant's

    /// Those of all its people, for an administrator of the tenant.
    package func tokens(ofTenant id: String, by caller: Person) async throws -> [TokenCaller] {
        try await store.read { tx, now in
            try tx.people(ofTenant: id, administeredBy: caller).flatMap { person in
                try tx.tokens(of: person.id).filter { $0.isValid(at: now) }
                    .map { TokenCaller(person: person, token: $0) }
            }
        }
    }

    /// Revokes a token of one of its people, for an administrator of the tenant.
    package func revokeToken(_ id: String, ofTenant tenant: String, by caller: Person) async throws
    {
        try await store.write(by: .person(caller), for: .ending) { change in
            let people = try change.tx.people(ofTenant: tenant, administeredBy: caller)
            try change.revokeToken(id, ofOneOf: people)
        }
    }
}

extension Change {
    fileprivate mutating func revokeToken(_ id: String, ofOneOf people: [Person]) throws {
        for person in people {
            let tokens = try tx.tokens(of: person.id)
            guard let token = tokens.first(where: { $0.id.text == id }) else { continue }
            try tx.revokeToken(token.id, at: now)
            return emit(.signIn(.tokenRevoked(token, person)))
        }
        throw Refusal.notFound(.token)
    }
}

extension PersonRecords {
    /// The people of the tenant, for whom `caller` may act. For people of another side there is
    /// none.
    func people(ofTenant id: String, administeredBy caller: Person) throws -> [Person] {
        let person = try current(caller)
        guard let tenant = TenantID(id), person.side == .tenant(tenant) else {
            throw Refusal.notFound(.tenant)
        }
        guard person.holds(oneOf: .admin, at: .tenant(tenant)) else {
            throw Refusal.notPermitted(.changePeople)
        }
        return try people(at: .tenant(tenant))
    }
}

extension Person {
    /// What a token of hers can be for: `wanted`, where it is said, and else `standard`. Throws where a
    /// program's would be for more than seeing and asking.
    fileprivate func scopes(_ wanted: TokenScopes?, orElse standard: TokenScopes) throws(Refusal)
        -> (wanted: TokenScopes?, standard: TokenScopes)
    {
        guard isProgram else { return (wanted, standard) }
        guard wanted?.isSubset(of: .ofProgram) ?? true else {
            throw .invalid(
                field: "scopes",
                problem: .notAllowedHere("of a program's token can be read and ask alone.")
            )
        }
        return (wanted, standard.intersection(.ofProgram))
    }
}

extension TenantRecords {
    func withheldFromTokens(of person: Person) throws -> TokenScopes {
        guard let id = person.side.tenant else { return [] }
        guard let tenant = try tenant(id) else { throw StoreError.corrupt("no tenant \(id)") }
        return tenant.policy.withheldFromTokens
    }
}
