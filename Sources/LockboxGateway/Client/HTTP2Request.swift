import LockboxDomain
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// One stream of a client's connection: a request, and the answer to it.
final class HTTP2Request: ChannelInboundHandler, ClientSide {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        case head, body
        /// All of the request was passed on.
        case whole
        /// What still comes is thrown away.
        case refused
        case over
    }

    private let id: HTTP2StreamID
    private let connection: HTTP2Connection
    private var state = State.head
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?
    /// Of the body: what was not taken yet, within the stream's window.
    private var pending = CircularBuffer<ByteBuffer>()
    private var bodyBytes = 0
    /// Whether all of the request has arrived.
    private var isComplete = false
    private var awaitsContinue = false
    private var isHead = false
    private var isAnswerBegun = false
    /// Whether the connection ends with the answer.
    private var closes = false
    /// The head of an answer that has no body: it goes with the answer's end.
    private var held: HPACKHeaders?
    /// Under which it is counted among those of its grant.
    private(set) var placed: Credential?
    /// For more of the body to come, or at last for the client to read the end of the answer.
    private var waiting: Scheduled<Void>?
    /// For the client to read something.
    private var blocked: Scheduled<Void>?

    init(_ id: HTTP2StreamID, on connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
    }

    private var listener: ListenerContext { connection.listener }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        over()
    }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        over()
        context.fireChannelInactive()
    }

    /// Its client has reset it, or has broken a rule.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { reset(.protocolError) }

    private func over() {
        if case .over = state { return }
        state = .over
        waiting?.cancel()
        blocked?.cancel()
        // Whether its client waits for the end of the answer or not.
        if closes { connection.close() }
        if let placed { listener.requestEnded(of: placed.grant) }
        placed = nil
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
        connection.ended(id)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blocked?.cancel()
        if context.channel.isWritable {
            exchange?.clientIsWritable()
        } else {
            blocked = context.eventLoop.assumeIsolated().scheduleTask(in: GatewayLimits.reading) {
                self.reset(.cancel)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    private func wait(_ amount: TimeAmount?) {
        waiting?.cancel()
        waiting = amount.flatMap { amount in
            context?.eventLoop.assumeIsolated().scheduleTask(in: amount) { self.reset(.cancel) }
        }
    }

    // MARK: - The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let block):
            switch state {
            case .head: takeHead(block.headers, isWhole: block.endStream)
            case .body: malformed(WireError("a request has fields after its body"))
            case .whole, .refused, .over: break
            }
        case .data(let part):
            isComplete = isComplete || part.endStream
            guard case .body = state, case .byteBuffer(let bytes) = part.data else { return }
            bodyBytes += bytes.readableBytes
            guard bodyBytes <= GatewayLimits.bodyBytes else {
                return malformed(WireError("the body is too long", .payloadTooLarge))
            }
            if bytes.readableBytes > 0 { pending.append(bytes) }
            takeBody()
        case .rstStream, .priority, .settings, .pushPromise, .ping, .goAway, .windowUpdate,
            .alternativeService, .origin:
            break
        }
    }

    private func takeHead(_ block: HPACKHeaders, isWhole: Bool) {
        isHead = block.first(name: ":method") == "HEAD"
        isComplete = isWhole
        do throws(WireError) {
            let request = try RequestHead(block, isWhole: isWhole)
            awaitsContinue = request.awaitsContinue
            state = isWhole ? .whole : .body
            let exchange = Exchange(
                request,
                from: connection.address,
                at: listener,
                client: self
            )
            self.exchange = exchange
            exchange.begin()
        } catch {
            malformed(error)
        }
    }

    /// Passes on what has arrived of the body, as far as the service takes it, and asks for more.
    private func takeBody() {
        while case .body = state, let exchange, exchange.takesBody, let bytes = pending.popFirst() {
            exchange.body(bytes)
        }
        guard case .body = state, let exchange else { return }
        if pending.isEmpty, isComplete {
            wait(nil)
            state = .whole
            exchange.bodyEnded()
        } else if pending.isEmpty, exchange.takesBody {
            wait(GatewayLimits.body)
            context?.read()
        } else {
            // The service keeps it waiting now.
            wait(nil)
        }
    }

    private func malformed(_ error: WireError) {
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
        listener.logMalformed(error, from: connection.address)
        guard !isAnswerBegun else { return reset(.protocolError) }
        state = .refused
        pending.removeAll()
        refuse(.malformed(error))
    }

    // MARK: - The exchange's side

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func mayEnter(_ credential: Credential) -> GatewayRefusal? {
        if let refusal = connection.mayEnter(credential) { return refusal }
        return placed != nil || listener.mayBegin(under: credential.grant) ? nil : .tooMany
    }

    func enter(_ credential: Credential) -> GatewayRefusal? {
        if let refusal = connection.enter(credential) { return refusal }
        if placed == nil {
            guard listener.requestBegins(of: credential.grant) else { return .tooMany }
        }
        placed = credential
        return nil
    }

    func cutOthers(under credential: Credential) { connection.cutOthers(under: credential) }

    func wantBody() {
        if case .body = state, awaitsContinue {
            awaitsContinue = false
            write(.headers(.init(headers: [":status": "100"])))
        }
        takeBody()
    }

    func begin(_ head: AnswerHead) {
        isAnswerBegun = true
        closes = head.closes
        let fields = HPACKHeaders(head)
        if isHead || head.body == .none || head.body == .length(0) {
            held = fields
        } else {
            write(.headers(.init(headers: fields)))
        }
    }

    func send(_ bytes: ByteBuffer) {
        if held == nil { write(.data(.init(data: .byteBuffer(bytes)))) }
    }

    func finish() {
        exchange = nil
        // For the client to read all of it.
        wait(GatewayLimits.reading)
        let end: HTTP2Frame.FramePayload =
            held.map { .headers(.init(headers: $0, endStream: true)) }
            ?? .data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        write(end).assumeIsolated().whenSuccess {
            // What is left of the request is not wanted (RFC 9113 §8.1).
            if !self.isComplete { self.reset(.noError) }
        }
    }

    func abort() { reset(.internalError) }

    /// A stream is never asked for as a WebSocket.
    func upgrade(_ fields: HTTPHeaders) { abort() }

    func closeTunnel() { abort() }

    /// The access is over, or the connection.
    func end() { reset(.cancel) }

    private func reset(_ code: HTTP2ErrorCode) {
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
        if case .over = state { return }
        state = .refused
        write(.rstStream(code))
    }

    @discardableResult
    private func write(_ payload: HTTP2Frame.FramePayload) -> EventLoopFuture<Void> {
        guard let context else { return listener.loop.makeFailedFuture(ChannelError.alreadyClosed) }
        return context.writeAndFlush(wrapOutboundOut(payload))
    }
}
