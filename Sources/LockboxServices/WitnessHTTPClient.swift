package import AsyncHTTPClient
package import LockboxPorts
import NIOCore
import NIOHTTP1

/// Witnesses over HTTP. No other address is gone to than the one that the configuration names: it
/// follows no redirections, and what comes back is bounded in time and size.
package struct WitnessHTTPClient: WitnessClient {
    private static let time = TimeAmount.seconds(10)
    /// A witness may have several keys, and those after quantum computers sign in kilobytes.
    private static let answerBytes = 64 * 1024

    private let http: HTTPClient

    /// `http` follows no redirections.
    package init(_ http: HTTPClient) { self.http = http }

    package func submit(_ body: String, to witness: LogWitness) async throws -> WitnessAnswer {
        var request = HTTPClientRequest(url: witness.url + "/add-checkpoint")
        request.method = .POST
        request.headers.add(name: "user-agent", value: "lockbox")
        request.body = .bytes(ByteBuffer(string: body))
        do {
            let answer = try await http.exchange(
                request,
                within: Self.time,
                upTo: Self.answerBytes
            )
            return WitnessAnswer(
                status: Int(answer.status.code),
                type: answer.headers.first(name: "content-type"),
                body: Array(answer.body)
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw WitnessUnreachable(cause: causeOnTheWay(error))
        }
    }
}

/// No whole answer came.
private struct WitnessUnreachable: Error, CustomStringConvertible {
    let cause: String
    var description: String { "it cannot be reached: \(cause)" }
}
