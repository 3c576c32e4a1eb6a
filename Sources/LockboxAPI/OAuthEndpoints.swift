import Crypto
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
import NIOCore

/// An error of the OAuth endpoints, which have their own form (RFC 6749 §5.2). It never holds a
/// claim of a token: one mail server takes the claims from a refusal's body for an acceptance.
private struct OAuthError: Error {
    let status: HTTPResponse.Status
    let error: String
    let description: String
    var headers: HTTPFields = [:]

    /// An error of the boundary, or of whatever lies behind it, in that form.
    init(_ error: any Error) {
        let problem = ProblemAnswer(error)
        self.init(
            status: problem.status,
            error: problem.status.kind == .serverError ? "server_error" : "invalid_request",
            description: problem.detail,
            headers: problem.headers
        )
        // RFC 6749 §4.1.2.1 has a name for it; a client may then come again.
        if [.tooManyRequests, .serviceUnavailable].contains(status) {
            self = OAuthError(
                status: status,
                error: "temporarily_unavailable",
                description: description,
                headers: headers
            )
        }
    }

    init(
        status: HTTPResponse.Status,
        error: String,
        description: String,
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.error = error
        self.description = description
        self.headers = headers
    }

    func response() throws -> Response {
        var headers = headers
        headers[.cacheControl] = "no-store"
        if status == .unauthorized {
            headers[.wwwAuthenticate] = "Basic realm=\"lockbox\", charset=\"UTF-8\""
        }
        return try JSONAnswer.response(
            ["error": error, "error_description": description],
            status: status,
            headers: headers
        )
    }
}

/// What a service learns of a credential (RFC 7662 §2.2). Scalars beside `authorization_details`
/// are for services that read nothing else.
private struct Introspection: Encodable {
    struct Detail: Encodable {
        let type: String
        let identifier: String
        let tenant: String
        let actions: [String]
        let not_after: String
    }

    let active = true
    let iss: String
    let sub: String
    let aud: String
    let username: String
    let scope: String
    let client_id: String
    let token_type = "Bearer"
    let exp: Int64
    let iat: Int64
    let nbf: Int64
    let jti: String
    let tenant: String
    let request: String
    let grant: String
    let resource: String
    /// The resource's own name; for a mailbox its address.
    let name: String
    let access: String
    let authorization_details: [Detail]
}

/// That, with what the service's kind adds. A member of every answer wins over one of the kind.
private struct KindIntrospection: Encodable {
    let every: Introspection
    let own: [String: String]

    func encode(to encoder: any Encoder) throws {
        try own.encode(to: encoder)
        try every.encode(to: encoder)
    }
}

