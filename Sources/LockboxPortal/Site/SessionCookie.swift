import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxOIDC

/// The cookie that holds a session's secret (RFC 6265bis). Over TLS its name begins with `__Host-`,
/// which no other host and no plain connection can set.
extension PortalSite {
    private var cookieName: String { isSecure ? "__Host-lockbox" : "lockbox" }
    private var deviceCookieName: String { cookieName + "-device" }
    private var attemptCookieName: String { cookieName + "-openid" }
    private var passkeyCookieName: String { cookieName + "-passkey" }
    private var doneCookieName: String { cookieName + "-done" }

    func sessionSecret(of request: Request) -> String? { request.cookies[cookieName]?.value }

    /// Where `request` comes from, as far as our own proxies and the browser's long-lived cookie
    /// can tell.
    func client(of request: Request, _ context: PortalContext) -> ClientKey {
        proxies.client(
            peer: context.remoteAddress,
            forwardedFor: request.headers[values: .xForwardedFor],
            forwarded: request.headers[values: .forwarded]
        )
        .with(device: request.cookies[deviceCookieName]?.value)
    }

    /// A cookie of the browser's session; the server ends it earlier where it is idle or too old.
    func setSession(_ secret: String, on response: Response) -> Response {
        setCookie(cookieName, to: secret, on: response)
    }

    func clearSession(on response: Response) -> Response {
        setCookie(cookieName, to: "", keptFor: .seconds(0), on: response)
    }

    /// By this the browser is known at the next sign-in; it opens nothing.
    func setDevice(_ name: String, on response: Response) -> Response {
        setCookie(deviceCookieName, to: name, keptFor: IdentityLimits.deviceKnown, on: response)
    }

    /// The sign-in at an OpenID provider that this browser has begun.
    func attempt(of request: Request) -> SignInAttempt? {
        request.cookies[attemptCookieName].flatMap { openID.attempt(kept: $0.value) }
    }

    func setAttempt(_ attempt: SignInAttempt, on response: Response) throws -> Response {
        setCookie(
            attemptCookieName,
            to: try openID.keep(attempt),
            keptFor: OIDCLimits.attempt,
            on: response
        )
    }

    /// It came back once, and does not again.
    func clearAttempt(on response: Response) -> Response {
        setCookie(attemptCookieName, to: "", keptFor: .seconds(0), on: response)
    }

    /// The name of a browser that may sign in with a passkey.
    func passkeyBrowser(of request: Request) -> String? {
        request.cookies[passkeyCookieName].map(\.value).flatMap {
            Passkeys.isBrowser($0) ? $0 : nil
        }
    }

    func setPasskeyBrowser(_ name: String, on response: Response) -> Response {
        setCookie(
            passkeyCookieName,
            to: name,
            keptFor: IdentityLimits.passkeyChallenge,
            on: response
        )
    }

    func clearPasskeyBrowser(on response: Response) -> Response {
        setCookie(passkeyCookieName, to: "", keptFor: .seconds(0), on: response)
    }

    /// What this browser just did on the page it asks for, and was sent here to be told.
    func told(in request: Request) -> Flash? {
        guard let done = request.query("done").flatMap(Flash.init(rawValue:)),
            request.cookies[doneCookieName]?.value == Self.mark(done, on: request.uri.path)
        else { return nil }
        return done
    }

    /// Has the page at `path` tell that `done` was done.
    func setDone(_ done: Flash, on path: String, _ response: Response) -> Response {
        let page = String(path.prefix { $0 != "?" })
        return setCookie(
            doneCookieName,
            to: Self.mark(done, on: page),
            keptFor: PortalLimits.doneKept,
            on: response
        )
    }

    private static func mark(_ done: Flash, on path: String) -> String {
        "\(done.rawValue).\(path.asQueryValue)"
    }

    private func setCookie(
        _ name: String,
        to value: String,
        keptFor span: TimeSpan? = nil,
        on response: Response
    ) -> Response {
        var response = response
        response.setCookie(
            Cookie(
                name: name,
                value: value,
                maxAge: span.map { Int($0.milliseconds / 1000) },
                path: "/",
                secure: isSecure,
                httpOnly: true,
                sameSite: .lax
            )
        )
        return response
    }
}
