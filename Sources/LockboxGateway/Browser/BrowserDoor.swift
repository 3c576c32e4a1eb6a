import Foundation
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxServices
import NIOHTTP1

extension GatewayRefusal {
    static let accessEnded = GatewayRefusal(
        status: .unauthorized,
        code: "accessEnded",
        detail: "The access that this browser was let in with has ended."
    )
    static let twoCredentials = GatewayRefusal(
        status: .badRequest,
        code: "twoCredentials",
        detail: "The request shows two credentials, and it is not clear which one it is made with."
    )
    static let crossSite = GatewayRefusal(
        status: .forbidden,
        code: "crossSite",
        detail: "The browser does not say that this comes from a page of this service."
    )
    static let otherHost = GatewayRefusal(
        status: .misdirectedRequest,
        code: "otherHost",
        detail: "This is not the address at which browsers open this service."
    )
    static let usedCode = GatewayRefusal(
        status: .forbidden,
        code: "usedCode",
        detail: "The code was used before, is older than a minute, or is not for this service."
    )
    static let ownFormTooLong = GatewayRefusal(
        status: .payloadTooLarge,
        code: "tooLong",
        detail: "The form is longer than any of the gateway’s."
    )
    static let ownFormTooSlow = GatewayRefusal(
        status: .requestTimeout,
        code: "tooSlow",
        detail: "The form did not arrive in time."
    )
    fileprivate static let unknownPage = GatewayRefusal(
        status: .notFound,
        code: "unknownPage",
        detail: "There is no such page of the gateway."
    )
    fileprivate static let otherMethod = GatewayRefusal(
        status: .methodNotAllowed,
        code: "otherMethod",
        detail: "This page of the gateway is not asked for in this way."
    )
    fileprivate static let noForm = GatewayRefusal(
        status: .badRequest,
        code: "noForm",
        detail: "This is no form of the portal."
    )
}

/// What came of asking about a code.
enum TakenCode: Sendable {
    case access(BrowserAccess)
    case nothing
    /// It cannot be asked, or not be written down, now.
    case unknown
}

/// How browsers get in at one gateway, and out: what their requests show, and the few pages under
/// `/.lockbox/` that are the gateway's own and never the application's.
struct BrowserDoor {
    /// What is answered, and which access is closed with it.
    struct Answer {
        var page: GatewayPage
        var closed: Credential?
    }

    /// What comes of a request for a page of the gateway's own.
    enum Outcome {
        case answer(Answer)
        /// It lets a browser in, if this code is good: that is to be asked.
        case code(String)
    }

    let sessions: BrowserSessions
    private let service: ServiceID
    /// As browsers name it; nil where none are let in.
    private let address: String?
    private let origin: WebOrigin?

    init(_ settings: ServiceSettings, sessions: BrowserSessions) {
        self.sessions = sessions
        service = settings.service.id
        address = HTTPKind.address(of: settings)
        origin = address.flatMap(WebOrigin.init)
    }

    // MARK: - Who asks

    /// The hash of the secret of the credential that `request` is made with: its own, or that which
    /// its browser's cookie stands for.
    func credentialHash(of request: RequestHead, needing needed: Actions?) throws(GatewayRefusal)
        -> [UInt8]
    {
        let cookies = BrowserCookie.values(in: request.fields)
        guard let secret = cookies.first else {
            guard let token = request.bearerToken else { throw .notSignedIn }
            return Lockbox.hash(token)
        }
        guard cookies.count == 1, request.fields["authorization"].isEmpty else {
            throw .twoCredentials
        }
        guard isOwnHost(request) else { throw .otherHost }
        guard let session = sessions.session(secret, at: service) else { throw .notSignedIn }
        // Links of other sites lead in by such methods, and may not lead to what writes by one.
        let isReading = request.isSafe && needed == .read
        guard isReading || isSameOrigin(request) else { throw .crossSite }
        return session.secretHash
    }

    /// What to say where the credential of `request` gives no access now.
    func refusal(of request: RequestHead) -> GatewayRefusal {
        session(of: request) == nil ? .notSignedIn : .accessEnded
    }

    private func session(of request: RequestHead) -> BrowserAccess? {
        BrowserCookie.values(in: request.fields).first.flatMap {
            sessions.session($0, at: service)
        }
    }

    /// A name that somebody else gave to this address (DNS rebinding) is none of the service's.
    private func isOwnHost(_ request: RequestHead) -> Bool {
        guard let origin else { return false }
        let asked = "\(origin.scheme)://\(request.host)"
        return asked == address || WebOrigin(asked) == origin
    }

