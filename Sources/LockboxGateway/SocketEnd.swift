import Foundation
import NIOCore

/// Stands first in a pipeline, next to the socket, so that it can be closed past TLS, whose orderly
/// end waits for the other side.
final class SocketEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    fileprivate func close() { context?.close(promise: nil) }
}

extension Channel {
    /// Whether the system has taken all that was written.
    var hasSentAll: Bool {
        (try? syncOptions?.getOption(.bufferedWritableBytes)) == 0  // best effort: not known is no
    }

    /// Closes the connection now. What waits to be sent is dropped; with `andReset` also what the
    /// system has taken, so that nothing arrives after this.
    func cut(andReset: Bool = false) {
        if andReset, let options = self as? any SocketOptionProvider {
            _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        do {
            try pipeline.syncOperations.handler(type: SocketEnd.self).close()
        } catch {
            close(promise: nil)
        }
    }
}
