import Foundation
package import LockboxDomain
import LockboxHTTP
import LockboxIdentity
package import LockboxPorts
import LockboxServices
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The reverse proxy in front of services that have `gateway:` in the directory. Each listens at an
/// address of its own, and what goes on through it is cut when its access ends, whatever the store,
/// the network or the other side does.
package final class Gateway: Service {
    private let authorizer: RequestAuthorizer
    private let book: GatewayBook
    private let browsers: BrowserSessions
    private let assertions: Assertions
    private let pause: any Pause
    private let readSecret: @Sendable (String) throws -> String
    private let secureFiles: @Sendable (Int) throws -> Void
    private let wanted = Mutex<[ServiceSettings]>([])
    private let listening = Mutex<Set<ServiceID>>([])
    private let jobs: AsyncStream<ListenerContext.Job>
    private let newJobs: AsyncStream<ListenerContext.Job>.Continuation

    /// `pause` is woken when services change; `secret` reads a service's own credential from its
    /// file; `files` sees to it that the process may open enough for so many gateways, or throws.
    package init(
        _ authorizer: RequestAuthorizer,
        book: GatewayBook,
        browsers: BrowserSessions,
        assertions: Assertions,
        pause: any Pause,
        secret: @escaping @Sendable (_ path: String) throws -> String,
        files: @escaping @Sendable (_ gateways: Int) throws -> Void
    ) {
        self.authorizer = authorizer
        self.book = book
        self.browsers = browsers
        self.assertions = assertions
        self.pause = pause
        readSecret = secret
        secureFiles = files
        (jobs, newJobs) = AsyncStream.makeStream()
    }

    /// From now on these are the services; those that have a gateway get one.
    package func serve(_ services: [ServiceSettings]) {
        let gated = services.filter { HTTPKind.gateway(of: $0) != nil }
        let isChanged = wanted.withLock { wanted in
            defer { wanted = gated }
            return wanted != gated
        }
        if isChanged { pause.wake() }
    }

    /// Services whose gateway should listen and does not, in order.
    package var closed: [ServiceID] {
        let listening = listening.withLock { $0 }
        return wanted.withLock { $0 }.map(\.service.id).filter { !listening.contains($0) }.sorted()
    }

    /// How many gateways there should be.
    package var count: Int { wanted.withLock { $0.count } }

    /// How many connections go on.
    package var connections: Int { book.entries.count }

    /// To be called when it was read anew which access there is.
    package func cutWhatIsOver() { book.cutWhatIsOver(by: authorizer) }

    /// Runs until shutdown or cancellation.
    package func run() async throws {
        let loops = MultiThreadedEventLoopGroup(
            numberOfThreads: min(System.coreCount, GatewayLimits.threads)
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await self.decide() }
            await self.watch(loops)
            self.newJobs.finish()
        }
        try await loops.shutdownGracefully()
    }

    /// Decides about requests as they come, each by itself.
    private func decide() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask(operation: job) }
        }
    }

    // MARK: - The watch

    private func watch(_ loops: MultiThreadedEventLoopGroup) async {
        var open: [ServiceID: OpenGateway] = [:]
        // By itself: files and names that are read below may take their time.
        let cutting = book.watch(by: authorizer)
        defer { cutting.cancel() }
        repeat {
            await match(&open, loops)
        } while await pause(milliseconds: GatewayLimits.filesInterval)
        for gateway in open.values { await gateway.close() }
    }

    /// Opens and closes gateways until they are those that are wanted, and reads their files.
    private func match(
        _ open: inout [ServiceID: OpenGateway],
        _ loops: MultiThreadedEventLoopGroup
    ) async {
        let wanted = wanted.withLock { $0 }
        for (id, gateway) in open where !wanted.contains(gateway.service.settings) {
            await gateway.close()
            open[id] = nil
        }
        for settings in wanted {
            let id = settings.service.id
            do {
                if let known = open[id] {
                    try known.service.readFiles()
                } else {
                    // One whose connections could take the files that cuts need is not opened.
                    try secureFiles(open.count + 1)
                    open[id] = try await self.open(settings, loops)
                }
            } catch {
                authorizer.logger.error(
                    "a gateway cannot be opened, or its files cannot be read",
                    metadata: ["service": "\(id)", "error": "\(error)"]
                )
            }
        }
        let listening = Set(open.keys)
        self.listening.withLock { $0 = listening }
    }

    private func open(_ settings: ServiceSettings, _ loops: MultiThreadedEventLoopGroup)
        async throws -> OpenGateway?
    {
        guard let own = HTTPKind.gateway(of: settings) else { return nil }
        let service = try GatewayService(settings, own, secret: readSecret)
        let gateway = try await OpenGateway.open(service, on: loops) {
            [authorizer, book, browsers, assertions, newJobs] loop in
            ListenerContext(
                service,
                authorizer: authorizer,
                book: book,
                browsers: browsers,
                assertions: assertions,
                jobs: newJobs,
                on: loop
            )
        }
        authorizer.logger.notice(
            "a gateway is listening",
            metadata: ["service": "\(settings.service.id)", "address": "\(own.listen)"]
        )
        return gateway
    }
}

