import LockboxAPI
import LockboxHTTP
import LockboxIdentity
import NIOCore
import NIOHTTP1

/// How long a client may keep a connection waiting.
struct ConnectionDeadlines: Sendable {
    /// For the next request to begin.
    var idle: TimeAmount
    /// From a request's first byte, or from connecting, to the end of its head.
    var head: TimeAmount
    /// From the end of the head to the end of the body.
    var body: TimeAmount
    /// For the client to make room for more of an answer, or to take the last of it.
    var answer: TimeAmount
    /// For an answer to be ready once the client has closed its side: it may wait for it still, and
    /// more likely has left.
    var halfClosed = TimeAmount.seconds(1)
}

/// Bounds one connection: it has a place in the book or is closed, and it is closed when its client
/// keeps it waiting for too long. Stands before everything else in the channel's pipeline and hears
/// of requests from `RequestGuard`, behind the decoder.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private enum Receiving { case nothing, head, body }

    private enum Waiting { case idle, head, body, answer }

    private let book: ConnectionBook
    private let proxies: TrustedProxies
    private let deadlines: ConnectionDeadlines

    private var place: ConnectionBook.Number?
    private var receiving = Receiving.head
    /// Whether the request that was let through has no whole answer yet.
    private var isUnanswered = false
    /// Whether the last part of its answer is written and has not left yet.
    private var isEnding = false
    private var isBlocked = false
    /// What the client is to do; nil while it waits for us.
    private var waiting: Waiting?
    private var timer: Scheduled<Void>?
    private var leaving: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    /// While the encoder ends an answer that has no body.
    private var isBodiless = false

    init(book: ConnectionBook, proxies: TrustedProxies, deadlines: ConnectionDeadlines) {
        self.book = book
        self.proxies = proxies
        self.deadlines = deadlines
    }

    /// Puts the guards where they belong in a pipeline that speaks HTTP/1.1 already, and `next` right
    /// behind them.
    static func install(
        on channel: any Channel,
        book: ConnectionBook,
        proxies: TrustedProxies,
        deadlines: ConnectionDeadlines,
        then next: (any ChannelHandler)? = nil
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let connection = ConnectionGuard(book: book, proxies: proxies, deadlines: deadlines)
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        let requests = RequestGuard(connection)
        try pipeline.addHandler(requests, position: .after(decoder))
        if let next { try pipeline.addHandler(next, position: .after(requests)) }
        try pipeline.addHandler(connection, position: .first)
    }

    // MARK: - The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { enter(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if place == nil { enter(context) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func enter(_ context: ChannelHandlerContext) {
        let address = context.channel.remoteAddress?.ipAddress ?? "unknown"
        let peer = ConnectionBook.Peer(
            address: proxies.client(peer: address, forwardedFor: []).address,
            isProxy: proxies.contains(address)
        )
        place = book.enter(peer) { [channel = context.channel] in channel.close(promise: nil) }
        if place == nil { context.close(promise: nil) } else { update() }
    }

    private func leave() {
        if let place { book.leave(place) }
        place = nil
        timer?.cancel()
        timer = nil
        leaving?.cancel()
        leaving = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if receiving == .nothing { receiving = .head }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Everything that was read has gone through the decoder by now.
        update()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isBlocked = !context.channel.isWritable
        update()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The server stops: it finishes answers, and waits for nobody.
        if event is ChannelShouldQuiesceEvent, waiting != nil {
            return context.close(promise: nil)
        }
        if case .inputClosed = event as? ChannelEvent { clientClosedItsSide(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// A client that was killed looks like one that has said all it wants to and waits. What is done
    /// for it ends with the connection.
    private func clientClosedItsSide(_ context: ChannelHandlerContext) {
        guard leaving == nil else { return }
        leaving = context.eventLoop.assumeIsolated().scheduleTask(in: deadlines.halfClosed) {
            self.context?.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let nothing = IOData.byteBuffer(context.channel.allocator.buffer(capacity: 0))
        context.write(isBodiless ? wrapOutboundOut(nothing) : data, promise: promise)
    }

    /// Does `write`, the end of an answer to `HEAD`. The encoder does not know what was asked for
    /// and ends a body that is not there: a client would read that as the next answer.
    fileprivate func withoutBody(_ write: () -> Void) {
        isBodiless = true
        write()
        isBodiless = false
    }

    // MARK: - Its requests

    /// What becomes of the request that begins.
    fileprivate func headArrived(_ head: HTTPRequestHead) -> Admission {
        receiving = .body
        isUnanswered = true
        guard head.namesOneHost else { return .refused(.badRequest) }
        guard let place, book.mayServe(place, isEssential: head.isEssential) else {
            return .refused(.serviceUnavailable)
        }
        let expectations = head.headers[canonicalForm: "expect"]
        guard !expectations.isEmpty, head.isModern else { return .answered }
        // RFC 9110 §10.1.1 knows one.
        guard expectations.allSatisfy({ $0.lowercased() == "100-continue" }) else {
            return .refused(.expectationFailed)
        }
        // That a body is refused by its length the client finds out by the answer.
        return head.announcesTooMuch ? .answered : .encouraged
    }

    fileprivate func endArrived() { receiving = .nothing }

    /// Whether a request has no whole answer yet, or its answer has not left yet.
    fileprivate var isAnswering: Bool { isUnanswered || isEnding }

    /// The last part of an answer is being written. `then` is called once it has left.
    fileprivate func answerEnds(
        _ isOut: EventLoopFuture<Void>,
        then: @escaping () -> Void
    ) {
        isUnanswered = false
        isEnding = true
        update()
        isOut.assumeIsolated().whenComplete { _ in
            self.isEnding = false
            self.update()
            then()
        }
    }

    // MARK: - Deadlines

    private func update() {
        guard let place, let context else { return }
        let now: Waiting? =
            if isBlocked || isEnding {
                .answer
            } else if receiving == .body {
                .body
            } else if isUnanswered {
                nil
            } else {
                receiving == .head ? .head : .idle
            }
        guard now != waiting else { return }
        waiting = now
        book.set(place, now == nil ? .answering : .waiting)
        timer?.cancel()
        timer = now.map { waiting in
            context.eventLoop.assumeIsolated().scheduleTask(in: limit(of: waiting)) {
                self.context?.close(promise: nil)
            }
        }
    }

    private func limit(of waiting: Waiting) -> TimeAmount {
        switch waiting {
        case .idle: deadlines.idle
        case .head: deadlines.head
        case .body: deadlines.body
        case .answer: deadlines.answer
        }
    }
}

/// Tells the guard of its connection what requests and answers go through, and turns requests away
/// that have no place.
///
/// Of requests that come one after the other without waiting (RFC 9112 §9.3.2) one is let through at
/// a time, the next once the answer before it has left: a client that asks and never reads is owed
/// one answer, and nothing more is read from it.
private final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Requests that may wait for their turn. What is read at once may hold more; then the connection
    /// is closed.
    private static let mostHeld = 64

    private let connection: ConnectionGuard
    private var isTurnedAway = false
    /// Parts of requests whose turn has not come, in their order.
    private var held: CircularBuffer<HTTPServerRequestPart> = []
    private var heldHeads = 0
    /// Whether somebody wanted to read meanwhile.
    private var isReadHeld = false
    /// Whether the request that was let through is `HEAD`.
    private var isHead = false
    /// Whether the connection ends with the answer to it.
    private var isLast = false

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTurnedAway else { return }
        let part = unwrapInboundIn(data)
        guard !held.isEmpty || isTurnOfAnother(part) else { return pass(part, context) }
        held.append(part)
        if case .head = part { heldHeads += 1 }
        if heldHeads > Self.mostHeld {
            isTurnedAway = true
            held = []
            context.close(promise: nil)
        }
    }

    func read(context: ChannelHandlerContext) {
        if held.isEmpty { context.read() } else { isReadHeld = true }
    }

    /// Whether `part` begins a request while another one's answer is under way.
    private func isTurnOfAnother(_ part: HTTPServerRequestPart) -> Bool {
        if case .head = part { connection.isAnswering } else { false }
    }

    /// The request that waits longest goes on.
    private func release(_ context: ChannelHandlerContext) {
        guard !held.isEmpty else { return }
        while let part = held.first, !isTurnedAway, !isTurnOfAnother(part) {
            held.removeFirst()
            if case .head = part { heldHeads -= 1 }
            pass(part, context)
        }
        context.fireChannelReadComplete()
        guard held.isEmpty, isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            isHead = head.method == .HEAD
            isLast = head.endsParsing
            switch connection.headArrived(head) {
            case .answered: break
            case .encouraged:
                let go = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
            case .refused(let status):
                isTurnedAway = true
                return turnAway(head, status, context)
            }
        case .body: break
        case .end: connection.endArrived()
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    private func turnAway(
        _ head: HTTPRequestHead,
        _ status: HTTPResponseStatus,
        _ context: ChannelHandlerContext
    ) {
        var (status, headers): (_, HTTPHeaders) = (
            status, ["Connection": "close", "Content-Length": "0"]
        )
        if DecisionPath.isForwardAuth(head.uri) {
            // Of anything else a proxy makes what it likes.
            status = .forbidden
            headers.add(name: "Cache-Control", value: "no-store")
            headers.add(
                name: ForwardAuth.reasonField,
                value: "Lockbox does not answer this question."
            )
        } else if status == .serviceUnavailable {
            headers.add(name: "Retry-After", value: "1")
        }
        let answer = HTTPResponseHead(version: head.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isLast && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body: return context.write(data, promise: promise)
        case .end: break
        }
        let promise = promise ?? context.eventLoop.makePromise()
        if isLast {
            isTurnedAway = true
            held = []
        }
        connection.answerEnds(promise.futureResult) { [isLast] in
            if isLast { context.close(promise: nil) } else { self.release(context) }
        }
        if isHead {
            connection.withoutBody { context.write(data, promise: promise) }
        } else {
            context.write(data, promise: promise)
        }
    }
}

/// What becomes of a request.
private enum Admission {
    case answered
    /// Its client waits to hear that it may send the body.
    case encouraged
    case refused(HTTPResponseStatus)
}

extension HTTPRequestHead {
    /// Whether the decoder takes what comes after it for another protocol, and so for no request:
    /// none that is asked for is spoken here.
    fileprivate var endsParsing: Bool { headers.contains(name: "upgrade") || method == .CONNECT }

    /// Whether it is of HTTP/1.1 or later.
    fileprivate var isModern: Bool { (version.major, version.minor) >= (1, 1) }

    /// Whether the request says once whom it is for, as HTTP/1.1 must and older versions may
    /// (RFC 9112 §3.2). Two readers could take two for different ones.
    fileprivate var namesOneHost: Bool {
        let hosts = headers[canonicalForm: "host"]
        guard let host = hosts.first else { return !isModern }
        return headers["host"].count == 1 && hosts.count == 1 && host.isHost
    }

    /// Whether it says that its body is larger than any that is taken.
    fileprivate var announcesTooMuch: Bool {
        headers.first(name: "content-length").flatMap { Int($0) }.map { $0 > APILimits.bodyBytes }
            ?? false
    }

    /// What must get in when everything is full: the question whether access is still good, and the
    /// order to end it.
    fileprivate var isEssential: Bool {
        if DecisionPath.has(method.rawValue, uri) {
            // Without a proxy's credential the answer is no in any case, and may wait.
            return !DecisionPath.isForwardAuth(uri)
                || headers.contains(name: ForwardAuth.clientField)
        }
        guard method == .POST else { return false }
        let path = uri.prefix { $0 != "?" }.split(separator: "/")
        switch (path.first, path.last, path.count) {
        case ("v1", "revoke", 4), ("requests", "revoke", 3), ("lockbox", "stop", 3): return true
        case _: return false
        }
    }
}

extension Substring {
    /// Whether it is a host and perhaps a port, by the characters that those are made of (RFC 3986
    /// §3.2.2, RFC 9110 §7.2).
    fileprivate var isHost: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                case _: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
                }
            }
    }
}
