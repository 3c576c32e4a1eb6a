import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts

/// Where somebody lets a command line act for her: in the browser of the same machine (RFC 8252), or on
/// a page elsewhere where she types the code that it shows (RFC 8628). Whoever is not signed in does
/// that first, by whatever lets her in, and comes back here.
extension PortalSite {
    /// Among the API's paths, since that is where programs know it.
    package static let authorizationPath = "/oauth2/authorize"
    private static let devicePath = "/device"

    var loginRoutes: [Route] {
        [
            Route(method: .get, path: RouterPath(Self.authorizationPath)) { request, context in
                let viewer = try await viewer(of: request, context)
                let asked = try AuthorizationRequest(request)
                do {
                    return leading(
                        to: asked,
                        html(loginPage(try asked.wish(for: viewer), asked, request, viewer), viewer)
                    )
                } catch let error as AuthorizationError {
                    return answer(error, to: asked)
                }
            },
            Route(method: .post, path: RouterPath(Self.authorizationPath)) { request, context in
                let here = Self.address(of: request)
                let route = form(
                    RouterPath(Self.authorizationPath),
                    for: .both,
                    back: { _ in here }
                ) { form, context, viewer in
                    try await authorize(form, request, context, viewer)
                }
                return try await route.handler(request, context)
            },
            page("/device", for: .both) { _, _, viewer in DevicePage(viewer) },
            Route(method: .post, path: "/device") { request, context in
                let route = form("/device", for: .both, back: { _ in Self.devicePath }) {
                    form,
                    _,
                    viewer in
                    try await show(form["code"] ?? "", client(of: request, context), viewer)
                }
                return try await route.handler(request, context)
            },
            Route(method: .post, path: "/device/answer") { request, context in
                let route = form("/device/answer", for: .both, back: { _ in Self.devicePath }) {
                    form,
                    context,
                    viewer in
                    try await answer(form, client(of: request, context), context, viewer)
                }
                return try await route.handler(request, context)
            },
        ]
    }

    // MARK: - In the browser of the same machine

    private static func address(of request: Request) -> String {
        request.uri.path + (request.uri.query.map { "?\($0)" } ?? "")
    }

    private func loginPage(
        _ wish: LoginWish,
        _ asked: AuthorizationRequest,
        _ request: Request,
        _ viewer: Viewer,
        refused: Refusal? = nil
    ) -> LoginPage {
        let here = Self.address(of: request)
        return LoginPage(
            viewer,
            device: wish.device,
            scopes: wish.scopes,
            action: here,
            place: .here(asked.callback.origin),
            stepUp: stepUp(viewer, on: here),
            refused: refused
        )
    }

    private func authorize(
        _ form: Form,
        _ request: Request,
        _ context: PortalContext,
        _ viewer: Viewer
    ) async throws -> Response {
        let asked = try AuthorizationRequest(request)
        let wish: LoginWish
        do {
            wish = try asked.wish(for: viewer)
            guard form["answer"] == "allow" else { throw AuthorizationError.denied }
        } catch let error as AuthorizationError {
            return answer(error, to: asked)
        }
        let response = try await confirmed(
            form,
            context,
            viewer,
            again: { loginPage(wish, asked, request, $0, refused: $1) }
        ) { viewer in
            let code = try await logins.allow(
                wish,
                asked.callback,
                by: viewer.person,
                from: client(of: request, context)
            )
            return send([("code", code)], to: asked)
        }
        return leading(to: asked, response)
    }

    private func answer(_ error: AuthorizationError, to asked: AuthorizationRequest) -> Response {
        send([("error", error.name), ("error_description", error.sentence)], to: asked)
    }

    /// Takes the browser back to the command line, with what it needs to know that the answer is one to
    /// its own question and from here (RFC 6749 §4.1.2, RFC 9207 §2).
    private func send(_ fields: [(String, String)], to asked: AuthorizationRequest) -> Response {
        let all = fields + (asked.state.map { [("state", $0)] } ?? []) + [("iss", publicURL)]
        let query = all.map { "\($0)=\($1.asQueryValue)" }.joined(separator: "&")
        return Response(
            status: .seeOther,
            headers: [
                .location: "\(asked.callback.address)?\(query)", .cacheControl: "no-store",
            ]
        )
    }

