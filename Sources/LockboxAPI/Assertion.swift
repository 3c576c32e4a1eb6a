package import LockboxDomain

/// What a gateway says of who asks, to the service that it passes a request to. It has members of an
/// access token (RFC 9068), under a type of its own, and none that names it: one goes with many
/// requests.
private struct AssertionClaims: Encodable {
    let iss: String
    let sub: String
    let aud: String
    let iat: Int64
    let exp: Int64
    let username: String
    let tenant: String
    let request: String
    let grant: String
    let resource: String
    /// The resource's own name.
    let name: String
    let actions: [String]
    let access: String
}

extension AccessTokens {
    /// The type of an assertion: never that of an access token, which has the same keys.
    private static let assertionType = "lockbox-assertion+jwt"

    /// Who asks with `credential`, signed, and until when that is good: as long as an access token.
    /// Nil where the end of the access is no whole second away any more.
    package func assertion(of credential: Credential, issuer: String, now: Timestamp) throws -> (
        text: String, end: Timestamp
    )? {
        let end = min(now + Self.lifetime, credential.expiresAt).secondsSinceEpoch
        guard Timestamp(milliseconds: end * 1000) - now >= .seconds(1) else { return nil }
        let claims = AssertionClaims(
            iss: issuer,
            sub: credential.engineer.text,
            aud: credential.resource.service.text,
            iat: now.secondsSinceEpoch,
            exp: end,
            username: credential.username,
            tenant: credential.tenant.text,
            request: credential.request.text,
            grant: credential.grant.text,
            resource: credential.resource.name,
            name: credential.resource.localName,
            actions: credential.actions.names,
            access: credential.actions.contains(.write) ? "write" : "read"
        )
        return (
            try sign(claims, as: Self.assertionType, now: now), Timestamp(milliseconds: end * 1000)
        )
    }
}
