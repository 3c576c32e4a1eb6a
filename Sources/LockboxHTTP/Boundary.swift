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
    package typealias Finish = @Sendable (HTTPRequest.Method, inout Response) -> Void

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
        finish(request.method, &response)
        let answer = Answered(
            method: request.method,
            // The template of the path, not the path: identifiers and queries can be personal.
            route: context.endpointPath ?? "none",
            status: response.status
        )
        answer.log(since: began, to: context.logger)
        context.repetition?.record { logger in
            let began = ContinuousClock.now
            var again = Response(status: answer.status)
            finish(answer.method, &again)
            answer.log(since: began, to: logger)
        }
        return response
    }
}

/// What the access log says of a request.
private struct Answered: Sendable {
    let method: HTTPRequest.Method
    let route: String
    let status: HTTPResponse.Status

    func log(since began: ContinuousClock.Instant, to logger: Logger) {
        logger.info(
            "answered",
            metadata: [
                "method": .string(method.rawValue), "route": .string(route),
                "status": .string("\(status.code)"),
                "microseconds": .string("\((ContinuousClock.now - began).microseconds)"),
            ]
        )
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