    /// Lets the forms of the page lead to the command line, which browsers ask for where an answer to
    /// one sends them on.
    private func leading(to asked: AuthorizationRequest, _ response: Response) -> Response {
        var response = response
        // Policies name no IPv6 address (CSP 3 §2.3.1); the scheme is what is left.
        let place = asked.callback.origin.hasPrefix("http://[") ? "http:" : asked.callback.origin
        response.headers[.contentSecurityPolicy] = Self.contentPolicy(formsTo: place)
        return response
    }

    // MARK: - On a page elsewhere

    private func show(_ code: String, _ client: ClientKey, _ viewer: Viewer) async throws
        -> Response
    {
        do {
            let request = try await logins.request(
                userCode: code,
                by: viewer.person,
                from: client
            )
            return html(devicePage(request, code, client, viewer), viewer)
        } catch Refusal.notFound {
            return html(
                DevicePage(viewer, typed: code),
                viewer,
                status: .unprocessableContent
            )
        }
    }

    private func devicePage(
        _ request: LoginRequest,
        _ code: String,
        _ client: ClientKey,
        _ viewer: Viewer,
        refused: Refusal? = nil
    ) -> LoginPage {
        LoginPage(
            viewer,
            device: request.device,
            scopes: request.scopes,
            action: "/device/answer",
            place: .elsewhere(
                code: Logins.shownCode(code) ?? "",
                from: request.askedFrom?.description ?? "an address that is not known",
                isHere: request.askedFrom != nil && request.askedFrom == client.exact
            ),
            stepUp: stepUp(viewer, on: Self.devicePath),
            refused: refused
        )
    }

    private func answer(
        _ form: Form,
        _ client: ClientKey,
        _ context: PortalContext,
        _ viewer: Viewer
    ) async throws -> Response {
        let code = form["code"] ?? ""
        func take(_ isAllowed: Bool, _ viewer: Viewer) async throws -> Response {
            do {
                try await logins.answer(
                    userCode: code,
                    isAllowed: isAllowed,
                    by: viewer.person,
                    from: client
                )
            } catch Refusal.notFound {
                return html(
                    DevicePage(viewer, typed: code),
                    viewer,
                    status: .unprocessableContent
                )
            }
            return seeOther(Self.devicePath, isAllowed ? .loginAllowed : .loginDenied)
        }
        guard form["answer"] == "allow" else { return try await take(false, viewer) }
        return try await confirmed(
            form,
            context,
            viewer,
            again: { viewer, refusal in
                let request = try await logins.request(
                    userCode: code,
                    by: viewer.person,
                    from: client
                )
                return devicePage(request, code, client, viewer, refused: refusal)
            }
        ) { viewer in try await take(true, viewer) }
    }
}

/// Why a command line gets no code (RFC 6749 §4.1.2.1).
private enum AuthorizationError: Error {
    case denied
    case invalid(String)
    case scope(String)
    case responseType

    var name: String {
        switch self {
        case .denied: "access_denied"
        case .invalid: "invalid_request"
        case .scope: "invalid_scope"
        case .responseType: "unsupported_response_type"
        }
    }

    var sentence: String {
        switch self {
        case .denied: "It was not allowed."
        case .invalid(let sentence), .scope(let sentence): sentence
        case .responseType: "response_type must be code."
        }
    }
}

/// What a command line asks for by way of a browser (RFC 6749 §4.1.1, RFC 7636 §4.3).
private struct AuthorizationRequest {
    let callback: LoginCallback
    let state: String?
    private let fields: [String: [String]]

    /// Throws where nobody can be told, since who asks is unknown or what is to be told where is: never
    /// is a browser sent to an address that is not exactly a command line's.
    init(_ request: Request) throws {
        let fields = Dictionary(
            grouping: FormFields.decode((request.uri.query ?? "").utf8) ?? [],
            by: \.name
        ).mapValues { $0.map(\.value) }
        func one(_ name: String) -> String? {
            fields[name].flatMap { $0.count == 1 && $0[0] != "" ? $0[0] : nil }
        }
        // Every request shows its challenge, so that a code is of no use to who only saw it (RFC 9700
        // §2.1.1).
        guard one("client_id") == Logins.client, one("code_challenge_method") == "S256",
            let address = one("redirect_uri"), let challenge = one("code_challenge"),
            let callback = LoginCallback(address: address, challenge: challenge),
            fields["state"].map({ $0.count == 1 && $0[0].utf8.count <= PortalLimits.stateBytes })
                ?? true
        else { throw PortalError.unknownCommandLine }
        self.callback = callback
        self.fields = fields
        state = one("state")
    }

