import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Tells programs of this machine how something stands, in the text form that Prometheus reads.
package struct MetricsListener: Sendable {
    private let channel: any Channel
    private let page: MetricsPage

    /// Accepts connections at `host`, an address of this machine that only it reaches. Throws where
    /// that cannot be.
    package static func listening(at host: String, port: Int) async throws(ClientError)
        -> MetricsListener
    {
        let page = MetricsPage()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            // A watch that is started again finds its port in use no more.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(MetricsHandler(page))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            return MetricsListener(channel: channel, page: page)
        } catch {
            throw .unexpected("Connections cannot be accepted on port \(port) of \(host): \(error)")
        }
    }

    /// What is answered from now on.
    package func tell(_ text: String) { page.text.withLock { $0 = text } }

    /// The port that it has.
    package var port: Int? { channel.localAddress?.port }
}

/// What is answered; nil as long as nothing is known.
private final class MetricsPage: Sendable {
    let text = Mutex<String?>(nil)
}

/// One connection, for one question.
private final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whoever asks nothing holds a connection for so long.
    private static let patience = TimeAmount.seconds(10)

    private let page: MetricsPage
    private var head: HTTPRequestHead?

    init(_ page: MetricsPage) { self.page = page }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            guard head.method == .GET, head.uri == "/metrics" else {
                return respond(.notFound, "There is nothing here but GET /metrics.\n", context)
            }
            if let text = page.text.withLock({ $0 }) {
                respond(.ok, text, context)
            } else {
                respond(.serviceUnavailable, "Nothing was looked at yet.\n", context)
            }
        }
    }

    private func respond(
        _ status: HTTPResponseStatus,
        _ text: String,
        _ context: ChannelHandlerContext
    ) {
        let body = context.channel.allocator.buffer(string: text)
        let type = status == .ok ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain"
        let head = HTTPResponseHead(
            version: .http1_1,
            status: status,
            headers: [
                "Content-Type": type, "Content-Length": "\(body.readableBytes)",
                "Connection": "close", "X-Content-Type-Options": "nosniff",
            ]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
