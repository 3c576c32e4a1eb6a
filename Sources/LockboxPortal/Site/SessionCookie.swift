import HTTPTypes
import Hummingbird

/// The cookie that holds a session's secret (RFC 6265bis). Over TLS its name begins with `__Host-`, which no other host
/// and no plain connection can set.
extension PortalSite {
    private var cookieName: String { isSecure ? "__Host-lockbox" : "lockbox" }

    func sessionSecret(of request: Request) -> String? {
        let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            if parts.count == 2, parts[0] == cookieName { return String(parts[1]) }
        }
        return nil
    }

    /// A cookie of the browser's session; the server ends it earlier where it is idle or too old.
    func setSession(_ secret: String, on response: Response) -> Response {
        var response = response
        response.headers.append(
            HTTPField(
                name: .setCookie,
                value: "\(cookieName)=\(secret); Path=/; HttpOnly; SameSite=Lax\(isSecure ? "; Secure" : "")"))
        return response
    }

    func clearSession(on response: Response) -> Response {
        var response = response
        response.headers.append(
            HTTPField(
                name: .setCookie,
                value: "\(cookieName)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\(isSecure ? "; Secure" : "")"))
        return response
    }
}
