import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxIdentity

/// The cookie that holds a session's secret (RFC 6265bis). Over TLS its name begins with `__Host-`,
/// which no other host and no plain connection can set.
extension PortalSite {
    private var cookieName: String { isSecure ? "__Host-lockbox" : "lockbox" }
    private var deviceCookieName: String { cookieName + "-device" }

    func sessionSecret(of request: Request) -> String? { cookie(cookieName, of: request) }

    /// Where `request` comes from, as far as our own proxies and the browser's long-lived cookie
    /// can tell.
    func client(of request: Request, _ context: PortalContext) -> ClientKey {
        let forwarded = HTTPField.Name("X-Forwarded-For").map { request.headers[values: $0] } ?? []
        return proxies.client(peer: context.remoteAddress, forwardedFor: forwarded)
            .with(device: cookie(deviceCookieName, of: request))
    }

    private func cookie(_ name: String, of request: Request) -> String? {
        let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
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

    private func setCookie(
        _ name: String,
        to value: String,
        keptFor span: TimeSpan? = nil,
        on response: Response
    ) -> Response {
        let age = span.map { "; Max-Age=\($0.milliseconds / 1000)" } ?? ""
        var response = response
        response.headers.append(
            HTTPField(
                name: .setCookie,
                value:
                    "\(name)=\(value); Path=/\(age); HttpOnly; SameSite=Lax\(isSecure ? "; Secure" : "")"
            )
        )
        return response
    }
}
