import LockboxWire
package import NIOCore
import NIOHTTP1
import NIOPosix

/// Waits on this machine for the browser in which somebody signs in a command line (RFC 8252 §7.3).
package struct BrowserAnswer: Sendable {
    /// Where the browser is to come.
    package let address: String

    private let channel: any Channel
    private let answer: EventLoopPromise<[String: String]>

    private struct TooLate: Error {}

    /// Listens on a free port that only this machine reaches. An answer counts that brings `state`: else
    /// any page in the browser could bring one (RFC 6749 §10.12).
    package static func expected(state: String) async throws(ClientError) -> BrowserAnswer {
        let group = MultiThreadedEventLoopGroup.singleton
        let answer = group.any().makePromise(of: [String: String].self)
        let bootstrap = ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(AnswerHandler(state, answer))
            }
        }
        // Some machines have one of the two only.
        for (host, name) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
            do {
                let channel = try await bootstrap.bind(host: host, port: 0).get()
                return BrowserAnswer(
                    address:
                        "http://\(name):\(channel.localAddress?.port ?? 0)\(AnswerHandler.path)",
                    channel: channel,
                    answer: answer
                )
            } catch {
                continue
            }
        }
        answer.fail(TooLate())
        throw .unexpected("No port of this machine is free for the browser's answer; use --device.")
    }

    private init(address: String, channel: any Channel, answer: EventLoopPromise<[String: String]>)
    {
        self.address = address
        self.channel = channel
        self.answer = answer
    }

    /// The fields of the answer; nil where none comes within `span`. Nothing listens any more then.
    package func fields(within span: TimeAmount) async -> [String: String]? {
        let end = answer.futureResult.eventLoop.scheduleTask(in: span) { answer.fail(TooLate()) }
        defer {
            end.cancel()
            channel.close(promise: nil)
        }
        do {
            return try await answer.futureResult.get()
        } catch {
            return nil
        }
    }
}

/// One connection of a browser: the answer, or whatever else it asks for.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    static let path = "/callback"

    private let state: String
    private let answer: EventLoopPromise<[String: String]>
    private var head: HTTPRequestHead?

    init(_ state: String, _ answer: EventLoopPromise<[String: String]>) {
        self.state = state
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            let fields = fields(of: head)
            let written = respond(fields, context)
            guard let fields else { return }
            // The browser shows its page first: the program may end soon after.
            written.whenComplete { [answer] _ in answer.succeed(fields) }
        }
    }

    /// Nil for anything but the answer to this very question.
    private func fields(of head: HTTPRequestHead) -> [String: String]? {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard head.method == .GET, parts.count == 2, parts[0] == Self.path else { return nil }
        var fields: [String: String] = [:]
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2,
                let name = PercentEncoding.decode(sides[0].utf8, plusIsSpace: true),
                let value = PercentEncoding.decode(sides[1].utf8, plusIsSpace: true),
                fields.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        return fields["state"] == state ? fields : nil
    }

    private func respond(_ fields: [String: String]?, _ context: ChannelHandlerContext)
        -> EventLoopFuture<Void>
    {
        let words =
            fields == nil
            ? "There is nothing here."
            : "Go back to your terminal, which says how it went on. You can close this page."
        let body = context.channel.allocator.buffer(
            string:
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lockbox</title>"
                + "<p>\(words)</p></html>\n"
        )
        let head = HTTPResponseHead(
            version: .http1_1,
            status: fields == nil ? .notFound : .ok,
            headers: [
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": "\(body.readableBytes)", "Connection": "close",
                // The address of this page has the code in it.
                "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            ]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        let channel = context.channel
        written.whenComplete { _ in channel.close(promise: nil) }
        return written
    }
}
