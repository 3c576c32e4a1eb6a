import HTTPTypes
package import Hummingbird
import LockboxDomain
import Logging
import NIOCore

/// What is known of one HTTP request on its way through the API.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The address of the other end of the connection, which may be a proxy; for limits only, never
    /// for authorisation.
    let remoteAddress: String
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}

/// One method of one path.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Request, APIContext) async throws -> Response

    let method: HTTPRequest.Method
    let path: RouterPath
    let handler: Handler

    init(_ method: HTTPRequest.Method, _ path: RouterPath, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.handler = handler
    }
}

extension Router {
    /// Adds `endpoints`, and on each of their paths a clear refusal of every other method.
    func add(_ endpoints: [Endpoint]) where Context == APIContext {
        var paths: [String: (path: RouterPath, methods: [HTTPRequest.Method])] = [:]
        for endpoint in endpoints {
            on(endpoint.path, method: endpoint.method, use: endpoint.handler)
            paths[endpoint.path.description, default: (endpoint.path, [])].methods.append(
                endpoint.method
            )
        }
        for (path, methods) in paths.values {
            let allowed = methods.contains(.get) ? methods + [.head] : methods
            for method in HTTPRequest.Method.common where !allowed.contains(method) {
                on(path, method: method) { _, _ -> Response in
                    throw BoundaryError.methodNotAllowed(allowed)
                }
            }
        }
    }
}

extension HTTPRequest.Method {
    /// The methods of RFC 9110 §9.3 and RFC 5789 that a page can know or not know; no page knows
    /// any other.
    static let common: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .patch, .options, .trace,
    ]
}

extension ResponseBody {
    /// The same body, after which the connection ends: nobody goes on reading what was too large.
    fileprivate func closing(_ channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            try await write(writer)
            channel.close(promise: nil)
        }
    }
}

/// Turns every error into its answer, sets the headers that all answers share, and keeps the access
/// log and the counters.
struct BoundaryMiddleware: RouterMiddleware {
    let metrics: Metrics

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        var response: Response
        do {
            guard HTTPRequest.Method.common.contains(request.method) else {
                throw BoundaryError.methodNotAllowed(HTTPRequest.Method.common)
            }
            response = try await next(request, context)
        } catch {
            let answer = ProblemAnswer(error)
            if answer.status.kind == .serverError {
                // Only the log sees what really happened.
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
            response = try answer.response(from: request, context: context)
            if answer.status == .contentTooLarge {
                response.body = response.body.closing(context.channel)
            }
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        let elapsed = ContinuousClock.now - began
        metrics.count(method: request.method.rawValue, status: response.status.code)
        // The template of the path, not the path: identifiers and queries can be personal.
        context.logger.info(
            "answered",
            metadata: [
                "method": "\(request.method.rawValue)",
                "route": "\(context.endpointPath ?? "none")",
                "status": "\(response.status.code)",
                "microseconds":
                    "\(elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000)",
            ]
        )
        return response
    }
}
