import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import Logging

/// Passkeys: what the script asks of a browser, and what comes of it. Where the server's address is
/// none for which browsers have passkeys, none of this exists.
extension PortalSite {
    var passkeyRoutes: [Route] {
        [
            Route(method: .get, path: "/passkey/sign-in") { request, _ in
                let browser = passkeyBrowser(of: request) ?? passkeys.newBrowser()
                return setPasskeyBrowser(
                    browser,
                    on: .options(try passkeys.optionsToSignIn(browser))
                )
            },
            Route(method: .get, path: "/passkey/confirm") { request, context in
                let viewer = try await viewer(of: request, context)
                return .options(try await passkeys.optionsToConfirm(viewer.signedIn))
            },
            Route(method: .get, path: "/passkey/register") { request, context in
                let viewer = try await viewer(of: request, context)
                return .options(try await passkeys.optionsToRegister(viewer.signedIn))
            },
            Route(method: .post, path: "/sign-in/passkey") { request, context in
                try checkOrigin(of: request)
                let form = try await Form(request)
                return try await signIn(form, request, context)
            },
            form("/account/passkeys", for: .both, back: { _ in "/account" }) {
                form,
                context,
                viewer in
                try await addPasskey(form, context, viewer)
            },
            form("/account/passkeys/{id}/remove", for: .both, back: { _ in "/account" }) {
                _,
                context,
                viewer in
                try await passkeys.remove(try context.id(), by: viewer.signedIn)
                return seeOther("/account", .passkeyRemoved)
            },
        ]
    }

    private func signIn(_ form: Form, _ request: Request, _ context: PortalContext) async throws
        -> Response
    {
        let next = form["next"]?.asLocalPath ?? "/"
        do {
            let begun = try await passkeys.begin(
                form.secret("passkey"),
                browser: passkeyBrowser(of: request),
                from: client(of: request, context)
            )
            return clearPasskeyBrowser(on: try await letIn(begun, to: next, request))
        } catch let refused as PasskeyRefused {
            tell(refused, context)
            var page = SignInPage(next: next)
            page.problem = "That passkey opens nothing here. Try again, or sign in in another way."
            page.isAddressFirst = try await providers.isUsed()
            page.offersPasskey = true
            return doorPage(page, status: .unprocessableContent)
        }
    }

    /// A passkey signs in and decides for months, so it is added only by who shows again who she is.
    private func addPasskey(_ form: Form, _ context: PortalContext, _ viewer: Viewer) async throws
        -> Response
    {
        try await confirmed(
            form,
            context,
            viewer,
            again: { try await account($0, refused: (form, $1)) }
        ) { viewer in
            let answer = form.secret("newPasskey")
            guard !answer.isEmpty else {
                throw Refusal.invalid(field: "newPasskey", problem: .missing)
            }
            do {
                _ = try await passkeys.register(
                    answer,
                    name: form["passkeyName"] ?? "",
                    viewer.secret
                )
            } catch let refused as PasskeyRefused {
                tell(refused, context)
                throw Refusal.invalid(
                    field: "newPasskey",
                    problem: .notAllowedHere("could not be added: \(refused.why).")
                )
            }
            return seeOther("/account", .passkeyAdded)
        }
    }

    private func tell(_ refused: PasskeyRefused, _ context: PortalContext) {
        context.logger.notice(
            "a passkey was turned away",
            metadata: [
                "passkey": "\(refused.passkey?.text ?? "unknown")", "why": "\(refused.why)",
            ]
        )
    }
}

extension Response {
    fileprivate static func options(_ json: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: .init(string: json))
        )
    }
}

/// A passkey in a list.
struct PasskeyRow: Sendable {
    let id: String
    let passkeyName: String
    let made: ShownTime
    let lastUsed: ShownTime?
    /// Whether other devices of hers may have it too.
    let isSynced: Bool

    init(_ passkey: Passkey) {
        id = passkey.id.text
        passkeyName = passkey.name
        made = ShownTime(passkey.createdAt)
        lastUsed = passkey.lastUsedAt.map { ShownTime($0) }
        isSynced = passkey.isBackupEligible
    }
}
