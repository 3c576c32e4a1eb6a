import LockboxDomain
import LockboxPorts
import Logging
import NIOCore
import NIOHTTP1

/// A client's connection that speaks HTTP/1.1: one request after the other, each answered before
/// the next is looked at.
final class ClientConnection: ChannelInboundHandler, ClientSide {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case head
        case body(BodyReader)
        /// All of the request was read.
        case answering
        case tunnel
        /// What still comes is thrown away until the client has read why.
        case draining
        case closed
    }

    private let listener: ListenerContext
    private let address: String
    /// Says whether a request is under way: then the connection is not closed for a newcomer.
    private let isBusy: (Bool) -> Void
    private var registration: GrantRegistration
    private var state = State.head
    private var heads = HeadReader()
    private var pending = ByteBuffer()
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?
    /// Whether another request may follow.
    private var keepsAlive = true
    private var isHead = false
    private var isAnswerBegun = false
    private var isAnswerChunked = false
    private var awaitsContinue = false
    private var drained = 0
    private var frames = FrameBoundary()
    /// Whether a close frame is on its way, with a bound on how long it may take.
    private var isToldOfEnd = false
    /// For the client to send something.
    private var waiting: Scheduled<Void>?
    /// For the client to read something.
    private var blocked: Scheduled<Void>?

    init(at listener: ListenerContext, from address: String, isBusy: @escaping (Bool) -> Void) {
        self.listener = listener
        self.address = address
        self.isBusy = isBusy
        registration = GrantRegistration(listener)
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        wait(GatewayLimits.head)
        if context.channel.isActive { context.read() }
    }

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

    func errorCaught(context: ChannelHandlerContext, error: any Error) { cut() }

    private func over() {
        state = .closed
        registration.leave()
        waiting?.cancel()
        blocked?.cancel()
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending.append(unwrapInboundIn(data))
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readOn()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blocked?.cancel()
        if context.channel.isWritable {
            if case .head = state { awaitHead() }
            exchange?.clientIsWritable()
            process()
            readOn()
        } else {
            blocked = context.eventLoop.assumeIsolated().scheduleTask(in: GatewayLimits.reading) {
                self.cut()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Reads more where it can be made use of.
    private func readOn() {
        guard let context else { return }
        switch state {
        case .head: if context.channel.isWritable { context.read() }
        case .draining: context.read()
        case .body, .tunnel: if exchange?.takesBody ?? false { context.read() }
        case .answering:
            // To notice that it leaves.
            if pending.readableBytes < GatewayLimits.aheadBytes { context.read() }
        case .closed: break
        }
    }

    private func wait(_ amount: TimeAmount?) {
        waiting?.cancel()
        waiting = amount.flatMap { amount in
            context?.eventLoop.assumeIsolated().scheduleTask(in: amount) { self.cut() }
        }
    }

    /// The rest of a request is to come, or another one.
    private func awaitHead() {
        isHeadBegun = pending.readableBytes > 0
        wait(isHeadBegun ? GatewayLimits.head : GatewayLimits.idle)
    }

    // MARK: - Requests

    private func process() {
        // What answers at once comes back here; the loop that is on sees to the rest.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while true {
            switch state {
            case .closed: return
            case .draining:
                drained += pending.readableBytes
                pending.clear()
                if drained > GatewayLimits.drainedBytes { cut() }
                return
            case .answering: return
            case .tunnel:
                if pending.readableBytes > 0, exchange?.takesBody ?? false,
                    let bytes = pending.readSlice(length: pending.readableBytes)
                {
                    exchange?.tunnel(bytes)
                }
                return
            case .head:
                // Who does not read answers gets no more of them.
                guard isWritable, takeHead() else { return }
            case .body:
                guard takeBody() else { return }
            }
        }
    }

    private var isProcessing = false

    /// Whether there is more to look at.
    private func takeHead() -> Bool {
        guard pending.readableBytes > 0 else { return false }
        let request: RequestHead
        do throws(WireError) {
            guard let head = try heads.next(&pending) else {
                if !isHeadBegun { wait(GatewayLimits.head) }
                isHeadBegun = true
                return false
            }
            request = try RequestHead(head)
        } catch {
            malformed(error)
            return false
        }
        isHeadBegun = false
        isBusy(true)
        keepsAlive = request.keepsAlive
        isHead = request.method == "HEAD"
        isAnswerBegun = false
        awaitsContinue = request.awaitsContinue
        wait(nil)
        let reader = BodyReader(request.framing, dropsTrailers: false)
        state = reader.isDone ? .answering : .body(reader)
        let exchange = Exchange(request, from: address, at: listener, client: self)
        self.exchange = exchange
        exchange.begin()
        return true
    }

    private var isHeadBegun = true

    /// Whether there is more to look at.
    private func takeBody() -> Bool {
        guard let exchange, exchange.takesBody, case .body(var reader) = state else {
            // The service keeps it waiting now.
            wait(nil)
            return false
        }
        do throws(WireError) {
            while let bytes = try reader.next(&pending) {
                bodyBytes += bytes.readableBytes
                guard bodyBytes <= GatewayLimits.bodyBytes else {
                    throw WireError("the body is too long", .payloadTooLarge)
                }
                exchange.body(bytes)
                // It may have been refused.
                guard case .body = state else { return true }
            }
        } catch {
            malformed(error)
            return false
        }
        state = .body(reader)
        guard reader.isDone else {
            wait(GatewayLimits.body)
            return false
        }
        bodyBytes = 0
        wait(nil)
        state = .answering
        exchange.bodyEnded()
        return true
    }

    private var bodyBytes = 0

    /// What cannot be understood is answered, if nothing is being answered, and ends the
    /// connection: nobody knows where the next request would begin.
    private func malformed(_ error: WireError) {
        let isAnswerBegun = isAnswerBegun
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
        listener.logMalformed(error, from: address)
        guard exchange == nil || !isAnswerBegun else { return cut() }
        keepsAlive = false
        isHead = false
        state = .draining
        refuse(.malformed(error))
    }

    // MARK: - The exchange's side

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var placed: Credential? { registration.credential }

    func mayEnter(_ credential: Credential) -> GatewayRefusal? {
        let refusal = registration.mayEnter(credential)
        if refusal == .otherAccess { keepsAlive = false }
        return refusal
    }

    func enter(_ credential: Credential) -> GatewayRefusal? {
        guard let channel = context?.channel else { return .otherAccess }
        if let refusal = mayEnter(credential) { return refusal }
        let bound = NIOLoopBound(self, eventLoop: listener.loop)
        return registration.enter(credential, on: channel) { bound.value.accessEnded() }
    }

    func cutOthers(under credential: Credential) { registration.cutOthers(under: credential) }

    func wantBody() {
        if case .body = state {
            if awaitsContinue {
                awaitsContinue = false
                write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"), flush: true)
            }
            if waiting == nil { wait(GatewayLimits.body) }
        }
        process()
        readOn()
    }

    func begin(_ head: AnswerHead) {
        isAnswerBegun = true
        if case .body = state { keepsAlive = false }
        if head.closes { keepsAlive = false }
        var fields = head.fields
        isAnswerChunked = false
        switch head.body {
        case .none: break
        case .length(let length): fields.add(name: "Content-Length", value: "\(length)")
        case .open:
            fields.add(name: "Transfer-Encoding", value: "chunked")
            isAnswerChunked = true
        }
        if !keepsAlive { fields.add(name: "Connection", value: "close") }
        var text = "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
        text.append(fields: fields)
        write(ByteBuffer(string: text), flush: head.body == .open)
    }

    func send(_ bytes: ByteBuffer) {
        if case .tunnel = state {
            frames.pass(bytes.readableBytesView)
            write(bytes, flush: true)
            return
        }
        guard !isHead else { return }
        for part in isAnswerChunked ? bytes.asChunk : [bytes] { write(part, flush: false) }
        context?.flush()
    }

    func finish() {
        let isWhole =
            switch state {
            case .answering: true
            case .head, .body, .tunnel, .draining, .closed: false
            }
        exchange = nil
        let end = isAnswerChunked && !isHead ? ByteBuffer.lastChunk : ByteBuffer()
        guard keepsAlive && isWhole else {
            return closeAfter(
                end,
                draining: isWhole ? GatewayLimits.reading : GatewayLimits.draining
            )
        }
        write(end, flush: true)
        state = .head
        isBusy(false)
        // While the client takes no answers, its next request is not looked at: `blocked` runs.
        if isWritable { awaitHead() } else { wait(nil) }
        process()
        readOn()
    }

    /// Sends `end` and closes, so that the client reads all of it: a connection that is closed with
    /// something unread would take it away. `time` is for the client to close too, once the system
    /// has taken everything: that has not arrived yet, and until then it can be cut.
    private func closeAfter(_ end: ByteBuffer, draining time: TimeAmount) {
        if case .closed = state { return }
        state = .draining
        wait(GatewayLimits.reading)
        write(end, flush: true).assumeIsolated().whenComplete { [weak self] _ in
            guard let self, let context = self.context, case .draining = self.state else { return }
            self.isBusy(false)
            context.close(mode: .output, promise: nil)
            self.wait(time)
            self.readOn()
        }
        process()
    }

    func upgrade(_ fields: HTTPHeaders) {
        state = .tunnel
        var text = "HTTP/1.1 101 Switching Protocols\r\n"
        var fields = fields
        fields.add(name: "Connection", value: "Upgrade")
        fields.add(name: "Upgrade", value: "websocket")
        text.append(fields: fields)
        write(ByteBuffer(string: text), flush: true)
        process()
        readOn()
    }

    func closeTunnel() {
        exchange = nil
        closeAfter(ByteBuffer(), draining: GatewayLimits.reading)
    }

    func abort() {
        exchange = nil
        cut()
    }

    @discardableResult
    private func write(_ bytes: ByteBuffer, flush: Bool) -> EventLoopFuture<Void> {
        guard let context else { return listener.loop.makeSucceededVoidFuture() }
        let written = context.write(wrapOutboundOut(bytes))
        if flush { context.flush() }
        return written
    }

    // MARK: - The end

    /// Closes at once: nothing more arrives at the client.
    private func cut() {
        let channel = context?.channel
        over()
        channel?.cut(andReset: true)
    }

    /// The access is over: a WebSocket is told so where that can be understood, everything else is
    /// cut wherever it is.
    private func accessEnded() {
        guard !isToldOfEnd else { return }
        guard case .tunnel = state, context?.channel.hasSentAll == true, frames.isBetween else {
            return cut()
        }
        isToldOfEnd = true
        let channel = context?.channel
        write(ByteBuffer(bytes: FrameBoundary.accessEnded), flush: true)
        let exchange = exchange
        self.exchange = nil
        exchange?.clientIsGone()
        state = .closed
        // Nothing that the system still holds for a client that does not read arrives later.
        listener.loop.scheduleTask(in: GatewayLimits.closeFrame) { channel?.cut(andReset: true) }
    }
}
