import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxWire

/// Sign-ins at command lines, as far as the command line itself asks: RFC 6749, RFC 8628, RFC 7009. The
/// person's part is at the portal.
extension API {
    static let deviceAuthorizationPath = "/oauth2/device_authorization"
    static let authorizationCodeGrant = "authorization_code"
    static let refreshTokenGrant = "refresh_token"
    static let deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code"

    var loginEndpoints: [Route] {
        [
            Route(
                .post,
                RouterPath(Self.deviceAuthorizationPath),
                OperationDescription(
                    "authorizeDevice",
                    .signIn,
                    "Ask to sign in a command line without a browser (RFC 8628)",
                    details:
                        "The code is typed at the portal, by whoever the command line is to act "
                        + "for. The client is `\(Logins.client)`, which has no secret.",
                    by: .holder,
                    body: .deviceAuthorization,
                    answers: .json("DeviceAuthorization", "The codes."),
                    refuses: []
                )
            ) { request, context in
                try await answeringAsOAuth(context) {
                    let form = try await form(of: request)
                    try Self.checkLoginClient(form, request)
                    let login = try await Self.answeringLogins {
                        let wish = try LoginWish(device: form["device_name"], scope: form["scope"])
                        return try await logins.ask(wish, from: client(of: request, context))
                    }
                    return try JSONAnswer.response(
                        DeviceAuthorization(
                            deviceCode: login.deviceCode,
                            userCode: login.userCode,
                            verificationURI: "\(publicURL)/device",
                            expiresIn: Limits.deviceCodeLife.milliseconds / 1000,
                            interval: IdentityLimits.pollInterval.milliseconds / 1000
                        ),
                        headers: [.cacheControl: "no-store"]
                    )
                }
            }
        ]
    }

    /// Whether `grant` is one of a command line's.
    static func isLoginGrant(_ grant: String) -> Bool {
        [authorizationCodeGrant, refreshTokenGrant, deviceCodeGrant].contains(grant)
    }

    /// Tokens for a code or a refresh token. Wrong ones are counted for each address.
    func loginTokens(
        _ grant: String,
        _ form: OAuthForm,
        _ request: Request,
        _ context: APIContext
    ) async throws -> Response {
        try Self.checkLoginClient(form, request)
        let address = client(of: request, context).address
        let tokens: LockboxIdentity.LoginTokens
        do {
            tokens = try await Self.answeringLogins {
                switch grant {
                case Self.authorizationCodeGrant:
                    try await logins.tokens(
                        code: try form.required("code"),
                        verifier: try form.required("code_verifier"),
                        callback: try form.required("redirect_uri")
                    )
                case Self.refreshTokenGrant:
                    try await logins.tokens(refresh: try form.required("refresh_token"))
                case _:
                    try await logins.tokens(deviceCode: try form.required("device_code"))
                }
            }
        } catch let error as OAuthError where error.error == OAuthError.invalidGrant {
            // Guessing is bounded for each address; what is right is never held up by it.
            try failureLimit.take("login \(address)", now: clock.now())
            throw error
        }
        return try JSONAnswer.response(
            LockboxWire.LoginTokens(
                accessToken: tokens.access,
                expiresIn: tokens.accessLife.milliseconds / 1000,
                refreshToken: tokens.refresh,
                scope: tokens.token.scopes.names.joined(separator: " ")
            ),
            headers: [.cacheControl: "no-store"]
        )
    }

    /// Ends the login of a refresh token; nil where `form` has none.
    func endLogin(_ form: OAuthForm, _ request: Request) async throws -> Response? {
        guard let token = form["token"], token.hasPrefix(Logins.refreshPrefix) else { return nil }
        try Self.checkLoginClient(form, request)
        try await logins.end(refresh: token)
        return Response(status: .ok)
    }

    /// The command line has no secret, so whoever shows one is another client.
    private static func checkLoginClient(_ form: OAuthForm, _ request: Request) throws {
        guard request.headers[.authorization] == nil, form["client_secret"] == nil,
            form["client_id"] == Logins.client
        else { throw OAuthError.invalidClient }
    }

    /// Refusals of logins in the terms of OAuth.
    private static func answeringLogins<Value>(_ body: () async throws -> Value) async throws
        -> Value
    {
        do {
            return try await body()
        } catch let refused as LoginRefused {
            throw OAuthError(refused)
        } catch let refusal as Refusal {
            throw OAuthError(refusal) ?? refusal
        }
    }
}

extension OAuthError {
    static let invalidGrant = "invalid_grant"

    fileprivate init(_ refused: LoginRefused) {
        let (error, description) =
            switch refused {
            case .invalidGrant:
                (Self.invalidGrant, "It opens nothing, or nothing any more. Sign in again.")
            case .pending: ("authorization_pending", "Nobody has allowed it yet.")
            case .slowDown: ("slow_down", "You ask too often.")
            case .denied: ("access_denied", "It was not allowed.")
            case .expired: ("expired_token", "Nobody allowed it in time.")
            }
        self.init(status: .badRequest, error: error, description: description)
    }

    /// Nil for what is not the asking client's doing.
    fileprivate init?(_ refusal: Refusal) {
        let error: String
        if case .scopeWithheld = refusal {
            error = "invalid_scope"
        } else if case .invalid(let field, _) = refusal {
            error = field.hasPrefix("scope") ? "invalid_scope" : "invalid_request"
        } else if case .limitReached = refusal {
            error = "access_denied"
        } else {
            return nil
        }
        self.init(status: .badRequest, error: error, description: refusal.sentence)
    }
}
