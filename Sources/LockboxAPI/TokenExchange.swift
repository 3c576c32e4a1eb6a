import Foundation
import HTTPTypes
import Hummingbird
import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// The names of the exchange of a credential for a token that its service verifies alone (RFC 8693).
enum TokenExchange {
    static let path = "/oauth2/token"
    static let keysPath = "/.well-known/jwks.json"
    static let grantType = "urn:ietf:params:oauth:grant-type:token-exchange"
    static let accessToken = "urn:ietf:params:oauth:token-type:access_token"
    /// Who holds a credential and shows nothing else is this client.
    static let holder = "urn:lockbox:client:holder"
}

/// RFC 8693 §2.2.1.
private struct ExchangedToken: Encodable {
    let access_token: String
    let issued_token_type = TokenExchange.accessToken
    /// `DPoP` is one that its service takes with a proof only (RFC 9449 §5).
    let token_type: String
    let expires_in: Int64
    let scope: String
}

extension API {
    /// Whom it gives tokens depends on whom its listener is for.
    func tokenEndpoint(for audiences: Set<Audience>) -> Route {
        Route(
            .post,
            RouterPath(TokenExchange.path),
            OperationDescription(
                "exchangeCredential",
                .standards,
                "Exchange a credential for a signed token (RFC 8693, RFC 9068), or sign in a command line",
                details: "For services that verify tokens alone and ask nobody. The token is "
                    + "good for \(AccessTokens.lifetime.milliseconds / 1000) seconds at most, "
                    + "and never after the end of the access. Whoever holds the credential may "
                    + "exchange it; a service may show its own credential besides. With a proof in a "
                    + "`DPoP` field (RFC 9449) the token is bound to the proof's key. A command line "
                    + "gets its tokens here by a code, a device code or a refresh token, which is good "
                    + "once (RFC 6749, RFC 8628).",
                by: .holder,
                body: .tokenRequest,
                answers: .tokenAnswer,
                refuses: []
            )
        ) { request, context in
            try await answeringAsOAuth(context) {
                let form = try await form(of: request, mayRepeat: ["audience", "resource"])
                let grant = try form.required("grant_type")
                if audiences.contains(.people), Self.isLoginGrant(grant) {
                    return try await loginTokens(grant, form, request, context)
                }
                guard audiences.contains(.services), grant == TokenExchange.grantType else {
                    throw OAuthError(
                        status: .badRequest,
                        error: "unsupported_grant_type",
                        description: "That grant_type gives nothing here."
                    )
                }
                return try await exchange(form, request, context)
            }
        }
    }

    var keySetEndpoint: Route {
        Route(
            .get,
            RouterPath(TokenExchange.keysPath),
            OperationDescription(
                "tokenKeys",
                .standards,
                "The keys that signed tokens are verified with (RFC 7517)",
                by: .anybody,
                answers: .json("KeySet", "The keys."),
                refuses: []
            )
        ) { _, _ in
            try JSONAnswer.response(
                tokens.published,
                headers: [.cacheControl: "public, max-age=3600"]
            )
        }
    }

    private func exchange(
        _ form: OAuthForm,
        _ request: Request,
        _ context: APIContext
    ) async throws -> Response {
        let proof = try proof(in: request)
        let client = try await exchangingClient(form, request, context)
        let secret = try Self.subjectToken(form)
        guard let credential = try await index.active(secret, now: clock.now()),
            client.map({ $0.service.id == credential.resource.service }) ?? true
        else {
            if client == nil {
                let address = self.client(of: request, context).address
                try failureLimit.take("credential \(address)", now: clock.now())
            }
            throw Self.notGood
        }
        if client == nil { try personLimit.take(credential.engineer.text, now: clock.now()) }
        let kind = try await target(form, credential)
        var claims = CredentialClaims(
            of: credential,
            kind,
            issuer: publicURL,
            for: client?.id ?? TokenExchange.holder,
            actions: try Self.actions(form, credential, kind)
        )
        if let proof {
            try use(proof)
            claims = claims.bound(to: proof.thumbprint)
        }
        guard try await lockbox.recordUse(of: credential),
            // Access may have ended while the use was written down.
            index.isStillGood(credential),
            let token = try tokens.token(
                of: claims,
                until: credential.expiresAt,
                now: clock.now()
            )
        else { throw Self.notGood }
        return try JSONAnswer.response(
            ExchangedToken(
                access_token: token.text,
                token_type: proof == nil ? "Bearer" : "DPoP",
                expires_in: token.seconds,
                scope: claims.scope
            )
        )
    }

