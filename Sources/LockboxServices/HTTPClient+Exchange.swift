import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A whole answer.
struct HTTPAnswer {
    let status: HTTPResponseStatus
    let headers: HTTPHeaders
    let body: Data
}

extension HTTPClient {
    /// Sends `request` and reads its answer to the end: no more than `bytes`, and all of it within
    /// `time`. (The client's own time limit ends with the head of the answer, and leaves as much
    /// time as it likes to who sends the body byte by byte.)
    func exchange(
        _ request: HTTPClientRequest,
        within time: TimeAmount,
        upTo bytes: Int
    ) async throws -> HTTPAnswer {
        try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
            group.addTask {
                let response = try await self.execute(request, timeout: time)
                return HTTPAnswer(
                    status: response.status,
                    headers: response.headers,
                    body: Data(try await response.body.collect(upTo: bytes).readableBytesView)
                )
            }
            let over = eventLoopGroup.any().scheduleTask(in: time) {}
            group.addTask {
                try await withTaskCancellationHandler {
                    try await over.futureResult.get()
                } onCancel: {
                    over.cancel()
                }
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() ?? nil else {
                throw HTTPClientError.deadlineExceeded
            }
            return answer
        }
    }
}

/// What went wrong on the way to a service, without its address.
func causeOnTheWay(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError: error.shortDescription
    case let error as IOError: "\(error.errnoCode) \(String(cString: strerror(error.errnoCode)))"
    case is NIOTooManyBytesError: "its answer is too long"
    default: "\(type(of: error))"
    }
}
