import LockboxDomain
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// A client's connection that speaks HTTP/2: each of its streams is a request, all are of one access,
/// and all are cut together when it ends.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    let listener: ListenerContext
    let address: String
    /// Says whether a request is under way: then the connection is not closed for a newcomer.
    private let isBusy: (Bool) -> Void
    private var registration: GrantRegistration
    private var streams: [HTTP2StreamID: HTTP2Request] = [:]
    private var lastStream = HTTP2StreamID.rootStream
    private var context: ChannelHandlerContext?
    /// Whether its client was told that it ends, with a bound on how long that may take.
    private var isLeaving = false
    /// For a stream to begin.
    private var waiting: Scheduled<Void>?
    /// For the client to read something.
    private var blocked: Scheduled<Void>?

    private init(
        at listener: ListenerContext,
        from address: String,
        isBusy: @escaping (Bool) -> Void
    ) {
        self.listener = listener
        self.address = address
        self.isBusy = isBusy
        registration = GrantRegistration(listener)
    }

    /// Puts what speaks HTTP/2 at the end of the pipeline of `channel`.
    static func add(
        to channel: any Channel,
        at listener: ListenerContext,
        from address: String,
        isBusy: @escaping (Bool) -> Void
    ) throws {
        let own = HTTP2Connection(at: listener, from: address, isBusy: isBusy)
        let bound = NIOLoopBound(own, eventLoop: listener.loop)
        let frames = NIOHTTP2Handler(
            mode: .server,
            eventLoop: listener.loop,
            connectionConfiguration: GatewayLimits.http2Connection,
            streamConfiguration: GatewayLimits.http2Stream
        ) { stream in
            stream.eventLoop.makeCompletedFuture { try bound.value.begin(stream) }
        }
        try channel.pipeline.syncOperations.addHandlers(frames, own)
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

    func channelInactive(context: ChannelHandlerContext) {
        over()
        context.fireChannelInactive()
    }

    private func over() {
        isLeaving = true
        registration.leave()
        waiting?.cancel()
        blocked?.cancel()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readOn()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        blocked?.cancel()
        if context.channel.isWritable {
            readOn()
        } else {
            blocked = context.eventLoop.assumeIsolated().scheduleTask(in: GatewayLimits.reading) {
                self.cut()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Bodies wait in their streams' windows. Who does not read what is sent is not listened to.
    private func readOn() {
        if let context, !isLeaving, context.channel.isWritable { context.read() }
    }

    /// Of what breaks the rules no more is read: who sent it may take the next bytes for something
    /// else than they are here.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Frames of a stream that has just ended are no fault of its client's.
        if error is NIOHTTP2Errors.NoSuchStream || isLeaving { return }
        if error is any NIOHTTP2Error {
            listener.logMalformed(WireError("\(type(of: error))"), from: address)
        }
        leave(.protocolError)
    }

    private func wait(_ amount: TimeAmount) {
        waiting?.cancel()
        waiting = listener.loop.assumeIsolated().scheduleTask(in: amount) {
            self.leave(.noError)
        }
    }

    // MARK: - Streams

    private func begin(_ channel: any Channel) throws {
        guard !isLeaving, let options = channel.syncOptions else {
            throw ChannelError.ioOnClosedChannel
        }
        // The connection reads by itself; a stream gives what it has when it is asked to.
        try options.setOption(.autoRead, value: false)
        let id = try options.getOption(HTTP2StreamChannelOptions.streamID)
        let request = HTTP2Request(id, on: self)
        try channel.pipeline.syncOperations.addHandler(request)
        streams[id] = request
        lastStream = max(lastStream, id)
        waiting?.cancel()
        if streams.count == 1 { isBusy(true) }
    }

    func ended(_ id: HTTP2StreamID) {
        guard streams.removeValue(forKey: id) != nil, streams.isEmpty, !isLeaving else { return }
        isBusy(false)
        wait(GatewayLimits.idle)
    }

    /// Why there is no place for what is to go on under `credential`; nil where there is one.
    func mayEnter(_ credential: Credential) -> GatewayRefusal? {
        // Streams go on side by side, and the place is of one credential.
        guard !isLeaving, streams.count == 1 || !registration.isOther(credential) else {
            return .otherAccess
        }
        return registration.mayEnter(credential)
    }

    /// Takes a place for what goes on under `credential`; says why if there is none for it.
    func enter(_ credential: Credential) -> GatewayRefusal? {
        guard let channel = context?.channel else { return .otherAccess }
        if let refusal = mayEnter(credential) { return refusal }
        let bound = NIOLoopBound(self, eventLoop: listener.loop)
        return registration.enter(credential, on: channel) { bound.value.accessEnded() }
    }

    func cutOthers(under credential: Credential) { registration.cutOthers(under: credential) }

    // MARK: - The end

    /// What it was let in with is over for this client; the next request needs another connection.
    func close() { leave(.noError, within: GatewayLimits.draining) }

    /// The access is over: nothing of any answer is sent any more, and the client is told so if what
    /// it was sent before has left.
    private func accessEnded() {
        guard !isLeaving else { return }
        if context?.channel.hasSentAll == true { leave(.noError) } else { cut() }
    }

    /// Resets all streams, says GOAWAY (RFC 9113 §6.8) and closes; `time` is for that to arrive, and
    /// what was sent before.
    private func leave(
        _ code: HTTP2ErrorCode,
        within time: TimeAmount = GatewayLimits.closeFrame
    ) {
        guard !isLeaving, let context else { return }
        isLeaving = true
        waiting?.cancel()
        for request in streams.values { request.end() }
        let frame = HTTP2Frame.FramePayload.goAway(
            lastStreamID: lastStream,
            errorCode: code,
            opaqueData: nil
        )
        context.writeAndFlush(
            wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: frame)),
            promise: nil
        )
        let channel = context.channel
        // Nothing that the system still holds for a client that does not read arrives later.
        listener.loop.scheduleTask(in: time) { channel.cut(andReset: true) }
    }

    /// Closes at once: nothing more arrives at the client.
    private func cut() {
        let channel = context?.channel
        over()
        channel?.cut(andReset: true)
    }
}
