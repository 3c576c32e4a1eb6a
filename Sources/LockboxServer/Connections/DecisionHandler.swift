import HTTPTypes
import Hummingbird
import LockboxAPI
import LockboxHTTP
import LockboxPorts
import Logging
import NIOCore
import NIOHTTP1

/// Answers what services ask about access (`DecisionPath`) on the event loop of their connection.
/// Everything else goes on to the server behind it, and so does a question that is put in an unusual
/// way.
///
/// The answer is made by the same responder as there, in a task that starts on the loop and stays on
/// it: with what is needed in memory it is there before the next event, and no other thread has to
/// wake up for it. Requests come one at a time (`RequestGuard`).
final class DecisionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a body that are collected; a longer one is for the server behind to take or refuse.
    static let bodyBytes = 16 * 1024

    private enum State {
        case passing
        case collecting(HTTPRequestHead, ByteBuffer)
        case answering
    }

    private let responder: DecisionResponder
    private var state = State.passing
    private var context: ChannelHandlerContext?
    private var executor: EventLoopExecutor?
    private var task: Task<Void, Never>?
    /// Whether the connection ends with the answer.
    private var closes = false

    init(_ responder: DecisionResponder) { self.responder = responder }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        executor = EventLoopExecutor(context.eventLoop)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        task?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The server stops: the handlers behind know of no request, and would close the connection
        // before its answer.
        if event is ChannelShouldQuiesceEvent, case .answering = state {
            closes = true
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.passing, .head(let head)) where DecisionPath.has(head.method.rawValue, head.uri):
            state = .collecting(head, ByteBuffer())
        case (.collecting(let head, var body), .body(var part)):
            guard body.readableBytes + part.readableBytes <= Self.bodyBytes else {
                return pass(head, body, and: .body(part), context)
            }
            // Or the state would hold on to the bytes, and appending would copy them each time.
            state = .passing
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
            state = .collecting(head, body)
        case (.collecting(let head, let body), .end(let trailers)):
            guard trailers == nil else {
                return pass(head, body, and: .end(trailers), context)
            }
            // As the server behind reads it.
            closes = head.headers["connection"] == ["close"]
            let digest = responder.digest(of: head, body)
            if let digest, let answer = responder.keptAnswer(to: digest) {
                state = .passing
                return write(answer.head, answer.body, context)
            }
            guard let request = head.request else {
                return pass(head, body, and: .end(trailers), context)
            }
            answer(Request(head: request, body: RequestBody(buffer: body)), digest, context)
        case (_, let part):
            context.fireChannelRead(wrapInboundOut(part))
        }
    }

    /// Hands over what was kept back.
    private func pass(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        and rest: HTTPServerRequestPart,
        _ context: ChannelHandlerContext
    ) {
        state = .passing
        context.fireChannelRead(wrapInboundOut(.head(head)))
        if body.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(.body(body))) }
        context.fireChannelRead(wrapInboundOut(rest))
    }

    private func answer(
        _ request: Request,
        _ digest: RequestDigest?,
        _ context: ChannelHandlerContext
    ) {
        state = .answering
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        task = Task.immediate(executorPreference: executor) {
            [responder] in
            let (head, body) = await responder.answer(to: request, digest, on: channel)
            handler.value.finish(head, request.method == .head ? ByteBuffer() : body)
        }
    }

    private func finish(_ head: HTTPResponseHead, _ body: ByteBuffer) {
        state = .passing
        task = nil
        if let context { write(head, body, context) }
    }

    private func write(
        _ head: HTTPResponseHead,
        _ body: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if closes {
            written.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
        }
    }
}

/// Makes the answers of a listener outside its server.
struct DecisionResponder: Sendable {
    private let dispatcher: Dispatcher
    private let clock: any WallClock
    private let date = HTTPDate()
    private let kept = KeptAnswers()
    private let logger: Logger

    init(_ dispatcher: Dispatcher, clock: any WallClock, logger: Logger) {
        self.dispatcher = dispatcher
        self.clock = clock
        self.logger = logger
    }

    /// What names a request whose answer may be kept; nil where none is.
    func digest(of head: HTTPRequestHead, _ body: ByteBuffer) -> RequestDigest? {
        DecisionPath.isForwardAuth(head.uri) ? nil : RequestDigest(head, body)
    }

    /// The answer that the same request had before, where it is still right.
    func keptAnswer(to request: RequestDigest) -> (head: HTTPResponseHead, body: ByteBuffer)? {
        guard let answer = kept[request], answer.isAllowed(requestLogger()) else { return nil }
        return (dated(answer.head), answer.body)
    }

    private func requestLogger() -> Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = .stringConvertible(RequestID())
        return logger
    }

    private func dated(_ head: HTTPResponseHead) -> HTTPResponseHead {
        var head = head
        head.headers.add(name: "Date", value: date.text(of: clock.now()))
        return head
    }

    /// Answers by the doors, and keeps the answer under `digest` where they allow that.
    func answer(
        to request: Request,
        _ digest: RequestDigest?,
        on channel: any Channel
    ) async -> (HTTPResponseHead, ByteBuffer) {
        let logger = requestLogger()
        let repetition = digest.map { _ in Repetition() }
        let source = ApplicationRequestContextSource(channel: channel, logger: logger)
        let collector = BodyCollector()
        var response: Response
        do {
            var context = DoorContext(source: source)
            context.repetition = repetition
            response = try await dispatcher.respond(to: request, context: context)
            try await response.body.write(collector)
        } catch {
            // Doors answer errors themselves.
            logger.error("request failed", metadata: ["error": "\(error)"])
            response = Response(status: .internalServerError)
            collector.bytes.clear()
        }
        let head = HTTPResponseHead(response)
        if let digest, let repetition, response.status == .ok {
            kept.keep(head, collector.bytes, repetition, for: digest)
        }
        return (dated(head), collector.bytes)
    }
}

private final class BodyCollector: ResponseBodyWriter {
    var bytes = ByteBuffer()

    func write(_ buffer: ByteBuffer) async throws {
        if bytes.readableBytes == 0 { bytes = buffer } else { bytes.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Runs the parts of a task on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension HTTPResponseHead {
    fileprivate init(_ response: Response) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headers.count + 1)
        for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
        self.init(
            version: .http1_1,
            status: HTTPResponseStatus(
                statusCode: response.status.code,
                reasonPhrase: response.status.reasonPhrase
            ),
            headers: headers
        )
    }
}

extension HTTPRequestHead {
    /// The same as the server behind sees it; nil for forms that it has to look at more closely.
    fileprivate var request: HTTPRequest? {
        guard uri.hasPrefix("/"), let method = HTTPRequest.Method(method.rawValue) else {
            return nil
        }
        var fields = HTTPFields()
        fields.reserveCapacity(headers.count)
        var host: String?
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { return nil }
            if name.canonicalName == "host" {
                host = value
            } else {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        return HTTPRequest(
            method: method,
            scheme: "http",
            authority: host,
            path: uri,
            headerFields: fields
        )
    }
}
