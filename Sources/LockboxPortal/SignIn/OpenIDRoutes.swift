import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import Logging

/// Signing in at an organisation's own OpenID provider: out to it, and back.
extension PortalSite {
    var openIDRoutes: [Route] {
        [
            // What people of one tenant keep as a bookmark.
            Route(method: .get, path: "/t/{tenant}") { request, context in
                // Who has no provider has a password; whether there is such a tenant is told nobody.
                let side = context.parameters.get("tenant").flatMap { TenantID($0) }
                    .map(Side.tenant)
                return try await goOut(to: side, request, context)
            },
            Route(method: .get, path: "/staff") { request, context in
                try await goOut(to: .provider, request, context)
            },
            Route(method: .get, path: "/oidc/callback") { request, context in
                try await comeBack(request, context)
            },
            Route(method: .get, path: "/confirm") { request, context in
                let viewer = try await viewer(of: request, context)
                let next = request.query("next")?.asLocalPath ?? "/"
                guard viewer.signedIn.session.issuer != nil else { return seeOther(next) }
                let attempt = openID.attempt(at: viewer.side, isConfirmation: true, next: next)
                return try await goOut(attempt, hint: viewer.person.email.text, context)
            },
        ]
    }

    /// What follows an address that was given alone; nil where it is to be taken for a sign-in.
    func secondPage(
        _ email: String,
        _ next: String,
        from client: ClientKey,
        _ logger: Logger
    ) async throws -> Response? {
        guard try await providers.isUsed() else { return nil }
        try providerLimit.take(client.address, now: clock.now())
        var page = SignInPage(email: email, next: next)
        guard let way = try await providers.way(for: email), let provider = way.settings.provider
        else { return doorPage(page) }
        let attempt = openID.attempt(at: way.side, isConfirmation: false, next: next)
        let takesPasswords = way.settings.takesPasswords(at: clock.now())
        page.asksPassword = takesPasswords
        do {
            page.provider = ProviderLink(
                providerName: OpenIDProvider.shownName(provider.issuer),
                organisation: way.name,
                address: try await openID.authorization(attempt, at: provider, hint: email),
                isOnlyWay: !takesPasswords
            )
        } catch let fault as ProviderFault {
            let failure = failure(fault, way, logger)
            // Who has a password too can use it.
            guard takesPasswords else { throw failure }
            page.problem = failure.sentence
        }
        return try setAttempt(attempt, on: doorPage(page))
    }

    private func goOut(to side: Side?, _ request: Request, _ context: PortalContext)
        async throws -> Response
    {
        let next = request.query("next")?.asLocalPath ?? "/"
        guard let side, try await providers.way(of: side) != nil else {
            return seeOther("/sign-in?next=\(next.asQueryValue)")
        }
        try providerLimit.take(client(of: request, context).address, now: clock.now())
        let attempt = openID.attempt(at: side, isConfirmation: false, next: next)
        return try await goOut(attempt, hint: nil, context)
    }

    private func goOut(_ attempt: SignInAttempt, hint: String?, _ context: PortalContext)
        async throws -> Response
    {
        guard let way = try await providers.way(of: attempt.side),
            let provider = way.settings.provider
        else { throw Refusal.notFound(.page) }
        do {
            let place = try await openID.authorization(attempt, at: provider, hint: hint)
            return try setAttempt(
                attempt,
                on: Response(status: .seeOther, headers: [.location: place])
            )
        } catch let fault as ProviderFault {
            throw failure(fault, way, context.logger)
        }
    }

    // MARK: - Back

    private func comeBack(_ request: Request, _ context: PortalContext) async throws -> Response {
        let client = client(of: request, context)
        try providerLimit.take(client.address, now: clock.now())
        guard let attempt = attempt(of: request), openID.isOpen(attempt),
            let state = request.query("state"), request.queryCount("state") == 1,
            attempt.matches(state: state)
        else {
            throw SignInFailure(
                "This sign-in was not begun in this browser, or too long ago.",
                "Nothing was done. Begin again."
            )
        }
        do {
            return clearAttempt(on: try await admit(attempt, request, client, context))
        } catch let failure as SignInFailure {
            throw failure.over(attempt)
        }
    }

    private func admit(
        _ attempt: SignInAttempt,
        _ request: Request,
        _ client: ClientKey,
        _ context: PortalContext
    ) async throws -> Response {
        guard let way = try await providers.way(of: attempt.side),
            let provider = way.settings.provider
        else { throw SignInFailure(NotAdmitted.otherSettings, provider: "") }
        let name = OpenIDProvider.shownName(provider.issuer)
        let next = attempt.next.asLocalPath ?? "/"
        do {
            let token = try await token(of: attempt, at: provider, request)
            if attempt.isConfirmation {
                guard let secret = sessionSecret(of: request) else { throw Refusal.notSignedIn }
                let confirmed = try await sessions.confirm(secret, by: token)
                return setSession(confirmed.secret, on: seeOther(next))
            }
            return try await letIn(
                try await providers.begin(token, at: attempt.side, from: client),
                to: next,
                request
            )
        } catch let fault as ProviderFault {
            throw failure(fault, way, context.logger)
        } catch let reason as NotAdmitted {
            context.logger.notice(
                "somebody whom an OpenID provider let in is nobody here",
                metadata: ["issuer": "\(provider.issuer)", "why": "\(reason.word)"]
            )
            throw SignInFailure(reason, provider: name)
        }
    }