    /// Browsers send a cookie with what other sites' pages make them send too. Where they say whose
    /// page it was (Fetch Metadata), that decides; no page can say it for them.
    private func isSameOrigin(_ request: RequestHead) -> Bool {
        let sites = request.fields["sec-fetch-site"]
        guard sites.isEmpty else { return sites == ["same-origin"] || sites == ["none"] }
        return isFrom(origin, request)
    }

    private func isFrom(_ origin: WebOrigin?, _ request: RequestHead) -> Bool {
        let said = request.fields["origin"]
        guard let origin, said.count == 1 else { return false }
        return WebOrigin(said[0]) == origin
    }

    // MARK: - The gateway's own pages

    /// What to do about a request for a page of the gateway's own, which came with `form`.
    func outcome(of request: RequestHead, form: [UInt8]) -> Outcome {
        do throws(GatewayRefusal) {
            guard origin != nil else { throw .unknownPage }
            guard isOwnHost(request) else { throw .otherHost }
            switch request.target.path {
            case "/.lockbox/":
                guard HTTPKind.safeMethods.contains(request.method) else { throw .otherMethod }
                return .answer(Answer(page: try standing(of: request)))
            case "/.lockbox/open":
                guard request.method == "POST" else { throw .otherMethod }
                return .code(try code(in: request, form))
            case "/.lockbox/close":
                guard request.method == "POST" else { throw .otherMethod }
                return .answer(try close(request))
            case _: throw .unknownPage
            }
        } catch {
            return .answer(Answer(page: GatewayPage(error, portal: sessions.portal)))
        }
    }

    /// The code of a browser that the portal sent. Nobody else may send one: she would work under
    /// somebody's access without knowing.
    private func code(in request: RequestHead, _ form: [UInt8]) throws(GatewayRefusal) -> String {
        guard isFrom(WebOrigin(sessions.portal), request) else { throw .crossSite }
        guard let fields = FormFields.decode(form), fields.count == 1, fields[0].name == "code"
        else { throw .noForm }
        return fields[0].value
    }

    /// Answers `request` once it is known what its code is good for.
    func answer(_ request: RequestHead, _ taken: TakenCode) -> Answer {
        let access: BrowserAccess
        switch taken {
        case .access(let found): access = found
        case .nothing: return Answer(page: GatewayPage(.usedCode, portal: sessions.portal))
        case .unknown: return Answer(page: GatewayPage(.unavailable, portal: sessions.portal))
        }
        let page = GatewayPage(
            status: .seeOther,
            title: "You are let in",
            sentences: ["The service is at /."],
            portal: sessions.portal,
            fields: ["Location": "/", "Set-Cookie": BrowserCookie.setting(sessions.begin(access))],
            closes: true
        )
        // What it was let in with before is over, where it shows that: a form from another site comes
        // without the cookie.
        return Answer(page: page, closed: closeSession(of: request))
    }

    private func close(_ request: RequestHead) throws(GatewayRefusal) -> Answer {
        guard isSameOrigin(request) else { throw .crossSite }
        guard let closed = closeSession(of: request) else { throw .notSignedIn }
        let page = GatewayPage(
            status: .ok,
            title: "Closed",
            sentences: [
                "This browser is not let in any more. The access of \(closed.request) goes on "
                    + "until it ends, or you finish it in the portal."
            ],
            portal: sessions.portal,
            fields: ["Set-Cookie": BrowserCookie.clearing],
            closes: true
        )
        return Answer(page: page, closed: closed)
    }

    private func closeSession(of request: RequestHead) -> Credential? {
        BrowserCookie.values(in: request.fields).first.flatMap {
            sessions.close($0, at: service)
        }?.credential
    }

    /// What the browser is let in with.
    private func standing(of request: RequestHead) throws(GatewayRefusal) -> GatewayPage {
        guard let credential = session(of: request)?.credential else { throw .notSignedIn }
        return GatewayPage(
            status: .ok,
            title: "This browser is let in at \(service)",
            sentences: [
                "It is let in under \(credential.request), for \(credential.resource.name), until "
                    + "\(credential.expiresAt.words()) at most. What is done here is recorded for "
                    + "the customer."
            ],
            portal: sessions.portal,
            button: .init(label: "Close", path: "/.lockbox/close")
        )
    }
}

extension RequestTarget {
    /// The path without the query.
    var path: String { String(text.prefix { $0 != "?" }) }

    /// Whether it is about the gateway itself.
    var isGatewaysOwn: Bool { path == "/.lockbox" || path.hasPrefix("/.lockbox/") }
}
