import Foundation
import HTTPTypes
package import Hummingbird
package import LockboxDomain
package import LockboxHTTP
package import LockboxIdentity
package import LockboxPorts
package import LockboxService
import LockboxWire
import Logging
import NIOCore

/// The door for organisations' directories: people and groups by SCIM 2.0 (RFC 7643, RFC 7644), below
/// `/scim/v2/{organisation}`.
package struct SCIM: Sendable {
    package static let prefix = "scim"
    /// Stands for the provider's own people in paths: no tenant can be called so.
    package static let provider = "_provider"

    let lockbox: Lockbox
    private let signIn: SignIn
    private let clock: any WallClock
    private let publicURL: String
    private let proxies: TrustedProxies
    private let tokenLimit = RateLimit(
        burst: SCIMLimits.tokenBurst,
        perSecond: SCIMLimits.tokenPerSecond
    )
    private let failureLimit = RateLimit(
        burst: SCIMLimits.failureBurst,
        perSecond: SCIMLimits.failuresPerSecond
    )

    /// `publicURL` is how the outside reaches this server, without a trailing slash.
    package init(
        lockbox: Lockbox,
        signIn: SignIn,
        clock: any WallClock,
        publicURL: String,
        proxies: TrustedProxies
    ) {
        self.lockbox = lockbox
        self.signIn = signIn
        self.clock = clock
        self.publicURL = publicURL
        self.proxies = proxies
    }

    /// Where the directory of `side` finds it.
    package static func address(of side: Side, at publicURL: String) -> String {
        "\(publicURL)/\(prefix)/v2/\(side.tenant?.text ?? provider)"
    }

    package func responder() -> RouterResponder<DoorContext> {
        let router = Router(context: DoorContext.self, options: [])
        router.add(
            middleware: Boundary { error, _, context in
                let fault = SCIMFault(error)
                var response = try fault.response()
                if fault.status == .contentTooLarge {
                    // Nobody goes on reading what was too large.
                    let (body, channel) = (response.body, context.channel)
                    response.body = ResponseBody(contentLength: body.contentLength) { writer in
                        try await body.write(writer)
                        channel.close(promise: nil)
                    }
                }
                return response
            } finish: { _, _ in
            }
        )
        router.add(routes) { SCIMFault.methodNotAllowed($0) }
        return router.buildResponder()
    }

    private var routes: [Route] {
        discoveryRoutes + userRoutes + groupRoutes + searchRoutes + refusedRoutes
    }

    /// A place of this door, for who shows a token of the organisation in the path.
    func route(
        _ method: HTTPRequest.Method,
        _ path: String,
        of schema: ResourceSchema? = nil,
        _ handler: @escaping @Sendable (SCIMRequest) async throws -> Response
    ) -> Route {
        Route(method: method, path: RouterPath("/\(Self.prefix)/v2/{tenant}\(path)")) {
            request,
            context in
            let token = try await token(of: request, context)
            // Others' organisations are told from none by nobody.
            guard context.parameters.get("tenant") == token.side.tenant?.text ?? Self.provider
            else { throw SCIMFault.notFound }
            // What is asked for is read before anything is changed.
            let query = try SCIMQuery(request)
            return try await handler(
                SCIMRequest(
                    request: request,
                    context: context,
                    token: token,
                    query: query,
                    projection: try schema.map { try Projection(query, of: [$0]) },
                    base: Self.address(of: token.side, at: publicURL)
                )
            )
        }
    }

    private func token(of request: Request, _ context: DoorContext) async throws
        -> ProvisioningToken
    {
        let client = proxies.client(
            peer: context.remoteAddress,
            forwardedFor: request.headers[values: .xForwardedFor],
            forwarded: request.headers[values: .forwarded]
        )
        do {
            guard let secret = request.headers[.authorization]?.bearerToken else {
                throw Refusal.notSignedIn
            }
            let token = try await signIn.provisioning(secret: secret, from: client)
            try tokenLimit.take(token.id.text, now: clock.now())
            return token
        } catch let error as ProvisioningFromElsewhere {
            context.logger.warning(
                "a provisioning token was shown from an address that it is not for",
                metadata: [
                    "token": "\(error.token)",
                    "address": "\(client.exact.map { "\($0)" } ?? client.address)",
                ]
            )
            try failureLimit.take(client.address, now: clock.now())
            throw Refusal.notSignedIn
        } catch Refusal.notSignedIn {
            // Guessing is bounded for each address; a right token is never held up by it.
            try failureLimit.take(client.address, now: clock.now())
            throw Refusal.notSignedIn
        }
    }

    // MARK: - What is described, and what is refused

    private var discoveryRoutes: [Route] {
        let config = route(.get, "/ServiceProviderConfig") { request in
            try SCIMAnswer.response(Discovery.configuration(under: request.base))
        }
        let lists: [(String, @Sendable (String) -> [(id: String, document: JSONValue)])] = [
            ("/ResourceTypes", Discovery.resourceTypes), ("/Schemas", Discovery.schemaDocuments),
        ]
        return [config]
            + lists.flatMap { path, documents in
                [
                    route(.get, path) { request in
                        let query = request.query
                        // RFC 7644 §4: these are not filtered.
                        guard query.filter == nil else {
                            throw SCIMFault(
                                status: .forbidden,
                                detail: "filter: these lists are not filtered."
                            )
                        }
                        let all = documents(request.base).map(\.document)
                        return try SCIMAnswer.response(try query.page(of: all) { $0 })
                    },
                    route(.get, "\(path)/{id}") { request in
                        let id = try request.id
                        guard
                            let found = documents(request.base).first(where: { $0.id == id })
                        else { throw SCIMFault.notFound }
                        return try SCIMAnswer.response(found.document)
                    },
                ]
            }
    }

    /// What the standard has and this door does not (RFC 7644 §3.7, §3.11). That is no failure, which the log
    /// would hear of.
    private var refusedRoutes: [Route] {
        [
            route(.post, "/Bulk") { _ in
                try SCIMFault.notSupported("Bulk: several requests in one").response()
            }
        ]
            + [HTTPRequest.Method.get, .post, .put, .patch, .delete].map { method in
                route(method, "/Me") { _ in
                    try SCIMFault.notSupported("Me: a token is nobody in particular, and this")
                        .response()
                }
            }
    }
}

