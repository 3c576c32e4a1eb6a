package import LockboxDecisions
import LockboxDomain
package import LockboxPorts
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The gateways' side: hears from the server of ends before, or without, their being written down. They
/// hold here until the server has had time to write them, and to tell of them again if it could not.
package final class EndsTold: Service {
    /// What is answered when they hold.
    static let taken: UInt8 = 0x2b
    /// For how long one holds: the server tells again of what is not written after 15 s at the latest.
    static let held = TimeSpan.seconds(25)
    /// Milliseconds between two looks at whether to stop.
    private static let interval: Int64 = 60_000
    /// Bytes of what is told at once, and for how long it may come.
    fileprivate static let longest = 16 * 1024
    fileprivate static let patience = TimeAmount.seconds(2)

    private let socket: GatewaySocket
    private let index: DecisionIndex
    private let clock: any WallClock
    private let pause: any Pause
    private let cut: @Sendable () -> Void
    private let logger: Logger

    /// `cut` is called when there is something to cut.
    package init(
        at socket: GatewaySocket,
        index: DecisionIndex,
        clock: any WallClock,
        pause: any Pause,
        logger: Logger,
        cut: @escaping @Sendable () -> Void
    ) {
        self.socket = socket
        self.index = index
        self.clock = clock
        self.pause = pause
        self.cut = cut
        self.logger = logger
    }

    /// Runs until shutdown or cancellation.
    package func run() async throws {
        // A loop of its own, as for cutting: nothing that goes through gateways holds it up.
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel: any Channel
        do {
            channel = try await listen(on: loop)
        } catch {
            try await loop.shutdownGracefully()
            throw ConfigurationError(
                "dataDir: the socket \(socket.path) cannot be opened: \(error)"
            )
        }
        while await pause(milliseconds: Self.interval) {}
        try await channel.close().get()
        try await loop.shutdownGracefully()
    }

    private func listen(on loop: MultiThreadedEventLoopGroup) async throws -> any Channel {
        try socket.prepare()
        return try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Hearing(self))
                }
            }
            .bind(unixDomainSocketPath: socket.path, cleanupExistingSocketFile: true).get()
    }

    fileprivate func hold(_ grants: [GrantID]) {
        index.hold(grants, until: clock.now() + Self.held)
        cut()
    }

    fileprivate func misunderstood() {
        logger.error("somebody who is no server of this version speaks to the gateway's socket")
    }
}

/// One connection: lines with a grant each, an empty one, and the answer.
private final class Hearing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ends: EndsTold
    private var text = ""
    private var timer: Scheduled<Void>?

    init(_ ends: EndsTold) { self.ends = ends }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: EndsTold.patience) {
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        guard text.utf8.count <= EndsTold.longest else { return misunderstood(context) }
        guard text.hasSuffix("\n\n") else { return }
        let lines = text.dropLast(2).split(separator: "\n", omittingEmptySubsequences: false)
        let grants = lines.compactMap { GrantID(String($0)) }
        guard grants.count == lines.count else { return misunderstood(context) }
        ends.hold(grants)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [EndsTold.taken])), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func misunderstood(_ context: ChannelHandlerContext) {
        ends.misunderstood()
        context.close(promise: nil)
    }
}