    // MARK: - Proofs

    /// The proof that came along; nil where there is none. One that is wrong is never passed over:
    /// that would give a token that whoever finds it can use.
    private func proof(in request: Request) throws -> DPoPProof? {
        let fields = request.headers[values: .dpop]
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw OAuthError.invalidProof("came more than once") }
        do throws(DPoPProof.Fault) {
            return try DPoPProof(field, to: publicURL + TokenExchange.path, now: clock.now())
        } catch {
            throw OAuthError.invalidProof(error.what)
        }
    }

    /// Only where all else is good: who has no credential takes no place among the proofs.
    private func use(_ proof: DPoPProof) throws {
        switch usedProofs.use(proof, now: clock.now()) {
        case .first: return
        case .again: throw OAuthError.invalidProof("was shown before; make one for each request")
        case .unknown:
            throw OAuthError(
                status: .serviceUnavailable,
                error: "temporarily_unavailable",
                description: "There are too many proofs. Come again in a minute."
            )
        }
    }

    // MARK: - What is asked for

    /// One answer for unknown, over, revoked, and another service's (RFC 8693 §2.2.2).
    private static let notGood = OAuthError.invalidRequest(
        "subject_token: gives no access now."
    )

    /// The service that exchanges; nil for the holder of the credential, who needs to show nothing
    /// else.
    private func exchangingClient(
        _ form: OAuthForm,
        _ request: Request,
        _ context: APIContext
    ) async throws -> ServiceClient? {
        guard let shown = try Self.shownClient(form, request), shown != (TokenExchange.holder, "")
        else { return nil }
        guard let client = try await serviceClient(shown, request, context) else {
            throw OAuthError.invalidClient
        }
        return client
    }

    private static func subjectToken(_ form: OAuthForm) throws -> String {
        let token = try form.required("subject_token")
        guard try form.required("subject_token_type") == TokenExchange.accessToken,
            form["requested_token_type"] ?? TokenExchange.accessToken == TokenExchange.accessToken
        else {
            throw OAuthError.invalidRequest(
                "The token's type must be \(TokenExchange.accessToken), and so is that given for it."
            )
        }
        guard form["actor_token"] == nil, form["actor_token_type"] == nil else {
            throw OAuthError.invalidRequest(
                "actor_token: nobody acts for another here; leave it out."
            )
        }
        guard form["authorization_details"] == nil else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_authorization_details",
                description: "A token for less is asked for with scope."
            )
        }
        return token
    }

    /// The kind of the service that the token is for: the credential's own, where it is one that
    /// may verify alone. Where Lockbox cuts what is open and says so, nobody may come back with a
    /// token that outlives the access.
    private func target(_ form: OAuthForm, _ credential: Credential) async throws
        -> any ServiceKind
    {
        let service = credential.resource.service
        let settings = try await store.read(.endingAccess) { tx in try tx.service(service) }
        guard form.all("resource").isEmpty, form.all("audience").count <= 1,
            form["audience"] ?? service.text == service.text,
            let settings, let kind = lockbox.kinds[settings.service.kind],
            kind.openConnections(of: settings) == .stay
        else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_target",
                description: "audience must name one service: the credential's own, if it is of a "
                    + "kind that verifies tokens alone."
            )
        }
        return kind
    }

    /// The actions that `scope` leaves of the credential's; all of them where it is left out.
    private static func actions(
        _ form: OAuthForm,
        _ credential: Credential,
        _ kind: any ServiceKind
    ) throws -> Actions? {
        guard let scope = form["scope"] else { return nil }
        var names = scope.split(separator: " ").map(String.init)
        names.removeAll { $0 == kind.claims(of: credential).scope }
        guard let actions = Actions(names: names), actions.isSubset(of: credential.actions) else {
            throw OAuthError(
                status: .badRequest,
                error: "invalid_scope",
                description: "scope must have words of the credential's own scope, and one of its "
                    + "actions."
            )
        }
        return actions
    }
}

extension OAuthError {
    fileprivate static func invalidProof(_ what: String) -> OAuthError {
        OAuthError(
            status: .badRequest,
            error: "invalid_dpop_proof",
            description: "The DPoP field \(what)."
        )
    }
}

extension HTTPField.Name {
    fileprivate static let dpop = Self("DPoP")!
}