/// A request of a directory.
struct SCIMRequest: Sendable {
    let request: Request
    let context: DoorContext
    let token: ProvisioningToken
    let query: SCIMQuery
    /// What is answered of one resource; nil where nothing is.
    let projection: Projection?
    /// Where the organisation's resources are.
    let base: String

    var id: String {
        get throws {
            guard let raw = context.parameters.get("id"), let id = raw.removingPercentEncoding
            else { throw SCIMFault.notFound }
            return id
        }
    }

    /// The body, read as all readers of JSON read it.
    func body() async throws -> JSONValue {
        let type = request.headers.mediaType
        guard type == "application/scim+json" || type == "application/json",
            request.headers.foreignCharset == nil
        else {
            throw SCIMFault(
                status: .unsupportedMediaType,
                detail: "Send the body as application/scim+json, in UTF-8."
            )
        }
        let length = request.headers[.contentLength].flatMap(Int.init) ?? 0
        guard length <= SCIMLimits.bodyBytes else { throw SCIMFault.bodyTooLarge }
        let data: Data
        do {
            data = Data(
                try await request.body.collect(upTo: SCIMLimits.bodyBytes).readableBytesView
            )
        } catch is NIOTooManyBytesError {
            throw SCIMFault.bodyTooLarge
        }
        do {
            try StrictJSON.check(data)
            return try JSONDecoder().decode(JSONValue.self, from: data)
        } catch let fault as JSONFault {
            throw SCIMFault.bad(
                .invalidSyntax,
                fault.sentence(naming: fault.field.map { SCIMFault.shown($0) })
            )
        } catch is DecodingError {
            throw SCIMFault.bad(.invalidSyntax, "The body holds a number that is not whole.")
        }
    }

    /// Holds `If-Match` and `If-None-Match` against what there is (RFC 9110 §13.1.1, §13.1.2).
    func requireMatch(_ tag: String) throws {
        let changed = SCIMFault(
            status: .preconditionFailed,
            detail: "The resource has changed since it was read. Read it again."
        )
        if request.headers[.ifNoneMatch] != nil, !request.matchesNone(of: tag) { throw changed }
        guard let field = request.headers[.ifMatch] else { return }
        guard let tags = EntityTags(field) else {
            throw SCIMFault.bad(.invalidValue, "If-Match: is no list of entity tags.")
        }
        switch tags {
        case .any: return
        case .list(let tags):
            guard tags.contains(where: { !$0.isWeak && "\"\($0.opaque)\"" == tag }) else {
                throw changed
            }
        }
    }

    /// Answers with a resource, or with the parts of it that were asked for.
    func answer(_ resource: SCIMResource, status: HTTPResponse.Status = .ok) throws -> Response {
        var headers: HTTPFields = [.eTag: resource.tag]
        if request.method == .get, !request.matchesNone(of: resource.tag) {
            return Response(status: .notModified, headers: headers)
        }
        if status == .created { headers[.location] = resource.location }
        return try SCIMAnswer.response(
            projection?.shown(resource) ?? .object(resource.members),
            status: status,
            headers: headers
        )
    }
}
