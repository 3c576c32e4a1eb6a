import Foundation
import LockboxDomain
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
    private let gate: Gate
    private let book: GatewayBook
    private let pause: any Pause
    private let readSecret: @Sendable (String) throws -> String
    private let wanted = Mutex<[ServiceSettings]>([])
    private let jobs: AsyncStream<Door.Job>
    private let newJobs: AsyncStream<Door.Job>.Continuation

    /// `pause` is woken when access ends and when services change; `secret` reads a service's own
    /// credential from its file.
    package init(
        _ gate: Gate,
        book: GatewayBook,
        pause: any Pause,
        secret: @escaping @Sendable (_ path: String) throws -> String
    ) {
        self.gate = gate
        self.book = book
        self.pause = pause
        readSecret = secret
        (jobs, newJobs) = AsyncStream.makeStream()
    }

    /// From now on these are the services; those that have a gateway get one.
    package func serve(_ services: [ServiceSettings]) {
        wanted.withLock { $0 = services.filter { HTTPKind.gateway(of: $0) != nil } }
        pause.wake()
    }

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
        var look = 0
        // By itself: files and names that are read below may take their time.
        let cutting = loops.next().scheduleRepeatedTask(
            initialDelay: .zero,
            delay: .milliseconds(GatewayLimits.watchInterval)
        ) { _ in self.cutWhatIsOver() }
        defer { cutting.cancel() }
        repeat {
            let isTimeForFiles = look % GatewayLimits.looksBetweenFiles == 0
            await match(&open, isTimeForFiles, loops)
            look += 1
        } while await pause(milliseconds: GatewayLimits.watchInterval)
        for gateway in open.values { await gateway.close() }
    }

    /// Beside the timer of each end, and the order to cut: what another process ended, what a clock
    /// that jumped has ended, and what nobody knows any more whether it ended.
    private func cutWhatIsOver() {
        let now = gate.clock.now()
        for entry in book.entries
        where !gate.mayGoOn(entry.credential, since: entry.admittedAt, at: now) { entry.cut() }
    }

    /// Opens and closes gateways until they are those that are wanted.
    private func match(
        _ open: inout [ServiceID: OpenGateway],
        _ isTimeForFiles: Bool,
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
                    if isTimeForFiles { try known.service.readFiles() }
                } else if isTimeForFiles || failed.withLock({ $0[id] != settings }) {
                    open[id] = try await self.open(settings, loops)
                    failed.withLock { $0[id] = nil }
                }
            } catch {
                failed.withLock { $0[id] = settings }
                gate.logger.error(
                    "a gateway cannot be opened, or its files cannot be read",
                    metadata: ["service": "\(id)", "error": "\(error)"]
                )
            }
        }
    }

    /// What could not be opened, until the next time for files.
    private let failed = Mutex<[ServiceID: ServiceSettings]>([:])

    private func open(_ settings: ServiceSettings, _ loops: MultiThreadedEventLoopGroup)
        async throws -> OpenGateway?
    {
        guard let own = HTTPKind.gateway(of: settings) else { return nil }
        let service = try GatewayService(settings, own, secret: readSecret)
        let gateway = try await OpenGateway.open(service, on: loops) { [gate, book, newJobs] loop in
            Door(service, gate: gate, book: book, jobs: newJobs, on: loop)
        }
        gate.logger.notice(
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
    private let doors: [NIOLoopBound<Door>]
    private let seats: Seats

    /// Listens where `service` says. `makeDoor` is called on each of `loops`.
    static func open(
        _ service: GatewayService,
        on loops: MultiThreadedEventLoopGroup,
        makeDoor: @escaping @Sendable (any EventLoop) -> Door
    ) async throws -> OpenGateway {
        var doors: [NIOLoopBound<Door>] = []
        for loop in loops.makeIterator() {
            doors.append(
                try await loop.submit { NIOLoopBound(makeDoor(loop), eventLoop: loop) }.get()
            )
        }
        let seats = Seats()
        let channel = try await ServerBootstrap(group: loops)
            .serverChannelOption(.backlog, value: GatewayLimits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [doors] channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, service, doors, seats)
                }
            }
            .bind(host: service.gateway.host, port: service.gateway.port).get()
        return OpenGateway(service: service, channel: channel, doors: doors, seats: seats)
    }

    private static func accept(
        _ channel: any Channel,
        _ service: GatewayService,
        _ doors: [NIOLoopBound<Door>],
        _ seats: Seats
    ) throws {
        let address = channel.remoteAddress?.ipAddress ?? "unknown"
        guard let door = doors.first(where: { $0.eventLoop === channel.eventLoop })?.value,
            let seat = seats.enter(
                channel.remoteAddress?.network ?? "unknown",
                close: { channel.eventLoop.execute { channel.cut() } }
            )
        else { throw GatewayError.full }
        channel.closeFuture.whenComplete { _ in seats.leave(seat) }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(SocketEnd())
        if service.gateway.tls != nil {
            guard let tls = service.tls else { throw GatewayError.noCertificate }
            try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        }
        try pipeline.addHandler(
            ClientConnection(at: door, from: address) { seats.set(seat, isBusy: $0) }
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
        seats.clear()
        for door in doors {
            door.eventLoop.execute { door.value.pool.close() }
        }
    }
}

private enum GatewayError: Error {
    case full, noCertificate
}

extension SocketAddress {
    /// What counts as one client: an address, of IPv6 the network of 64 bits.
    fileprivate var network: String {
        guard case .v6 = self, let text = ipAddress else { return ipAddress ?? "unknown" }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return text }
        guard bytes.prefix(12) != [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] else {
            return bytes.suffix(4).map { "\($0)" }.joined(separator: ".")
        }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}
