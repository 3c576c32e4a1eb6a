import Hummingbird
import LockboxAPI
import LockboxHTTP
import LockboxIdentity
package import LockboxPorts
import Logging
import ServiceLifecycle
import Synchronization

extension ListenAddress {
    static let standard = ListenAddress("127.0.0.1:8443")!
}

/// What a listener is for; the raw value is its key in `lockbox.yaml`.
package enum ListenerUse: String, CaseIterable, Sendable {
    case services = "serviceListen"
    case operators = "operatorListen"
    /// Operators again, at the gateway apart.
    case gatewayOperators = "gatewayOperatorListen"
    /// People, and whoever has no listener of his own.
    case everybody = "listen"

    var places: ConnectionBook.Limits {
        switch self {
        case .everybody: ServerLimits.places
        case .services: ServerLimits.servicePlaces
        case .operators, .gatewayOperators: ServerLimits.operatorPlaces
        }
    }
}

/// Connections cannot be accepted there.
package struct ListenFailure: Error {
    /// The key of `lockbox.yaml` that says where.
    package let key: String
    package let address: ListenAddress
    package let cause: any Error
}

/// One address on which the server answers, with places for connections of its own.
struct Listener: Service {
    private let use: ListenerUse
    private let address: ListenAddress
    private let application: Application<Dispatcher>

    init(
        _ use: ListenerUse,
        at address: ListenAddress,
        answers dispatcher: Dispatcher,
        proxies: TrustedProxies,
        clock: any WallClock,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.use = use
        self.address = address
        application = Application(
            responder: dispatcher,
            server: BoundedHTTP.builder(
                book: ConnectionBook(limits: use.places),
                proxies: proxies,
                decisions: DecisionResponder(dispatcher, clock: clock, logger: logger)
            ),
            configuration: .init(
                address: .hostname(address.host, port: address.port),
                serverName: nil,
                availableConnectionsDelegate: .maximum(
                    use.places.places + ServerLimits.acceptedBesides,
                    logger: logger
                )
            ),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    func run() async throws {
        do {
            try await application.run()
        } catch {
            throw ListenFailure(key: use.rawValue, address: address, cause: error)
        }
    }
}

/// Tells of all listeners at once, so that who hears of one can count on the others.
final class ListeningReport: Sendable {
    private let ports = Mutex<[ListenerUse: Int]>([:])
    private let expected: Set<ListenerUse>
    private let report: @Sendable ([ListenerUse: Int]) async -> Void

    init(
        of expected: Set<ListenerUse>,
        _ report: @escaping @Sendable ([ListenerUse: Int]) async -> Void
    ) {
        self.expected = expected
        self.report = report
    }

    func isListening(_ use: ListenerUse, on port: Int) async {
        let all = ports.withLock { ports -> [ListenerUse: Int]? in
            ports[use] = port
            return ports.count == expected.count ? ports : nil
        }
        if let all { await report(all) }
    }
}
