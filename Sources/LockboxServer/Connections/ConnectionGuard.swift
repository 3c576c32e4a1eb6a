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
}

/// Bounds one connection: it has a place in the book or is closed, and it is closed when its client
/// keeps it waiting for too long. Stands before everything else in the channel's pipeline and hears
/// of requests from `RequestGuard`, behind the decoder.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Receiving { case nothing, head, body }

    private enum Waiting { case idle, head, body, answer }

    private let book: ConnectionBook
    private let proxies: TrustedProxies
    private let deadlines: ConnectionDeadlines

    private var place: ConnectionBook.Number?
    private var receiving = Receiving.head
    private var unanswered = 0
    /// Answers of which the last part is written and has not left yet.
    private var leaving = 0
    private var isBlocked = false
    /// What the client is to do; nil while it waits for us.
    private var waiting: Waiting?
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(book: ConnectionBook, proxies: TrustedProxies, deadlines: ConnectionDeadlines) {
        self.book = book
        self.proxies = proxies
        self.deadlines = deadlines
    }

    /// Puts the guards where they belong in a pipeline that speaks HTTP/1.1 already.
    static func install(
        on channel: any Channel,
        book: ConnectionBook,
        proxies: TrustedProxies,
        deadlines: ConnectionDeadlines
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let connection = ConnectionGuard(book: book, proxies: proxies, deadlines: deadlines)
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(RequestGuard(connection), position: .after(decoder))
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
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: - Its requests

    /// Whether the request that begins may be answered.
    fileprivate func headArrived(_ head: HTTPRequestHead) -> Bool {
        receiving = .body
        unanswered += 1
        guard let place else { return false }
        return book.mayServe(place, isEssential: head.isEssential)
    }

    fileprivate func endArrived() { receiving = .nothing }

    /// The last part of an answer is being written.
    fileprivate func answerEnds(_ isOut: EventLoopFuture<Void>) {
        unanswered -= 1
        leaving += 1
        update()
        isOut.assumeIsolated().whenComplete { _ in
            self.leaving -= 1
            self.update()
        }
    }

    // MARK: - Deadlines

    private func update() {
        guard let place, let context else { return }
        let now: Waiting? =
            if isBlocked || leaving > 0 {
                .answer
            } else if receiving == .body {
                .body
            } else if unanswered > 0 {
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
private final class RequestGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: ConnectionGuard
    private var isTurnedAway = false

    init(_ connection: ConnectionGuard) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTurnedAway else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard connection.headArrived(head) else {
                isTurnedAway = true
                return turnAway(head, context)
            }
        case .body: break
        case .end: connection.endArrived()
        }
        context.fireChannelRead(data)
    }

    private func turnAway(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = HTTPResponseHead(
            version: head.version,
            status: .serviceUnavailable,
            headers: ["Connection": "close", "Content-Length": "0", "Retry-After": "1"]
        )
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            return context.write(data, promise: promise)
        }
        let promise = promise ?? context.eventLoop.makePromise()
        connection.answerEnds(promise.futureResult)
        context.write(data, promise: promise)
    }
}

extension HTTPRequestHead {
    /// What must get in when everything is full: the question whether access is still good, and the
    /// order to end it.
    fileprivate var isEssential: Bool {
        guard method == .POST else { return false }
        let path = uri.prefix { $0 != "?" }.split(separator: "/")
        switch (path.first, path.last, path.count) {
        case ("oauth2", "introspect", 2), ("v1", "revoke", 4), ("requests", "revoke", 3),
            ("lockbox", "stop", 3):
            return true
        case _: return false
        }
    }
}