    /// What comes of somebody's own choice, and what else a provider can say (RFC 6749 §4.1.2.1,
    /// OpenID Connect Core §3.1.2.6).
    private static let choices = ["access_denied", "login_required", "consent_required"]
    private static let knownErrors = [
        "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope",
        "server_error", "temporarily_unavailable", "interaction_required",
        "account_selection_required", "invalid_request_uri", "invalid_request_object",
        "request_not_supported", "request_uri_not_supported", "registration_not_supported",
        "unmet_authentication_requirements",
    ]

    /// Who came back, from the answer in the address.
    private func token(
        of attempt: SignInAttempt,
        at provider: OpenIDProvider,
        _ request: Request
    ) async throws -> IDToken {
        let issuer = request.query("iss")
        guard ["iss", "code", "error"].allSatisfy({ request.queryCount($0) < 2 }) else {
            throw ProviderFault(.refused, "sent you back with something said twice")
        }
        if let error = request.query("error") {
            try await openID.check(issuer, of: provider)
            guard Self.choices.contains(error) else {
                throw ProviderFault(
                    .refused,
                    "does not take what Lockbox asks of it",
                    detail: Self.knownErrors.contains(error) ? error : "an error that is none"
                )
            }
            throw ProviderFault(.declined, "sent you back without having let you in")
        }
        guard let code = request.query("code"), !code.isEmpty,
            code.utf8.count <= OIDCLimits.codeBytes
        else { throw ProviderFault(.refused, "sent you back without a code") }
        return try await openID.token(for: code, from: issuer, of: attempt, at: provider)
    }

    private func failure(_ fault: ProviderFault, _ way: WayIn, _ logger: Logger) -> SignInFailure {
        let issuer = way.settings.provider?.issuer ?? ""
        // What only somebody's own choice was is no news.
        if fault.kind != .declined {
            logger.warning(
                "sign-in at an OpenID provider failed",
                metadata: [
                    "issuer": "\(issuer)", "why": "it \(fault.what)",
                    "detail": "\(fault.detail ?? "")",
                ]
            )
        }
        return SignInFailure(fault, provider: OpenIDProvider.shownName(issuer))
    }
}

/// Somebody is not let in, and why.
struct SignInFailure: Error {
    let sentence: String
    let advice: String
    let status: HTTPResponse.Status
    /// Whether what the browser keeps of the attempt is good for nothing any more.
    private(set) var isOver = false
    /// Whether whoever is signed in was to show who she is.
    private(set) var isConfirmation = false

    init(_ sentence: String, _ advice: String, _ status: HTTPResponse.Status = .forbidden) {
        self.sentence = sentence
        self.advice = advice
        self.status = status
    }

    init(_ fault: ProviderFault, provider: String) {
        let tell = "Tell whoever runs it, or whoever runs Lockbox: the server's log says the same."
        switch fault.kind {
        case .unreachable:
            self.init(
                "\(provider) cannot let you in just now: it \(fault.what).",
                "Try again in a moment. \(tell)",
                .serviceUnavailable
            )
        case .refused:
            self.init(
                "What came from \(provider) cannot be trusted: it \(fault.what).",
                "You were not signed in, and nothing was changed. \(tell)"
            )
        case .declined:
            self.init("\(provider) \(fault.what).", "Begin again if you did not mean to stop.")
        }
    }

    init(_ reason: NotAdmitted, provider: String) {
        let ask = "Ask an administrator of your organisation."
        switch reason {
        case .otherSettings:
            self.init("Your organisation signs in another way by now.", "Begin again.")
        case .noAddress:
            self.init("\(provider) does not say that an e-mail address is yours.", ask)
        case .foreignAddress(let address):
            self.init(
                "\(address) is in no domain that belongs to your organisation here.",
                "Whoever runs Lockbox says which domains are a customer's."
            )
        case .unknown(let address):
            self.init("\(address) is nobody here yet.", ask)
        case .otherAccount(let address):
            self.init(
                "Whoever has the address \(address) here signs in with another account at "
                    + "\(provider).",
                "Your administrators were told. \(ask)"
            )
        case .disabled: self.init("Your account here is switched off.", ask)
        case .somebodyElse:
            self.init(
                "At \(provider) you are somebody else than here.",
                "Nothing was decided. Sign out there, and confirm again."
            )
        }
    }

    func over(_ attempt: SignInAttempt) -> SignInFailure {
        var failure = self
        failure.isOver = true
        failure.isConfirmation = attempt.isConfirmation
        return failure
    }
}

extension NotAdmitted {
    /// For the log: no addresses.
    fileprivate var word: String {
        switch self {
        case .otherSettings: "other settings"
        case .noAddress: "no verified address"
        case .foreignAddress: "address outside the organisation's domains"
        case .unknown: "unknown address"
        case .otherAccount: "another account has this address"
        case .disabled: "switched off"
        case .somebodyElse: "somebody else than who is signed in"
        }
    }
}

struct SignInFailedPage: Page {
    static let template = PageTemplate(PackageResources.sign_in_failed_mustache)

    var title: String { isConfirmation ? "Not confirmed" : "Not signed in" }
    let isConfirmation: Bool
    let sentence: String
    let advice: String

    init(_ failure: SignInFailure) {
        isConfirmation = failure.isConfirmation
        sentence = failure.sentence
        advice = failure.advice
    }
}
