import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// Where everybody comes in.
struct SignInPage: Page {
    static let template = PageTemplate(PackageResources.sign_in_mustache)

    var title: String { "Sign in" }
    var email: String?
    var next = ""
    var problem: String?
    var done: String?
    /// Whether the address comes first, and says where else somebody signs in.
    var isAddressFirst = false
    /// Where else somebody can sign in who has this address.
    var provider: ProviderLink?
    /// Whether a password is one of the ways in.
    var asksPassword = true
    /// Whether the browser is asked whether it has a passkey.
    var offersPasskey = false
}

/// The way to an OpenID provider.
struct ProviderLink: Sendable {
    let providerName: String
    let organisation: String
    let address: String
    /// Whether the script goes there by itself.
    let isOnlyWay: Bool
}

extension PortalSite {
    var signInRoutes: [Route] {
        [
            Route(method: .get, path: "/") { request, context in
                let viewer = try await viewer(of: request, context)
                return seeOther(Self.home(of: viewer))
            },
            Route(method: .get, path: "/sign-in") { request, _ in
                var page = SignInPage(next: request.query("next")?.asLocalPath ?? "")
                page.done = told(in: request)?.sentence
                page.isAddressFirst = try await providers.isUsed()
                if providerName.value == nil { providerName.keep(try await lockbox.providerName()) }
                page.offersPasskey = passkeys.areOffered
                return doorPage(page)
            },
            Route(method: .post, path: "/sign-in") { request, context in
                try checkOrigin(of: request)
                let form = try await Form(request)
                return try await signIn(form, request, context)
            },
        ]
    }

    /// Where a person's work begins.
    static func home(of viewer: Viewer) -> String {
        if !viewer.isCustomer {
            return viewer.holds([.engineer, .manager, .operator]) ? "/work" : "/audit"
        }
        return viewer.oversees ? "/overview" : "/support"
    }

    private func signIn(_ form: Form, _ request: Request, _ context: PortalContext)
        async throws -> Response
    {
        let client = client(of: request, context)
        let next = form["next"]?.asLocalPath ?? "/"
        let email = form["email"] ?? ""
        // One page asks for both, the other for the address first.
        if form["password"] == nil,
            let page = try await secondPage(email, next, from: client, context.logger)
        {
            return page
        }
        do {
            let begun = try await sessions.begin(
                email: email,
                password: form.secret("password"),
                from: client
            )
            return try await letIn(begun, to: next, request)
        } catch Refusal.badCredentials {
            var page = SignInPage(
                email: form["email"],
                next: next,
                problem: Refusal.badCredentials.sentence
            )
            page.offersPasskey = passkeys.areOffered
            return doorPage(page, status: .unprocessableContent)
        }
    }
}
