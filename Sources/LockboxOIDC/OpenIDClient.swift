import Crypto
import Foundation
package import LockboxDomain
package import LockboxPorts
import LockboxWire
import MerkleLog

/// Lockbox as the client of OpenID providers: the authorization code flow with PKCE (OpenID Connect
/// Core §3.1, RFC 7636, RFC 9700).
package struct OpenIDClient: Sendable {
    /// Claims by which the client shows who it is (RFC 7523 §3), to be signed.
    package struct Assertion: Encodable, Sendable {
        package let iss: String
        package let sub: String
        package let aud: String
        package let jti: String
        package let iat: Int64
        package let exp: Int64
    }

    private let known: KnownProviders
    private let http: any ProviderHTTP
    private let clock: any WallClock
    private let entropy: any Entropy
    private let secret: @Sendable (OpenIDProvider.ClientSecret) throws -> String
    private let sign: @Sendable (Assertion) throws -> String
    private let attemptKey: SymmetricKey
    /// Where providers send people back to.
    package let redirection: String
    /// And where to, after they signed out there.
    package let signInPage: String
    /// Where providers say that somebody signed out.
    package let logout: String

    /// `secret` reads a client's secret, anew each time; `sign` makes a token of a client that has
    /// none. `seed` is the installation's secret, from which the key is derived (RFC 5869) that
    /// vouches for attempts.
    package init(
        http: any ProviderHTTP,
        clock: any WallClock,
        entropy: any Entropy,
        publicURL: String,
        seed: [UInt8],
        secret: @escaping @Sendable (OpenIDProvider.ClientSecret) throws -> String,
        sign: @escaping @Sendable (Assertion) throws -> String
    ) {
        known = KnownProviders(http)
        self.http = http
        self.clock = clock
        self.entropy = entropy
        self.secret = secret
        self.sign = sign
        attemptKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed),
            info: Array("lockbox sign-in attempt".utf8),
            outputByteCount: 32
        )
        redirection = publicURL + "/oidc/callback"
        signInPage = publicURL + "/sign-in"
        logout = publicURL + "/oidc/logout"
    }

    /// What the machine's clock shows. Ours does not go back, so that it can be far ahead after the
    /// machine's was put right; the provider knows nothing of that.
    private var wall: Timestamp { clock.now() - clock.ahead }

    package func attempt(at side: Side, isConfirmation: Bool, next: String) -> SignInAttempt {
        SignInAttempt(
            at: side,
            isConfirmation: isConfirmation,
            next: next,
            now: wall,
            entropy: entropy
        )
    }

    package func isOpen(_ attempt: SignInAttempt) -> Bool { attempt.isOpen(at: wall) }

    /// As the browser that began it keeps it. Its owner knows the secret that state and nonce are made
    /// from: what she asked for, and when, is not hers to say afterwards.
    package func keep(_ attempt: SignInAttempt) throws -> String {
        let kept = try attempt.kept()
        let code = HMAC<SHA256>.authenticationCode(for: Data(kept.utf8), using: attemptKey)
        return "\(kept).\(code.base64URL)"
    }

    /// Nil for what this server has not kept so.
    package func attempt(kept text: String) -> SignInAttempt? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let code = Data(base64URL: parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(
                code,
                authenticating: Data(parts[0].utf8),
                using: attemptKey
            )
        else { return nil }
        return SignInAttempt(kept: String(parts[0]))
    }

    /// Where the browser goes to sign in. `hint` is the address that somebody gave.
    package func authorization(
        _ attempt: SignInAttempt,
        at provider: OpenIDProvider,
        hint: String?
    ) async throws -> String {
        let metadata = try await known.metadata(of: provider.issuer, now: wall)
        var fields = [
            ("response_type", "code"), ("client_id", provider.clientID),
            ("redirect_uri", redirection), ("scope", "openid email profile"),
            ("state", attempt.state), ("nonce", attempt.nonce),
            ("code_challenge", attempt.codeChallenge), ("code_challenge_method", "S256"),
        ]
        if attempt.isConfirmation {
            fields += [("prompt", "login"), ("max_age", "0")]
            if !provider.acrValues.isEmpty {
                fields.append(("acr_values", provider.acrValues.joined(separator: " ")))
            }
        }
        if let hint { fields.append(("login_hint", hint)) }
        let separator = metadata.authorizationEndpoint.contains("?") ? "&" : "?"
        return metadata.authorizationEndpoint + separator + FormText.encode(fields)
    }

    /// Who came back with `code`. `issuer` is what the provider called itself with it (RFC 9207).
    package func token(
        for code: String,
        from issuer: String?,
        of attempt: SignInAttempt,
        at provider: OpenIDProvider
    ) async throws -> IDToken {
        try await check(issuer, of: provider)
        let metadata = try await known.metadata(of: provider.issuer, now: wall)
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirection),
            ("code_verifier", attempt.codeVerifier),
        ]
        let authorization = try authenticate(provider, metadata, &form)
        let answer = try await http.post(
            form,
            authorization: authorization,
            to: metadata.tokenEndpoint
        )
        let token: SignedToken
        do {
            token = try SignedToken(try JSONDecoder().decode(Answer.self, from: answer).idToken)
        } catch let fault as ProviderFault {
            throw fault
        } catch {
            throw ProviderFault(.refused, "sent no ID token")
        }
        // One that is typed as something else was made for something else (RFC 8725 §3.11).
        guard [nil, "jwt"].contains(token.type) else {
            throw ProviderFault(.refused, "sent no ID token")
        }
        let claims = try await claims(IDTokenClaims.self, of: token, from: provider)
        return try claims.verified(for: provider, attempt, now: wall)
    }

    /// Throws where `provider` does not say of itself what a sign-in needs.
    package func look(at provider: OpenIDProvider) async throws {
        _ = try await known.metadata(of: provider.issuer, now: wall)
        _ = try await known.keys(of: provider.issuer, isUnknown: false, now: wall)
    }

    /// What the provider said, by itself, is over (OpenID Connect Back-Channel Logout 1.0 §2.6).
    package func verify(_ sent: SentLogoutToken, from provider: OpenIDProvider) async throws
        -> LogoutToken
    {
        guard [nil, "jwt", "logout+jwt"].contains(sent.token.type) else {
            throw ProviderFault(.refused, "sent no logout token")
        }
        let claims = try await claims(LogoutTokenClaims.self, of: sent.token, from: provider)
        return try claims.verified(for: provider, wall: wall, ahead: clock.ahead)
    }

    /// Where somebody who signed out here signs out there too; nil where it has no such place, or
    /// cannot be asked (OpenID Connect RP-Initiated Logout 1.0 §2).
    package func signOut(at provider: OpenIDProvider) async throws -> String? {
        let metadata: ProviderMetadata
        do {
            metadata = try await known.metadata(of: provider.issuer, now: wall)
        } catch is ProviderFault {
            return nil
        }
        guard let place = metadata.endSessionEndpoint,
            ProviderAddress.isAllowed(place, beside: provider.issuer)
        else { return nil }
        let fields = [
            ("client_id", provider.clientID), ("post_logout_redirect_uri", signInPage),
        ]
        return place + (place.contains("?") ? "&" : "?") + FormText.encode(fields)
    }

    /// The answer came from the provider that was asked: else another one, which somebody signed in
    /// at too, could have it take a code of this one (RFC 9207, RFC 9700 §4.4).
    package func check(_ issuer: String?, of provider: OpenIDProvider) async throws {
        guard let issuer else {
            if try await known.metadata(of: provider.issuer, now: wall).namesItself {
                throw ProviderFault(.refused, "sent you back without saying who it is")
            }
            return
        }
        guard issuer == provider.issuer else {
            throw ProviderFault(.refused, "is not the one that sent you back")
        }
    }

    private struct Answer: Decodable {
        let idToken: String

        private enum CodingKeys: String, CodingKey { case idToken = "id_token" }
    }

    /// A key that is not known is asked for once.
    private func claims<Claims: Decodable>(
        _ type: Claims.Type,
        of token: SignedToken,
        from provider: OpenIDProvider
    ) async throws -> Claims {
        for isUnknown in [false, true] {
            let keys = try await known.keys(
                of: provider.issuer,
                isUnknown: isUnknown,
                now: wall
            )
            if let claims = try await token.claims(type, signedBy: keys) { return claims }
        }
        throw ProviderFault(.refused, "signed with a key that it does not publish")
    }

    /// Adds to `form` what shows who the client is; gives the field that does (RFC 6749 §2.3.1).
    private func authenticate(
        _ provider: OpenIDProvider,
        _ metadata: ProviderMetadata,
        _ form: inout [(String, String)]
    ) throws -> String? {
        switch provider.authentication {
        case .secretBasic:
            let pair = [provider.clientID, try secret(of: provider)]
                .map { PercentEncoding.encode($0) }.joined(separator: ":")
            return "Basic \(Data(pair.utf8).base64EncodedString())"
        case .secretPost:
            form += [
                ("client_id", provider.clientID), ("client_secret", try secret(of: provider)),
            ]
        case .privateKey:
            let now = wall.secondsSinceEpoch
            let assertion = Assertion(
                iss: provider.clientID,
                sub: provider.clientID,
                aud: metadata.issuer,
                jti: entropy.bytes(16).base64URL,
                iat: now,
                exp: now + 60
            )
            form += [
                ("client_id", provider.clientID),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                ), ("client_assertion", try sign(assertion)),
            ]
        case .none: form.append(("client_id", provider.clientID))
        }
        return nil
    }

    private func secret(of provider: OpenIDProvider) throws -> String {
        guard let kept = provider.clientSecret else {
            throw ProviderFault(.unreachable, "has no client secret here")
        }
        do {
            return try secret(kept)
        } catch {
            // Whoever reads it has logged which one it is.
            throw ProviderFault(
                .unreachable,
                "cannot be asked, because its client secret cannot be read here"
            )
        }
    }
}
