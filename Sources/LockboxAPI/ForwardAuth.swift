import Foundation
import HTTPTypes
package import Hummingbird
import LockboxDecisions
import LockboxDomain
package import LockboxHTTP
import LockboxPorts
import LockboxService
import Logging

/// Tells proxies whether to let a request through: nginx's `auth_request`, Envoy's `ext_authz`, the
/// `forwardAuth` of Traefik and Caddy, HAProxy by a script. `/authz/{service}` with any method, and
/// anything after it in the path.
///
/// The answer is 200, 401 or 403 and never another, whatever fails behind it: of those the proxies make what
/// they mean, and each makes something else of a 500 or a 429. Only 200 has the field
/// `X-Lockbox-Decision: allow`, so that a proxy that asks at the wrong address can notice.
package struct ForwardAuth: HTTPResponder {
    package typealias Context = DoorContext

    /// The first part of the paths that are its own.
    package static let prefix = "authz"
    /// The field of the proxy's own credential, written like `Authorization` with the scheme `Basic`.
    package static let clientField = "Lockbox-Client-Authorization"
    /// The field that says why not.
    package static let reasonField = "X-Lockbox-Reason"

    private enum Verdict {
        case allowed(Credential)
        case notSignedIn(hasToken: Bool)
        /// The words say nothing of any credential.
        case refused(String)
    }

    private let api: API

    package init(_ api: API) { self.api = api }

    package func respond(to request: Request, context: DoorContext) async throws -> Response {
        try await api.boundary.handle(request, context: context) { request, context in
            let verdict: Verdict
            do {
                verdict = try await self.verdict(on: request, context)
            } catch let departure where Boundary.isDeparture(departure) {
                throw departure
            } catch {
                context.logger.error("request failed", metadata: ["error": "\(error)"])
                verdict = .refused("Lockbox cannot answer now.")
            }
            let response = try Self.response(to: verdict, request, context)
            return request.method == .head ? response.head : response
        }
    }

    private func verdict(on request: Request, _ context: DoorContext) async throws -> Verdict {
        guard let settings = await asking(request, context) else {
            return .refused("The proxy does not show the credential of this service.")
        }
        let service = settings.service
        guard let kind = api.lockbox.kinds[service.kind],
            let needed = kind.actions(forMethods: Self.methods(of: request), at: settings)
        else { return .refused("This is no service that a proxy may ask about.") }
        let shown = request.headers[values: .authorization]
        guard shown.count == 1, let token = shown[0].bearerToken else {
            return .notSignedIn(hasToken: !shown.isEmpty)
        }
        let targets = Self.targets(of: request)
        guard targets.count < 2 else {
            return .refused("The question names several paths.")
        }
        let target = targets.first
        let operation = ServiceOperation(
            .request(method: Self.method(of: request), target: target),
            isWrite: needed.contains(.write)
        )
        let admission = try await api.index.admit(token, to: service.id, needing: needed) {
            [lockbox = api.lockbox] in try await lockbox.recordOperation(operation, of: $0)
        }
        switch admission {
        case .allowed(let credential): return .allowed(credential)
        case .notSignedIn: return .notSignedIn(hasToken: true)
        case .notAllowed: return .refused("The access does not allow this method.")
        }
    }

    /// The service that the path names, if the proxy shows its credential. `Authorization` is the
    /// engineer's, so the proxy's own stands in a field beside it.
    private func asking(_ request: Request, _ context: DoorContext) async -> ServiceSettings? {
        let parts = request.uri.path.split(separator: "/", omittingEmptySubsequences: false)
        let shown = request.headers[values: .clientAuthorization]
        // An engineer may send the field too: of two values nobody knows whose is whose.
        guard parts.count > 2, shown.count == 1, let client = shown[0].basicCredentials else {
            return nil
        }
        guard let settings = await api.clients.service(clientID: client.id, secret: client.secret)
        else {
            api.countWrongClient(request, context)
            return nil
        }
        return parts[2] == settings.service.id.text ? settings : nil
    }

    /// Every method that the upstream may take the request to have: that of the question itself,
    /// which Envoy keeps, those that other proxies tell, and those by which frameworks let a client
    /// overrule it. A client's own field goes through some proxies, so none is believed alone: the
    /// access must allow all of them. What is upgraded goes both ways.
    private static func methods(of request: Request) -> Set<String> {
        var methods: Set<String> = [request.method.rawValue]
        for field in request.headers where tellsMethod(field.name.canonicalName) {
            for method in field.value.split(separator: ",", omittingEmptySubsequences: false) {
                methods.insert(String(method.withoutOuterSpace))
            }
        }
        if request.headers.contains(.upgrade) { methods.insert("CONNECT") }
        return methods
    }

    private static func tellsMethod(_ name: String) -> Bool {
        // Looked at first, for most fields are others.
        name.utf8.first == UInt8(ascii: "x")
            && methodFields.contains(name.asFieldVariable)
    }

    /// The method for the record: what proxies tell, else that of the question itself.
    private static func method(of request: Request) -> String {
        let told = request.headers.filter { proxyMethodFields.contains($0.name.canonicalName) }
        let names = told.isEmpty ? [request.method.rawValue] : told.map(\.value)
        return Set(names).sorted().joined(separator: ", ")
    }

    private static let proxyMethodFields: Set<String> = ["x-original-method", "x-forwarded-method"]

    /// Every path that the question says it is about: in the fields by which proxies tell it, or
    /// behind the service in its own path. More than one means that a client sent a field that its
    /// proxy does not take away, and nobody knows whose is whose.
    private static func targets(of request: Request) -> Set<String> {
        var targets = Set(
            request.headers.filter { targetFields.contains($0.name.canonicalName) }.map(\.value)
        )
        // A query that some proxy left on its question is no path, whatever slashes it has.
        let parts = request.uri.path.split(
            separator: "/",
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        if parts.count > 3 {
            targets.insert("/" + parts[3] + (request.uri.query.map { "?" + $0 } ?? ""))
        }
        return targets
    }

    private static let targetFields: Set<String> = ["x-original-uri", "x-forwarded-uri"]

    /// Each begins with an x.
    private static let methodFields: Set<String> = [
        "x-original-method", "x-forwarded-method", "x-http-method-override", "x-http-method",
        "x-method-override",
    ]

    private static func response(
        to verdict: Verdict,
        _ request: Request,
        _ context: DoorContext
    ) throws -> Response {
        switch verdict {
        case .allowed(let credential):
            var headers: HTTPFields = [.decision: "allow"]
            for (name, value) in credential.identityFields {
                if let name = HTTPField.Name(name) { headers[name] = value }
            }
            return Response(status: .ok, headers: headers)
        case .notSignedIn(let hasToken):
            let error = hasToken ? ", error=\"invalid_token\"" : ""
            return Response(
                status: .unauthorized,
                headers: [.wwwAuthenticate: "Bearer realm=\"lockbox\"" + error]
            )
        case .refused(let reason):
            return try ProblemAnswer(
                status: .forbidden,
                code: "forbidden",
                detail: reason,
                headers: [.reason: reason]
            ).response(from: request, context: context)
        }
    }
}

extension HTTPField.Name {
    fileprivate static let clientAuthorization = Self(ForwardAuth.clientField)!
    fileprivate static let decision = Self("X-Lockbox-Decision")!
    fileprivate static let reason = Self(ForwardAuth.reasonField)!
}
