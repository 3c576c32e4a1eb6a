import HTTPTypes
package import Hummingbird
import Logging
import NIOHTTP1

/// What every door does with each request: an error becomes an answer, all answers share some
/// headers, and the access log has a line.
package struct Boundary: RouterMiddleware {
    package typealias Context = DoorContext

    /// Makes the answer to an error in the words and the form of the door.
    package typealias ErrorAnswer =
        @Sendable (any Error, Request, DoorContext) async throws ->
        Response
    /// The door's last word on every answer, and its place to count.
    package typealias Finish = @Sendable (Request, inout Response) -> Void

    private let answer: ErrorAnswer
    private let finish: Finish

    package init(answer: @escaping ErrorAnswer, finish: @escaping Finish) {
        self.answer = answer
        self.finish = finish
    }

    /// Whether `error` says that the client has left.
    package static func isDeparture(_ error: any Error) -> Bool {
        error is CancellationError || error as? HTTPParserError == .invalidEOFState
    }

    package func handle(
        _ request: Request,
        context: DoorContext,
        next: (Request, DoorContext) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch let departure where Self.isDeparture(departure) {
            // The client has left, and nobody reads an answer: no error of the server.
            response = Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
        } catch {
            response = try await answer(error, request, context)
            if request.method == .head { response = response.head }
            if response.status.kind == .serverError {
                // Only the log sees what really happened.
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        finish(request, &response)
        // The template of the path, not the path: identifiers and queries can be personal.
        context.logger.info(
            "answered",
            metadata: [
                "method": "\(request.method.rawValue)",
                "route": "\(context.endpointPath ?? "none")",
                "status": "\(response.status.code)",
                "microseconds": "\((ContinuousClock.now - began).microseconds)",
            ]
        )
        return response
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
