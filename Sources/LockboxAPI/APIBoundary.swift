import HTTPTypes
import Hummingbird
package import LockboxHTTP
import NIOCore

/// What is known of one HTTP request on its way through the API.
package typealias APIContext = DoorContext

extension API {
    var boundary: Boundary { Self.boundary(counting: metrics) }

    /// Turns every error into a problem document, and keeps the counters.
    static func boundary(counting metrics: Metrics) -> Boundary {
        Boundary { error, request, context in
            let answer = ProblemAnswer(error)
            var response = try answer.response(from: request, context: context)
            if answer.status == .contentTooLarge {
                response.body = response.body.closing(context.channel)
            }
            return response
        } finish: { method, response in
            metrics.count(method: method.rawValue, status: response.status.code)
        }
    }
}

/// Refuses methods that HTTP does not know, on whatever path.
struct KnownMethods: RouterMiddleware {
    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard HTTPRequest.Method.common.contains(request.method) else {
            throw BoundaryError.methodNotAllowed(HTTPRequest.Method.common)
        }
        return try await next(request, context)
    }
}

extension ResponseBody {
    /// The same body, after which the connection ends: nobody goes on reading what was too large.
    func closing(_ channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            try await write(writer)
            channel.close(promise: nil)
        }
    }
}
