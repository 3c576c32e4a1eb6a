package import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Synchronization

/// What a door answered.
package struct Answer: Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let bytes: [UInt8]
    /// Whether the door closed the connection after the answer.
    package let closed: Bool

    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Asks a door as an HTTP client would, without a socket between: the router, its middleware and
/// everything behind them run in this process.
package enum InProcess {
    /// The answer of `responder` to `head` with `body`, from a client at `address`. `makeContext`
    /// makes what the door keeps of a connection.
    package static func ask<Context: RequestContext>(
        _ responder: some HTTPResponder<Context>,
        _ head: HTTPRequest,
        _ body: [UInt8] = [],
        from address: String = "192.0.2.1",
        makeContext: (ApplicationRequestContextSource) -> Context
    ) async throws -> Answer {
        let channel = NIOAsyncTestingChannel()
        channel.remoteAddress = try SocketAddress(ipAddress: address, port: 50_000)
        let source = ApplicationRequestContextSource(
            channel: channel,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let response = try await responder.respond(
            to: Request(head: head, body: .init(buffer: ByteBuffer(bytes: body))),
            context: makeContext(source)
        )
        let ended = Atomic(false)
        channel.closeFuture.whenComplete { _ in ended.store(true, ordering: .relaxed) }
        let collected = Collector()
        try await response.body.write(collected)
        await channel.testingEventLoop.run()
        let closed = ended.load(ordering: .relaxed)
        _ = try await channel.finish(acceptAlreadyClosed: true)
        return Answer(
            status: response.status.code,
            headers: response.headers,
            bytes: Array(collected.buffer.readableBytesView),
            closed: closed
        )
    }

    /// `text` with all but unreserved characters as percent signs and digits (RFC 3986 §2.1).
    package static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte -> String in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: String(Unicode.Scalar(byte))
            case _: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// `pairs` as a form is sent, and as a query is written.
    package static func form(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
    }
}

private final class Collector: ResponseBodyWriter {
    private(set) var buffer = ByteBuffer()

    func write(_ more: ByteBuffer) async throws { buffer.writeImmutableBuffer(more) }
    consuming func finish(_ trailing: HTTPFields?) async throws {}
}
