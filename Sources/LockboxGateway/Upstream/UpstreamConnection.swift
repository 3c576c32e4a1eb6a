import Crypto
import Foundation
import NIOCore
import NIOHTTP1

/// A connection to the service. It has one request at a time, and what it was not asked for ends it.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case idle, head
        case body(BodyReader, keeps: Bool)
        case tunnel, closed
    }

    private var state = State.idle
    private var heads = HeadReader()
    private var pending = ByteBuffer()
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?
    private var interim = 0
    /// Whether a byte of the answer came.
    private var isAnswered = false
    private(set) var isReused = false
    private let released: (UpstreamConnection) -> Void
    private let wasClosed: (UpstreamConnection) -> Void

    /// `released` is called when it is free for another request, `wasClosed` when it never will be.
    init(
        released: @escaping (UpstreamConnection) -> Void,
        wasClosed: @escaping (UpstreamConnection) -> Void
    ) {
        self.released = released
        self.wasClosed = wasClosed
    }

    // MARK: - The request

    func begin(_ exchange: Exchange, fields: HTTPHeaders) {
        guard let context, context.channel.isActive else {
            return exchange.broke("it closed", nothingCame: true)
        }
        self.exchange = exchange
        state = .head
        interim = 0
        isAnswered = false
        var head = "\(exchange.request.method) \(exchange.request.target.text) HTTP/1.1\r\n"
        head.append(fields: fields)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
        context.read()
    }

    func send(_ bytes: ByteBuffer, isChunk: Bool) {
        guard let context else { return }
        for part in isChunk ? bytes.asChunk : [bytes] {
            context.write(wrapOutboundOut(part), promise: nil)
        }
        context.flush()
    }

    func sendEnd(isChunked: Bool) {
        guard let context, isChunked else { return }
        context.writeAndFlush(wrapOutboundOut(.lastChunk), promise: nil)
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Whoever it is for takes more.
    func resume() { readOn() }

    /// At once: an orderly end of TLS would wait for the other side. Where something is under way,
    /// nothing more of it arrives.
    func close() {
        let isUnderWay = exchange != nil
        exchange = nil
        state = .closed
        context?.channel.cut(andReset: isUnderWay)
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending.append(unwrapInboundIn(data))
        do {
            try process()
        } catch {
            fail(error.problem)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { readOn() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamIsWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .body(let reader, _) = state, reader.endsWithConnection {
            state = .closed
            end(exchange)
        } else {
            fail("it closed the connection too early")
        }
        wasClosed(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The library's words may hold addresses.
        fail("the connection to it broke (\(type(of: error)))")
    }

    /// Of an answer no more is read than its client takes.
    private func readOn() {
        guard let context else { return }
        switch state {
        case .idle, .head: context.read()
        case .body, .tunnel: if exchange?.isClientWritable ?? false { context.read() }
        case .closed: break
        }
    }

    private func end(_ exchange: Exchange?) {
        self.exchange = nil
        exchange?.answerEnded()
    }

    private func fail(_ problem: String) {
        guard let exchange else { return close() }
        let nothingCame = !isAnswered
        close()
        exchange.broke(problem, nothingCame: nothingCame)
    }

    // MARK: - The answer

    private func process() throws(WireError) {
        while true {
            switch state {
            case .closed: return
            case .idle:
                // Nobody asked: it would be taken for the next answer.
                if pending.readableBytes > 0 { close() }
                return
            case .head:
                isAnswered = isAnswered || pending.readableBytes > 0
                guard let head = try heads.next(&pending) else { return }
                try headArrived(head)
            case .body(var reader, let keeps):
                while let bytes = try reader.next(&pending) { exchange?.answerBody(bytes) }
                guard case .body = state else { return }
                state = .body(reader, keeps: keeps)
                guard reader.isDone else { return }
                answerIsWhole(keeps: keeps)
            case .tunnel:
                if let bytes = pending.readSlice(length: pending.readableBytes),
                    bytes.readableBytes > 0
                {
                    exchange?.tunnelBody(bytes)
                }
                return
            }
        }
    }

    private func headArrived(_ head: MessageHead) throws(WireError) {
        guard let exchange else { return close() }
        let answer = try ResponseHead(head, to: exchange.request.method)
        if answer.status == .switchingProtocols {
            guard Self.accepts(answer.fields, exchange.request) else {
                throw WireError("it switches to a protocol that was not asked for")
            }
            state = .tunnel
            exchange.switched(answer.fields)
        } else if answer.status.code < 200 {
            interim += 1
            guard interim <= GatewayLimits.interimAnswers else {
                throw WireError("it does not come to an answer")
            }
        } else {
            state = .body(
                BodyReader(answer.framing, dropsTrailers: true),
                keeps: answer.keepsAlive
            )
            exchange.answered(answer)
        }
    }

    private func answerIsWhole(keeps: Bool) {
        let exchange = exchange
        self.exchange = nil
        // A service that left a body unread would take it for the next request (decision 0037).
        let isClean =
            pending.readableBytes == 0 && exchange?.request.framing == BodyFraming.none
        if keeps && isClean {
            state = .idle
            isReused = true
            released(self)
        } else {
            close()
        }
        exchange?.answerEnded()
    }

    /// Whether `fields` agree to the WebSocket that `request` asked for (RFC 6455 §4.1).
    private static func accepts(_ fields: HTTPHeaders, _ request: RequestHead) -> Bool {
        guard request.isWebSocket, fields.tokens("upgrade") == ["websocket"],
            fields.tokens("connection").contains("upgrade"),
            let key = request.fields.first(name: "sec-websocket-key")
        else { return false }
        let hash = Insecure.SHA1.hash(
            data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        )
        return fields["sec-websocket-accept"] == [Data(hash).base64EncodedString()]
    }
}

extension String {
    /// The lines of `fields` and the empty line.
    mutating func append(fields: HTTPHeaders) {
        for (name, value) in fields { self += "\(name): \(value)\r\n" }
        self += "\r\n"
    }
}
