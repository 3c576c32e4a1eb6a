import NIOCore
import NIOPosix
import NIOSSL

/// Where the service itself is.
struct UpstreamAddress: Hashable, Sendable {
    let host: String
    let port: Int
    let isSecure: Bool
    /// As in `Host`.
    let authority: String

    /// `https://app.internal:8443`.
    var origin: String { (isSecure ? "https://" : "http://") + authority }
}

/// The connections of one event loop to one service. Those that are free are kept for a while.
final class UpstreamPool {
    private let address: UpstreamAddress
    private let tls: NIOSSLContext?
    private let places: UpstreamPlaces
    private let loop: any EventLoop
    /// The one that was used last comes last.
    private var kept: [(connection: UpstreamConnection, timer: Scheduled<Void>)] = []
    private var isClosed = false

    init(
        _ address: UpstreamAddress,
        tls: NIOSSLContext?,
        places: UpstreamPlaces,
        on loop: any EventLoop
    ) {
        self.address = address
        self.tls = tls
        self.places = places
        self.loop = loop
    }

    /// Gives a connection to `use`, `fresh` or one that was used before; says why if there is none
    /// to be had.
    func take(
        fresh: Bool,
        _ use: @escaping (Result<UpstreamConnection, GatewayRefusal>) -> Void
    ) {
        if !fresh, let (connection, timer) = kept.popLast() {
            timer.cancel()
            return use(.success(connection))
        }
        guard places.take() else { return use(.failure(.full)) }
        let connection = UpstreamConnection(
            released: { [weak self] in self?.keep($0) },
            wasClosed: { [weak self] in self?.forget($0) }
        )
        let bound = NIOLoopBound(connection, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(GatewayLimits.connecting)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [tls, address] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SocketEnd())
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: address.serverName)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: address.host, port: address.port)
            .hop(to: loop).assumeIsolated().whenComplete { [places] result in
                switch result {
                case .success(let channel):
                    channel.closeFuture.whenComplete { _ in places.leave() }
                    use(.success(bound.value))
                case .failure:
                    places.leave()
                    use(.failure(.badAnswer))
                }
            }
    }

    private func keep(_ connection: UpstreamConnection) {
        guard !isClosed, kept.count < GatewayLimits.keptUpstream else { return connection.close() }
        let timer = loop.assumeIsolated().scheduleTask(in: GatewayLimits.keeping) {
            connection.close()
        }
        kept.append((connection, timer))
    }

    private func forget(_ connection: UpstreamConnection) {
        for (position, entry) in kept.enumerated() where entry.connection === connection {
            entry.timer.cancel()
            kept.remove(at: position)
            return
        }
    }

    /// Lets go of what is kept, and keeps nothing more.
    func close() {
        isClosed = true
        for (connection, timer) in kept {
            timer.cancel()
            connection.close()
        }
        kept = []
    }
}

extension UpstreamAddress {
    /// The name in TLS, which is never an address (RFC 6066 §3).
    fileprivate var serverName: String? {
        do {
            _ = try SocketAddress(ipAddress: host, port: port)
            return nil
        } catch {
            return host
        }
    }
}
