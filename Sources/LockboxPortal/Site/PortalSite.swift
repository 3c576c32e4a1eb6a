import HTTPTypes
package import Hummingbird
package import LockboxAudit
import LockboxDomain
import LockboxHTTP
package import LockboxIdentity
package import LockboxNotifier
package import LockboxOIDC
package import LockboxPorts
package import LockboxService

/// The portal: pages and forms over the use cases. It finds out who is looking, calls one use case,
/// and shows a page. Everything works without the script; nothing that a GET does changes anything.
package struct PortalSite: Sendable {
    let lockbox: Lockbox
    let sessions: Sessions
    let signIn: SignIn
    let providers: ProviderSignIn
    let openID: OpenIDClient
    let clientSecretKey: ClientSecretKey
    let invitations: Invitations
    let forgottenPasswords: ForgottenPasswords
    let passkeys: Passkeys
    let logins: Logins
    let log: LogReader
    let clock: any WallClock
    /// Without a trailing slash.
    let publicURL: String
    let entropy: any Entropy
    /// What browsers send in `Origin` with forms of ours.
    let origin: WebOrigin?
    let feed: LiveFeed
    let makePause: @Sendable () -> any Pause
    let proxies: TrustedProxies
    let logCheck: LogCheck
    let branding: Branding
    let providerName = LastProviderName()
    let verifyLimit = RateLimit(burst: 5, perSecond: 0.1)
    let providerLimit = RateLimit(
        burst: IdentityLimits.providerSignInBurst,
        perSecond: IdentityLimits.providerSignInsPerSecond
    )
    let signOutLimit = RateLimit(
        burst: IdentityLimits.providerSignOutBurst,
        perSecond: IdentityLimits.providerSignOutsPerSecond
    )
    var isSecure: Bool { origin?.scheme == "https" }

    /// `publicURL` is how browsers reach this server, without a trailing slash. Each open page
    /// waits with a pause of its own.
    package init(
        lockbox: Lockbox,
        sessions: Sessions,
        signIn: SignIn,
        providers: ProviderSignIn,
        openID: OpenIDClient,
        clientSecretKey: ClientSecretKey,
        invitations: Invitations,
        forgottenPasswords: ForgottenPasswords,
        passkeys: Passkeys,
        log: LogReader,
        logCheck: LogCheck,
        clock: any WallClock,
        entropy: any Entropy,
        publicURL: String,
        proxies: TrustedProxies,
        appearance: Appearance = .plain,
        feed: LiveFeed,
        makePause: @escaping @Sendable () -> any Pause
    ) {
        self.lockbox = lockbox
        self.sessions = sessions
        self.signIn = signIn
        self.providers = providers
        self.openID = openID
        self.clientSecretKey = clientSecretKey
        self.invitations = invitations
        self.forgottenPasswords = forgottenPasswords
        self.passkeys = passkeys
        logins = Logins(signIn)
        self.log = log
        self.logCheck = logCheck
        self.clock = clock
        self.entropy = entropy
        self.feed = feed
        self.makePause = makePause
        self.proxies = proxies
        branding = Branding(appearance)
        self.publicURL = publicURL
        origin = WebOrigin(publicURL)
    }

    /// All routes, ready to serve.
    package func responder() -> RouterResponder<PortalContext> {
        let router = Router(context: PortalContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: boundary)
        // Another method is another address, and as unknown as one that does not exist.
        router.add(routes) { _ in Refusal.notFound(.page) }
        for asset in Assets.all + branding.assets {
            router.get(RouterPath(asset.path)) { _, _ in asset.response }
        }
        return router.buildResponder()
    }

    /// Every method of every path but the assets.
    var routes: [Route] {
        signInRoutes + signOutRoutes + passwordRoutes + openIDRoutes + loginRoutes + customerRoutes
            + providerRoutes + sharedRoutes + (passkeys.areOffered ? passkeyRoutes : [])
    }

    private var customerRoutes: [Route] {
        overviewRoutes + liveAccessRoutes + severalRoutes + settingsRoutes + waitingRulesRoutes
            + signInSettingsRoutes
            + provisioningRoutes + peopleRoutes
    }
    private var providerRoutes: [Route] {
        workRoutes + newRequestRoutes + tenantsRoutes
    }
    private var sharedRoutes: [Route] {
        requestRoutes + timelineRoutes + supportRoutes + auditRoutes + reportRoutes + eraseRoutes
            + accountRoutes + timeZoneRoutes + liveRoutes
    }
}

extension PortalSite {
    /// A page for people of `audience` who are signed in.
    func page(
        _ path: RouterPath,
        for audience: Audience,
        _ make: @escaping @Sendable (Request, PortalContext, Viewer) async throws -> any Page
    ) -> Route {
        Route(method: .get, path: path) { request, context in
            // Forms that ask send every field, and what is not typed does not belong in an address.
            if let plain = request.addressWithoutEmptyFields { return seeOther(plain) }
            let viewer = try await viewer(of: request, context)
            guard audience.includes(viewer.person) else { throw Refusal.notFound(.page) }
            let done = told(in: request)
            return try await ReadersZone.$current.withValue(viewer.person.timeZone) {
                html(try await make(request, context, viewer), viewer, done: done)
            }
        }
    }

