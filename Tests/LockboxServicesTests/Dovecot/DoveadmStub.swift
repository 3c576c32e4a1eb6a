import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// A small HTTP server that speaks doveadm's JSON as a script says, and keeps what it was asked.
final class DoveadmStub: Sendable {
    struct Asked: Sendable {
        let command: String
        let mask: [String]
        let authorization: String?
    }

    enum Answer: Sendable {
        /// The answer to one command, with `TAG` for its tag.
        case answer(String)
        /// The answer to all commands of a request.
        case json(String)
        case status(UInt)
        case silence, hangUp
    }

    private let script: @Sendable (Asked) -> Answer
    private let heard = Mutex<[Asked]>([])
    private let counted = Mutex(0)
    private let port = Mutex(0)

    var asked: [Asked] { heard.withLock { $0 } }
    var requests: Int { counted.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port.withLock { $0 })/doveadm/v1" }

    private init(_ script: @escaping @Sendable (Asked) -> Answer) { self.script = script }

    static func with<Value: Sendable>(
        _ script: @escaping @Sendable (Asked) -> Answer,
        _ body: (DoveadmStub) async throws -> Value
    ) async throws -> Value {
        let stub = DoveadmStub(script)
        let children = Mutex<[any Channel]>([])
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                children.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(DoveadmStubHandler(stub))
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

    fileprivate func answer(_ body: Data, authorization: String?) throws -> Answer {
        let commands = try #require(
            try JSONSerialization.jsonObject(with: body) as? [[Any]]
        )
        counted.withLock { $0 += 1 }
        var answers: [String] = []
        var other: Answer?
        for command in commands {
            let asked = Asked(
                command: command[0] as? String ?? "",
                mask: (command[1] as? [String: [String]])?["mask"] ?? [],
                authorization: authorization
            )
            heard.withLock { $0.append(asked) }
            switch script(asked) {
            case .answer(let text):
                let tag = try #require(command[2] as? String)
                answers.append(text.replacingOccurrences(of: "TAG", with: "\"\(tag)\""))
            case let answer: other = other ?? answer
            }
        }
        return other ?? .json("[\(answers.joined(separator: ","))]")
    }
}

private final class DoveadmStubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let stub: DoveadmStub
    private var head: HTTPRequestHead?
    private var body = Data()

    init(_ stub: DoveadmStub) { self.stub = stub }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, Data())
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            do {
                respond(
                    try stub.answer(
                        body,
                        authorization: head?.headers.first(name: "Authorization")
                    ),
                    context
                )
            } catch {
                Issue.record(error, "the enforcer asked for something unreadable")
                context.close(promise: nil)
            }
        }
    }

    private func respond(_ answer: DoveadmStub.Answer, _ context: ChannelHandlerContext) {
        let (status, text): (UInt, String)
        switch answer {
        case .silence: return
        case .hangUp: return context.close(promise: nil)
        case .answer(let json): (status, text) = (200, json)
        case .status(let code): (status, text) = (code, "no")
        case .json(let json): (status, text) = (200, json)
        }
        let headers = HTTPHeaders([("Content-Length", "\(text.utf8.count)")])
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .init(statusCode: Int(status)),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
