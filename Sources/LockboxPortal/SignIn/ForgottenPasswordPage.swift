import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts

/// For who cannot sign in any more: asks for an address, and says the same whatever it is.
struct ForgottenPasswordPage: Page {
    static let template = PageTemplate(PackageResources.forgotten_password_mustache)

    let title = "Forgotten password"
    let isSent: Bool
}

extension PortalSite {
    var forgottenPasswordRoutes: [Route] {
        [
            Route(method: .get, path: "/forgotten-password") { _, _ in
                doorPage(ForgottenPasswordPage(isSent: false))
            },
            Route(method: .post, path: "/forgotten-password") { request, context in
                try checkOrigin(of: request)
                let form = try await Form(request)
                try forgottenPasswords.ask(
                    form["email"] ?? "",
                    from: client(of: request, context),
                    now: clock.now()
                )
                return doorPage(ForgottenPasswordPage(isSent: true))
            },
        ]
    }
}
