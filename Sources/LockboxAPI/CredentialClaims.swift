import LockboxDomain
import LockboxPorts

/// What is said of a credential to the service that it is for: the members of an introspection
/// answer (RFC 7662 §2.2), and the claims of a token made from it (RFC 9068 §2.2). Scalars beside
/// `authorization_details` are for services that read nothing else.
struct CredentialClaims: Encodable {
    struct Detail: Encodable {
        let type: String
        let identifier: String
        let tenant: String
        let actions: [String]
        let not_after: String
    }

    /// The key that its holder proves to have (RFC 7800 §3.1, RFC 9449 §6.1).
    private struct Confirmation: Encodable {
        let jkt: String
    }

    private struct Every: Encodable {
        let iss: String
        let sub: String
        let aud: String
        let username: String
        let scope: String
        let client_id: String
        var exp: Int64
        var iat: Int64
        var nbf: Int64
        var jti: String
        let tenant: String
        let request: String
        let grant: String
        let resource: String
        /// The resource's own name; for a mailbox its address.
        let name: String
        let access: String
        let authorization_details: [Detail]
        var cnf: Confirmation?
    }

    private var every: Every
    /// What the service's kind adds. A member of every answer wins over one of the kind.
    private let own: [String: String]

    /// `actions`: where less is allowed than the credential allows.
    init(
        of credential: Credential,
        _ kind: any ServiceKind,
        issuer: String,
        for client: String,
        actions: Actions? = nil
    ) {
        let actions = actions ?? credential.actions
        let ofKind = kind.claims(of: credential)
        own = ofKind.own
        every = Every(
            iss: issuer,
            sub: credential.engineer.text,
            aud: credential.resource.service.text,
            username: credential.username,
            scope: ([ofKind.scope] + actions.names).joined(separator: " "),
            client_id: client,
            exp: credential.expiresAt.secondsSinceEpoch,
            iat: credential.issuedAt.secondsSinceEpoch,
            nbf: credential.issuedAt.secondsSinceEpoch,
            jti: credential.id.text,
            tenant: credential.tenant.text,
            request: credential.request.text,
            grant: credential.grant.text,
            resource: credential.resource.name,
            name: credential.resource.localName,
            access: actions.contains(.write) ? "write" : "read",
            authorization_details: [
                Detail(
                    type: Self.detailType(issuer),
                    identifier: credential.grant.text,
                    tenant: credential.tenant.text,
                    actions: actions.names,
                    not_after: credential.expiresAt.description
                )
            ]
        )
    }

    var scope: String { every.scope }

    /// The same of a token with a name and a life of its own, in whole seconds.
    func token(_ name: String, from start: Int64, until end: Int64) -> Self {
        var token = self
        (token.every.jti, token.every.iat, token.every.nbf) = ("\(every.jti).\(name)", start, start)
        token.every.exp = end
        return token
    }

    /// The same, of use to the holder of the key with this thumbprint alone.
    func bound(to thumbprint: String) -> Self {
        var bound = self
        bound.every.cnf = Confirmation(jkt: thumbprint)
        return bound
    }

    func encode(to encoder: any Encoder) throws {
        try own.encode(to: encoder)
        try every.encode(to: encoder)
    }

    /// The type of authorization details that are a grant (RFC 9396 §2).
    static func detailType(_ issuer: String) -> String { "\(issuer)/rar/lockbox-grant" }
}