    /// What it wants of `viewer`, if it can have that.
    func wish(for viewer: Viewer) throws(AuthorizationError) -> LoginWish {
        guard fields.allSatisfy({ $1.count == 1 }) else {
            throw .invalid("A parameter comes twice.")
        }
        guard fields["response_type"] == ["code"] else { throw .responseType }
        let wish: LoginWish
        do {
            wish = try LoginWish(
                device: fields["device_name"]?.first,
                scope: fields["scope"]?.first
            )
        } catch {
            if error.field == "device_name" { throw .invalid(error.sentence) }
            throw .scope(error.sentence)
        }
        let withheld = viewer.withheldFromTokens.intersection(wish.scopes)
        guard withheld.isEmpty else { throw .scope(Refusal.scopeWithheld(withheld).sentence) }
        return wish
    }
}

extension Viewer {
    fileprivate var withheldFromTokens: TokenScopes { tenant?.policy.withheldFromTokens ?? [] }
}

/// A command line asks to act for whoever reads this: what it is, what it may do, and by what she can tell
/// that it is her own.
struct LoginPage: Page {
    static let template = PageTemplate(PackageResources.login_mustache)

    /// Where the command line is.
    enum Place: Sendable {
        /// On the machine of this browser, where it listens at this address.
        case here(String)
        /// Somewhere: it showed this code, and asked from there.
        case elsewhere(code: String, from: String, isHere: Bool)
    }

    struct Elsewhere: Sendable {
        let code: String
        let askedFrom: String
        let isHere: Bool
    }

    let title = "A command line asks"
    let action: String
    /// What it calls itself; nil where it says nothing.
    let device: String?
    let personName: String
    let email: String
    let organisationName: String
    let scopes: [ScopeWords]
    let isWeighty: Bool
    let lasts: String
    let listensAt: String?
    let elsewhere: Elsewhere?
    /// What keeps it from being allowed at all.
    let withheldWords: String?
    let problems: Problems
    let stepUp: StepUp?
    let csrf: String
    let key: String

    init(
        _ viewer: Viewer,
        device: String,
        scopes wanted: TokenScopes,
        action: String,
        place: Place,
        stepUp: StepUp?,
        refused: Refusal? = nil
    ) {
        self.action = action
        self.device = device.isEmpty ? nil : device
        personName = viewer.person.name
        email = viewer.person.email.text
        organisationName = viewer.tenant?.name ?? viewer.providerName
        scopes = ScopeWords.all.filter { wanted.contains($0.scope) }.map(\.words)
        isWeighty = !wanted.isDisjoint(with: .weighty)
        lasts =
            isWeighty
            ? IdentityLimits.weightyLoginLifetime.words
            : "\(IdentityLimits.loginLifetime.words), or \(IdentityLimits.loginIdle.words) "
                + "without use"
        switch place {
        case .here(let origin): (listensAt, elsewhere) = (origin, nil)
        case .elsewhere(let code, let from, let isHere):
            listensAt = nil
            elsewhere = Elsewhere(code: code, askedFrom: from, isHere: isHere)
        }
        let withheld = viewer.withheldFromTokens.intersection(wanted)
        withheldWords = withheld.isEmpty ? nil : ScopeWords.labels(of: withheld).lowercased()
        problems = refused.map { Problems([$0.words(on: .settings)]) } ?? .none
        self.stepUp = stepUp
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// Where the code is typed that a command line without a browser shows.
struct DevicePage: Page {
    static let template = PageTemplate(PackageResources.device_mustache)

    let title = "Sign in a command line"
    /// What was typed and shows no command line.
    let typed: String?
    let minutes = Limits.deviceCodeLife.words
    let csrf: String
    let key: String

    init(_ viewer: Viewer, typed: String? = nil) {
        self.typed = typed
        csrf = viewer.csrf
        key = viewer.formKey
    }
}