    /// A form that people of `audience` send from one of our pages. `back` is the page that shows
    /// the form, by the path it is sent to. One that `isUrgent` writes nothing before it is taken,
    /// not even that its sender is still there.
    func form(
        _ path: RouterPath,
        for audience: Audience,
        isUrgent: Bool = false,
        back: @escaping @Sendable (PortalContext) -> String,
        _ take: @escaping @Sendable (Form, PortalContext, Viewer) async throws -> Response
    ) -> Route {
        Route(method: .post, path: path) { request, context in
            try checkOrigin(of: request)
            let form = try await Form(request)
            var viewer: Viewer
            do {
                viewer = try await self.viewer(of: request, context, isLooking: isUrgent)
            } catch Refusal.notSignedIn {
                throw PortalError.signedOutMeanwhile(kept: form.longTexts, back: back(context))
            }
            viewer.formPage = back(context)
            guard audience.includes(viewer.person) else { throw Refusal.notFound(.page) }
            guard sessions.csrfMatches(form.secret("csrf"), viewer.signedIn) else {
                throw PortalError.foreignForm(nil)
            }
            return try await ReadersZone.$current.withValue(viewer.person.timeZone) {
                try await take(form, context, viewer)
            }
        }
    }

    func html(
        _ page: any Page,
        _ viewer: Viewer,
        status: HTTPResponse.Status = .ok,
        done: Flash? = nil
    ) -> Response {
        .html(Frame(page, viewer: viewer, done: done, branding).document(), status: status)
    }

    /// A page for who is not signed in.
    func doorPage(_ page: any Page, status: HTTPResponse.Status = .ok) -> Response {
        .html(
            Frame(
                beforeSignIn: page,
                at: providerName.value,
                now: clock.now(),
                branding
            ).document(),
            status: status
        )
    }

    /// What follows a session that begins: the page at `path`, with the cookies by which the browser
    /// is known.
    func letIn(
        _ begun: (secret: String, signedIn: SignedIn),
        to path: String,
        _ request: Request,
        _ done: Flash? = nil
    ) async throws -> Response {
        // What this browser forgets, nobody must find elsewhere (OWASP ASVS 5.0, 7.2.4).
        if let former = sessionSecret(of: request) { try await sessions.end(former) }
        let response = setSession(begun.secret, on: seeOther(path, done))
        return begun.signedIn.device.map { setDevice($0, on: response) } ?? response
    }

    /// What follows a form that was taken: another page, which a reload only shows again. `change`
    /// is what else the answer does.
    func seeOther(
        _ path: String,
        _ done: Flash? = nil,
        also change: (Response) -> Response = { $0 }
    ) -> Response {
        let query = done.map { (path.contains("?") ? "&" : "?") + "done=" + $0.rawValue } ?? ""
        let response = change(Response(status: .seeOther, headers: [.location: path + query]))
        return done.map { setDone($0, on: path, response) } ?? response
    }

    /// Who is looking; throws `Refusal.notSignedIn` where nobody is. That she `isLooking` counts as
    /// no use of her session.
    func viewer(
        of request: Request,
        _ context: PortalContext,
        isLooking: Bool = false
    ) async throws -> Viewer {
        guard let secret = sessionSecret(of: request) else { throw Refusal.notSignedIn }
        let found =
            try await isLooking || Self.isOfOpenPage(request)
            ? sessions.look(secret) : sessions.resume(secret)
        guard let signedIn = found else { throw Refusal.notSignedIn }
        let (provider, tenant, waiting) = try await lockbox.organisations(of: signedIn.person)
        providerName.keep(provider)
        return Viewer(
            signedIn: signedIn,
            secret: secret,
            providerName: provider,
            tenant: tenant,
            now: clock.now(),
            waiting: waiting,
            formKey: Lockbox.text(entropy.bytes(16))
        )
    }

    /// Both sides of a comparison of origins, for the page and for the log.
    private func foreign(_ sent: String) -> ForeignOrigin {
        // Written by anybody, so only as much of it as an origin has, and nothing else.
        let shown = sent.unicodeScalars.prefix(PortalLimits.originLength).map {
            (0x21...0x7E).contains($0.value) ? Character($0) : "?"
        }
        return ForeignOrigin(sent: String(shown), ours: origin?.description ?? "unknown")
    }

    /// A form of another site is refused whatever else it brings (OWASP CSRF Prevention Cheat
    /// Sheet, "Verifying Origin"). Browsers that send neither field are left to the token.
    func checkOrigin(of request: Request) throws {
        if let sent = request.headers[.origin] {
            guard let from = WebOrigin(sent), from == origin else {
                throw PortalError.foreignForm(foreign(sent))
            }
        } else if let site = HTTPField.Name("Sec-Fetch-Site").flatMap({ request.headers[$0] }) {
            guard site == "same-origin" || site == "none" else {
                throw PortalError.foreignForm(nil)
            }
        }
    }
}

extension Response {
    static func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/html; charset=utf-8"],
            body: .init(byteBuffer: .init(string: text))
        )
    }
}