extension API {
    var oauthEndpoints: [Route] {
        [
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
                try await answer(context) { try await introspect(request, context) }
            },
            Route(
                .post,
                "/oauth2/revoke",
                OperationDescription(
                    "revokeCredential",
                    .standards,
                    "Make a credential invalid (RFC 7009)",
                    by: .service,
                    body: .token,
                    answers: .init(.ok, "It is invalid, or never was valid."),
                    refuses: []
                )
            ) { request, context in
                try await answer(context) {
                    let (form, service, _) = try await authenticated(request, context)
                    // An unknown token is as good as a revoked one (RFC 7009 §2.2).
                    try await lockbox.revokeCredential(
                        secretHash: Lockbox.hash(try token(form)),
                        presentedBy: service.id
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
        let (form, service, clientID) = try await authenticated(request, context)
        let secret = try token(form)
        let now = clock.now()
        // One answer for unknown, over, revoked, and another service's: exactly this, with nothing
        // beside it (RFC 7662 §2.2).
        guard let credential = try await index.active(secret, now: now),
            credential.resource.service == service.id,
            let kind = lockbox.kinds[service.kind],
            try await lockbox.recordUse(of: credential),
            // Access may have ended while the use was written down.
            index.isStillGood(credential)
        else {
            return try JSONAnswer.response(["active": false])
        }
        let claims = kind.claims(of: credential)
        return try JSONAnswer.response(
            KindIntrospection(
                every: introspection(of: credential, scope: claims.scope, for: clientID),
                own: claims.own
            )
        )
    }

    private func introspection(
        of credential: Credential,
        scope: String,
        for clientID: String
    ) -> Introspection {
        let canWrite = credential.actions.contains(.write)
        return Introspection(
            iss: publicURL,
            sub: credential.engineer.text,
            aud: credential.resource.service.text,
            username: credential.username,
            scope: ([scope] + credential.actions.names).joined(separator: " "),
            client_id: clientID,
            exp: credential.expiresAt.secondsSinceEpoch,
            iat: credential.issuedAt.secondsSinceEpoch,
            nbf: credential.issuedAt.secondsSinceEpoch,
            jti: credential.id.text,
            tenant: credential.tenant.text,
            request: credential.request.text,
            grant: credential.grant.text,
            resource: credential.resource.name,
            name: credential.resource.localName,
            access: canWrite ? "write" : "read",
            authorization_details: [
                .init(
                    type: "\(publicURL)/rar/lockbox-grant",
                    identifier: credential.grant.text,
                    tenant: credential.tenant.text,
                    actions: credential.actions.names,
                    not_after: credential.expiresAt.description
                )
            ]
        )
    }

    private func answer(
        _ context: APIContext,
        _ body: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await body()
        } catch let error as OAuthError {
            return try error.response()
        } catch {
            let problem = OAuthError(error)
            if problem.status.kind == .serverError {
                // Only the log sees what really happened.
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
            var response = try problem.response()
            if problem.status == .contentTooLarge {
                response.body = response.body.closing(context.channel)
            }
            return response
        }
    }

    private func token(_ form: [String: String]) throws -> String {
        guard let token = form["token"], !token.isEmpty else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_request",
                description: "The parameter token is missing."
            )
        }
        return token
    }

    // MARK: - Client authentication

    /// The form, and the service that sent it. Takes `client_secret_basic` and `client_secret_post`
    /// (RFC 6749 §2.3.1), and both where the second is empty, as Dovecot 2.3 sends it.
    private func authenticated(
        _ request: Request,
        _ context: APIContext
    ) async throws -> (form: [String: String], service: ProtectedService, clientID: String) {
        let form = try await form(of: request)
        let posted = (id: form["client_id"] ?? "", secret: form["client_secret"] ?? "")
        let client: (id: String, secret: String)
        if let header = request.headers[.authorization] {
            guard posted.secret.isEmpty else {
                throw OAuthError(
                    status: .badRequest,
                    error: "invalid_request",
                    description: "Use one way of client authentication, not two."
                )
            }
            guard let basic = header.basicCredentials, posted.id.isEmpty || posted.id == basic.id
            else {
                throw invalidClient
            }
            client = basic
        } else {
            client = posted
        }
        guard let service = await clients.service(clientID: client.id, secret: client.secret) else {
            try failureLimit.take(wrongClients(request, context), now: clock.now())
            throw invalidClient
        }
        return (form, service, client.id)
    }

    /// Guesses of services' secrets are counted for each address, at whichever door.
    private func wrongClients(_ request: Request, _ context: APIContext) -> String {
        "client " + client(of: request, context).address
    }

    /// Counts one at a door that cannot say that there were too many.
    func countWrongClient(_ request: Request, _ context: APIContext) {
        do {
            try failureLimit.take(wrongClients(request, context), now: clock.now())
        } catch {
            // It is refused as it would be anyway.
        }
    }

    private var invalidClient: OAuthError {
        OAuthError(
            status: .unauthorized,
            error: "invalid_client",
            description: "The client is unknown, or its secret is wrong."
        )
    }

    /// A form body (`application/x-www-form-urlencoded`). A parameter that comes twice is refused
    /// (RFC 6749 §3.2).
    private func form(of request: Request) async throws -> [String: String] {
        guard request.headers.mediaType == FormFields.mediaType,
            request.headers.foreignCharset == nil
        else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_request",
                description: "Send the body as application/x-www-form-urlencoded in UTF-8."
            )
        }
        guard let form = Self.parameters(try await request.bytes()) else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_request",
                description: "The form is malformed, or a parameter comes twice."
            )
        }
        return form
    }

    /// The parameters of a form by name; nil if one comes twice or is badly encoded.
    private static func parameters(_ bytes: Data) -> [String: String]? {
        guard let fields = FormFields.decode(bytes) else { return nil }
        var form: [String: String] = [:]
        for (name, value) in fields {
            guard form.updateValue(value, forKey: name) == nil else { return nil }
        }
        return form
    }
}

/// RFC 8414 §2. There is no authorization endpoint and no token endpoint: credentials come from the
/// API.
private struct AuthorizationServerMetadata: Encodable {
    let issuer: String
    let introspection_endpoint: String
    let introspection_endpoint_auth_methods_supported = [
        "client_secret_basic", "client_secret_post",
    ]
    let revocation_endpoint: String
    let revocation_endpoint_auth_methods_supported = ["client_secret_basic", "client_secret_post"]
    // Required, and empty lists are forbidden (§3.2): `none` is the registered name for no response
    // type.
    let response_types_supported = ["none"]
    // Left out, it would say `authorization_code` and `implicit` (§2). A credential is obtained with
    // an approved access request, which is a grant of our own (RFC 6749 §4.5).
    let grant_types_supported = ["urn:lockbox:grant-type:access-request"]
    let authorization_details_types_supported: [String]
    let service_documentation: String

    init(issuer: String) {
        self.issuer = issuer
        introspection_endpoint = "\(issuer)/oauth2/introspect"
        revocation_endpoint = "\(issuer)/oauth2/revoke"
        authorization_details_types_supported = ["\(issuer)/rar/lockbox-grant"]
        service_documentation = "\(issuer)/openapi.json"
    }
}
