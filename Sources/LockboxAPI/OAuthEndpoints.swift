import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import Logging

/// What a service learns of a credential (RFC 7662 §2.2), with what the service's kind adds.
private struct Introspection: Encodable {
    let claims: CredentialClaims
    let active = true
    let token_type = "Bearer"

    private enum CodingKeys: CodingKey { case active, token_type }

    func encode(to encoder: any Encoder) throws {
        try claims.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(active, forKey: .active)
        try members.encode(token_type, forKey: .token_type)
    }
}

extension API {
    var introspectionEndpoint: Route {
        Route(
            .post,
            "/oauth2/introspect",
            OperationDescription(
                "introspect",
                .standards,
                "Ask whether a credential gives access now (RFC 7662)",
                by: .service,
                body: .token,
                answers: .json("Introspection", "The answer."),
                refuses: []
            )
        ) { request, context in
            try await answeringAsOAuth(context) { try await introspect(request, context) }
        }
    }

    func oauthEndpoints(for audiences: Set<Audience>) -> [Route] {
        [
            Route(
                .post,
                "/oauth2/revoke",
                OperationDescription(
                    "revokeCredential",
                    .standards,
                    "Make a credential or a sign-in of a command line invalid (RFC 7009)",
                    details: "A credential, by its service; a refresh token, by the command line, "
                        + "which names itself with `client_id`.",
                    by: .holder,
                    body: .token,
                    answers: .init(.ok, "It is invalid, or never was valid."),
                    refuses: []
                )
            ) { request, context in
                try await answeringAsOAuth(context) {
                    let form = try await form(of: request)
                    if audiences.contains(.people), let ended = try await endLogin(form, request) {
                        return ended
                    }
                    guard audiences.contains(.services) else { throw OAuthError.invalidClient }
                    let client = try await authenticated(form, request, context)
                    // An unknown token is as good as a revoked one (RFC 7009 §2.2).
                    try await lockbox.revokeCredential(
                        secretHash: Lockbox.hash(try token(form)),
                        presentedBy: client.service.id
                    )
                    return Response(status: .ok)
                }
            },
            Route(
                .get,
                "/.well-known/oauth-authorization-server",
                OperationDescription(
                    "serverMetadata",
                    .standards,
                    "Where the OAuth endpoints are (RFC 8414)",
                    by: .anybody,
                    answers: .json("ServerMetadata", "The metadata."),
                    refuses: []
                )
            ) { _, _ in
                try JSONAnswer.response(
                    AuthorizationServerMetadata(issuer: publicURL),
                    headers: [.cacheControl: "public, max-age=3600"]
                )
            },
        ]
    }

    private func introspect(_ request: Request, _ context: APIContext) async throws -> Response {
        let ground = AnswerGround(of: self, context.repetition)
        let form = try await form(of: request)
        let client = try await authenticated(form, request, context)
        let secret = try token(form)
        let now = clock.now()
        // One answer for unknown, over, revoked, and another service's: exactly this, with nothing
        // beside it (RFC 7662 §2.2).
        guard let credential = try await index.active(secret, now: now),
            credential.resource.service == client.service.id,
            let kind = lockbox.kinds[client.service.kind],
            try await lockbox.recordUse(of: credential),
            // Access may have ended while the use was written down.
            index.isStillGood(credential)
        else {
            return try JSONAnswer.response(["active": false])
        }
        ground?.allowRepetition(using: credential)
        return try JSONAnswer.response(
            Introspection(
                claims: CredentialClaims(of: credential, kind, issuer: publicURL, for: client.id)
            )
        )
    }

    private func token(_ form: OAuthForm) throws -> String { try form.required("token") }
}

/// RFC 8414 §2. The authorization endpoints are for command lines; credentials come from the API.
private struct AuthorizationServerMetadata: Encodable {
    let issuer: String
    let authorization_endpoint: String
    let device_authorization_endpoint: String
    let token_endpoint: String
    // `none` is the holder of a credential, or the command line (RFC 7591 §2).
    let token_endpoint_auth_methods_supported = [
        "none", "client_secret_basic", "client_secret_post",
    ]
    let jwks_uri: String
    let introspection_endpoint: String
    let introspection_endpoint_auth_methods_supported = [
        "client_secret_basic", "client_secret_post",
    ]
    let revocation_endpoint: String
    let revocation_endpoint_auth_methods_supported = [
        "none", "client_secret_basic", "client_secret_post",
    ]
    let response_types_supported = ["code"]
    let response_modes_supported = ["query"]
    let code_challenge_methods_supported = ["S256"]
    // RFC 9207 §3.
    let authorization_response_iss_parameter_supported = true
    let scopes_supported = TokenScopes.every.names
    // A credential is obtained with an approved access request, which is a grant of our own (RFC 6749
    // §4.5).
    let grant_types_supported = [
        API.authorizationCodeGrant, API.refreshTokenGrant, API.deviceCodeGrant,
        "urn:lockbox:grant-type:access-request", TokenExchange.grantType,
    ]
    let dpop_signing_alg_values_supported = DPoPProof.algorithms
    let authorization_details_types_supported: [String]
    let service_documentation: String

    init(issuer: String) {
        self.issuer = issuer
        authorization_endpoint = "\(issuer)/oauth2/authorize"
        device_authorization_endpoint = "\(issuer)\(API.deviceAuthorizationPath)"
        token_endpoint = "\(issuer)\(TokenExchange.path)"
        jwks_uri = "\(issuer)\(TokenExchange.keysPath)"
        introspection_endpoint = "\(issuer)/oauth2/introspect"
        revocation_endpoint = "\(issuer)/oauth2/revoke"
        authorization_details_types_supported = [CredentialClaims.detailType(issuer)]
        service_documentation = "\(issuer)/openapi.json"
    }
}
