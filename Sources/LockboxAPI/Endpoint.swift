import HTTPTypes
package import Hummingbird
import LockboxDomain
import Logging
import NIOCore

/// What is known of one HTTP request on its way through the API.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The address of the other end of the connection, for limits only: never for authorisation.
    let remoteAddress: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
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
        let common: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace]
        var paths: [String: (path: RouterPath, methods: [HTTPRequest.Method])] = [:]
        for endpoint in endpoints {
            on(endpoint.path, method: endpoint.method, use: endpoint.handler)
            paths[endpoint.path.description, default: (endpoint.path, [])].methods.append(endpoint.method)
        }
        for (path, methods) in paths.values {
            let allowed = methods.contains(.get) ? methods + [.head] : methods
            for method in common where !allowed.contains(method) {
                on(path, method: method) { _, _ -> Response in throw BoundaryError.methodNotAllowed(allowed) }
            }
        }
    }
}

/// Turns every error into its answer, sets the headers that all answers share, and keeps the access log and the
/// counters.
struct BoundaryMiddleware: RouterMiddleware {
    let metrics: Metrics

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let answer = ProblemAnswer(error)
            if answer.status.kind == .serverError {
                // Only the log sees what really happened.
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
            response = try answer.response(from: request, context: context)
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        let elapsed = ContinuousClock.now - began
        metrics.count(method: request.method.rawValue, status: response.status.code)
        // The template of the path, not the path: identifiers and queries can be personal.
        context.logger.info(
            "answered",
            metadata: [
                "method": "\(request.method.rawValue)", "route": "\(context.endpointPath ?? "none")",
                "status": "\(response.status.code)",
                "microseconds":
                    "\(elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000)",
            ])
        return response
    }
}