/// A gateway that accepts connections.
private struct OpenGateway: Sendable {
    let service: GatewayService
    private let channel: any Channel
    private let contexts: [NIOLoopBound<ListenerContext>]
    private let connections: ConnectionBook

    /// Listens where `service` says. `makeContext` is called on each of `loops`.
    static func open(
        _ service: GatewayService,
        on loops: MultiThreadedEventLoopGroup,
        makeContext: @escaping @Sendable (any EventLoop) -> ListenerContext
    ) async throws -> OpenGateway {
        var contexts: [NIOLoopBound<ListenerContext>] = []
        for loop in loops.makeIterator() {
            contexts.append(
                try await loop.submit { NIOLoopBound(makeContext(loop), eventLoop: loop) }.get()
            )
        }
        let connections = ConnectionBook(limits: GatewayLimits.places)
        let channel = try await ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: GatewayLimits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptBound(
                            GatewayLimits.places.places + GatewayLimits.acceptedBesides
                        )
                    )
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.tcpOption(.notSentLowWater), value: GatewayLimits.unsentBytes)
            .childChannelInitializer { [contexts] channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, service, contexts, connections)
                }
            }
            .bind(host: service.gateway.listen.host, port: service.gateway.listen.port).get()
        return OpenGateway(
            service: service,
            channel: channel,
            contexts: contexts,
            connections: connections
        )
    }

    private static func accept(
        _ channel: any Channel,
        _ service: GatewayService,
        _ contexts: [NIOLoopBound<ListenerContext>],
        _ connections: ConnectionBook
    ) throws {
        let address = channel.remoteAddress?.ipAddress ?? "unknown"
        let network = TrustedProxies.none.client(peer: address, forwardedFor: []).address
        guard let listener = contexts.first(where: { $0.eventLoop === channel.eventLoop })?.value,
            let place = connections.enter(
                ConnectionBook.Peer(address: network, isProxy: false),
                close: { channel.eventLoop.execute { channel.cut(andReset: true) } }
            )
        else { throw GatewayError.full }
        channel.closeFuture.whenComplete { _ in connections.leave(place) }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(SocketEnd())
        let isBusy = { connections.set(place, $0 ? .answering : .waiting) }
        guard service.gateway.tls != nil else {
            return try pipeline.addHandler(
                ClientConnection(at: listener, from: address, isBusy: isBusy)
            )
        }
        guard let tls = service.tls else { throw GatewayError.noCertificate }
        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        try pipeline.addHandler(
            ProtocolChoice { isHTTP2 in
                if isHTTP2 {
                    try HTTP2Connection.add(
                        to: channel,
                        at: listener,
                        from: address,
                        isBusy: isBusy
                    )
                } else {
                    try channel.pipeline.syncOperations.addHandler(
                        ClientConnection(at: listener, from: address, isBusy: isBusy)
                    )
                }
            }
        )
    }

    /// Accepts no more, and ends what goes on.
    func close() async {
        do {
            try await channel.close().get()
        } catch {
            // It was closed already.
            _ = error
        }
        connections.close()
        for context in contexts {
            context.eventLoop.execute { context.value.pool.close() }
        }
    }
}

private enum GatewayError: Error {
    case full, noCertificate
}

extension NIOBSDSocket.Option {
    /// How much the system takes without sending it (Linux, tcp(7)).
    fileprivate static let notSentLowWater = NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)
}
