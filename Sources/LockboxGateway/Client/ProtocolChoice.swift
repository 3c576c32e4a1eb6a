import NIOCore
import NIOTLS

/// Waits until a client and the gateway have agreed in TLS on what they speak, and makes room for it.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let chosen: (_ isHTTP2: Bool) throws -> Void
    private var waiting: Scheduled<Void>?

    /// `chosen` adds to the end of the pipeline what speaks it.
    init(_ chosen: @escaping (_ isHTTP2: Bool) throws -> Void) { self.chosen = chosen }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        waiting = context.eventLoop.scheduleTask(in: GatewayLimits.head) {
            channel.cut(andReset: true)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { waiting?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting?.cancel()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let name) = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        do {
            try chosen(name == "h2")
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.channel.cut(andReset: true)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.channel.cut(andReset: true)
    }
}
