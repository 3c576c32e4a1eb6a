import Crypto
import LockboxAudit
package import LockboxDomain
import LockboxPorts
import MerkleLog

/// A new provisioning token with its secret, which is not kept and cannot be shown again.
package struct NewProvisioningToken: Sendable {
    package let token: ProvisioningToken
    package let secret: String
}

/// A good provisioning token came from an address that it is not for. To whoever sent it, it is none.
package struct ProvisioningFromElsewhere: Error {
    package let token: ProvisioningTokenID
}

/// The tokens by which organisations' directories speak: who comes with one, and how they come and
/// go.
extension SignIn {
    private static let provisioningPrefix = "lbxscim_"

    /// The token that `secret` is, if it is good from `client`. The use is written down.
    package func provisioning(secret: String, from client: ClientKey) async throws
        -> ProvisioningToken
    {
        guard secret.hasPrefix(Self.provisioningPrefix),
            secret.utf8.count == Self.provisioningPrefix.utf8.count + 64
        else { throw Refusal.notSignedIn }
        let hash = Array(SHA256.hash(data: Array(secret.utf8)))
        let (token, now) = try await store.read { tx, now in
            guard let token = try tx.provisioningToken(secretHash: hash), token.isValid(at: now)
            else { throw Refusal.notSignedIn }
            guard token.isValid(from: client.exact) else {
                throw ProvisioningFromElsewhere(token: token.id)
            }
            return (token, now)
        }
        let use = APIToken.LastUse(at: now, from: client.exact)
        await note(use, of: token.id.text, after: token.lastUse) { try $0.touch(token.id, use) }
        return token
    }

    // MARK: - Coming and going

    /// For the provider, by the console. For a tenant there is none: whoever runs the server must not be
    /// able to say who decides for a customer.
    package func issueProvisioningToken(_ terms: TokenTerms) async throws -> NewProvisioningToken {
        try await store.write(by: .console) { change in
            try Self.issueProvisioning(terms, for: .provider, by: nil, &change)
        }
    }

    /// For a tenant, by its administrator.
    package func issueProvisioningToken(
        _ terms: TokenTerms,
        ofTenant id: String,
        by caller: Person
    ) async throws -> NewProvisioningToken {
        try await store.write(by: .person(caller)) { change in
            let (side, person) = try change.tx.directory(ofTenant: id, administeredBy: caller)
            try change.tx.requireRoom(for: .tokensOf(person.id), at: change.now)
            return try Self.issueProvisioning(terms, for: side, by: person, &change)
        }
    }

    private static func issueProvisioning(
        _ terms: TokenTerms,
        for side: Side,
        by maker: Person?,
        _ change: inout Change
    ) throws -> NewProvisioningToken {
        guard !terms.label.isEmpty else {
            throw Refusal.invalid(field: "label", problem: .missing)
        }
        guard
            try change.tx.provisioningTokens(of: side).count
                < Limits.provisioningTokensPerDirectory
        else { throw Refusal.limitReached(.provisioningTokens) }
        let secret = provisioningPrefix + Hex.encode(change.entropy.bytes(32))
        let token = ProvisioningToken(
            id: change.entropy.id(),
            side: side,
            label: terms.label,
            addresses: terms.addresses,
            madeBy: maker?.id,
            createdAt: change.now,
            expiresAt: change.now + terms.lifetime
        )
        try change.tx.insert(token, secretHash: Array(SHA256.hash(data: Array(secret.utf8))))
        change.emit(.provisioning(.tokenIssued(token)))
        return NewProvisioningToken(token: token, secret: secret)
    }

    /// The provider's, for the console. Those that have expired are among them.
    package func provisioningTokens() async throws -> [ProvisioningToken] {
        try await store.read { tx, _ in try tx.provisioningTokens(of: .provider) }
    }

    package func provisioningTokens(ofTenant id: String, by caller: Person) async throws
        -> [ProvisioningToken]
    {
        try await store.read { tx, _ in
            try tx.provisioningTokens(
                of: try tx.directory(ofTenant: id, administeredBy: caller).side
            )
        }
    }

    /// Ends one of the provider's.
    package func revokeProvisioningToken(_ id: String) async throws {
        try await store.write(by: .console, for: .ending) { change in
            try change.revokeProvisioningToken(id, of: .provider)
        }
    }

    package func revokeProvisioningToken(_ id: String, ofTenant tenant: String, by caller: Person)
        async throws
    {
        try await store.write(by: .person(caller), for: .ending) { change in
            let side = try change.tx.directory(ofTenant: tenant, administeredBy: caller).side
            try change.revokeProvisioningToken(id, of: side)
        }
    }
}

extension Change {
    fileprivate mutating func revokeProvisioningToken(_ id: String, of side: Side) throws {
        guard let token = try tx.provisioningTokens(of: side).first(where: { $0.id.text == id })
        else { throw Refusal.notFound(.token) }
        try tx.revokeProvisioningToken(token.id, at: now)
        emit(.provisioning(.tokenRevoked(token)))
    }
}

extension PersonRecords {
    /// The tenant's side with the caller as she is now, who must be its administrator. For people of
    /// another side there is none.
    fileprivate func directory(ofTenant id: String, administeredBy caller: Person) throws -> (
        side: Side, administrator: Person
    ) {
        let person = try current(caller)
        guard let tenant = TenantID(id), person.side == .tenant(tenant) else {
            throw Refusal.notFound(.tenant)
        }
        guard person.holds(oneOf: .admin, at: person.side) else {
            throw Refusal.notPermitted(.changePeople)
        }
        return (person.side, person)
    }
}
