import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server that answers as a script says, well or not.
final class HTTPStub: Sendable {
    struct Asked: Sendable {
        let head: HTTPRequestHead
        let body: Data
    }

    enum Reply: Sendable {
        case answer(status: UInt = 200, headers: HTTPHeaders = [:], String)
        /// An answer whose last byte never comes, on a connection that stays open.
        case endless(headers: HTTPHeaders = [:], String)
        /// The same, but the connection ends where the last byte would be.
        case cutShort(headers: HTTPHeaders = [:], String)
        case silence, hangUp
    }

    fileprivate let script: @Sendable (Asked) -> Reply
    private let port = Mutex(0)

    var url: String { "http://127.0.0.1:\(port.withLock { $0 })" }

    private init(_ script: @escaping @Sendable (Asked) -> Reply) { self.script = script }

    static func with<Value: Sendable>(
        _ script: @escaping @Sendable (Asked) -> Reply,
        _ body: (HTTPStub) async throws -> Value
    ) async throws -> Value {
        let stub = HTTPStub(script)
        let children = Mutex<[any Channel]>([])
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                children.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(HTTPStubHandler(stub))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        stub.port.withLock { $0 = channel.localAddress?.port ?? 0 }
        func close() async throws {
            try await channel.close()
            for child in children.withLock({ $0 }) where child.isActive {
                child.close(promise: nil)
            }
        }
        do {
            let value = try await body(stub)
            try await close()
            return value
        } catch {
            try await close()
            throw error
        }
    }
}

private final class HTTPStubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let stub: HTTPStub
    private var head: HTTPRequestHead?
    private var body = Data()

    init(_ stub: HTTPStub) { self.stub = stub }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, Data())
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            respond(stub.script(HTTPStub.Asked(head: head, body: body)), context)
        }
    }

    private func respond(_ reply: HTTPStub.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .silence: return
        case .hangUp: context.close(promise: nil)
        case .answer(let status, let headers, let text):
            begin(status, headers, text, missing: 0, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .endless(let headers, let text):
            begin(200, headers, text, missing: 1, context)
            context.flush()
        case .cutShort(let headers, let text):
            begin(200, headers, text, missing: 1, context)
            context.flush()
            context.close(promise: nil)
        }
    }

    private func begin(
        _ status: UInt,
        _ headers: HTTPHeaders,
        _ text: String,
        missing: Int,
        _ context: ChannelHandlerContext
    ) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(text.utf8.count + missing)")
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .init(statusCode: Int(status)),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
}
