import LockboxAPI
import LockboxAudit
import LockboxDomain
import LockboxGateway
import LockboxHTTP
package import LockboxPorts
import LockboxWork
package import Logging
import ServiceLifecycle

/// The gateways in a process of their own, on the database of the server.
///
/// It decides, records and cuts by itself: what the other process writes it reads five times a second,
/// and whether that process runs makes no difference to it. It also writes down what time ends, and
/// carries out the orders of its own services. Letters, all other orders and everything that people
/// ask are the server's.
package struct GatewayServer: Sendable {
    private let parts: SharedParts
    private let database: String
    private let services: [any Service]

    /// `onListening` is called with the port where operators look, once they can.
    package init(
        _ configuration: Configuration,
        store: any Store,
        files: (any StoreFiles)? = nil,
        clock: any WallClock,
        entropy: any Entropy,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        guard configuration.gateways == .apart else {
            throw ConfigurationError(
                "gateway: the gateways are the server's; say `gateway: apart`, start the server anew, "
                    + "and then this"
            )
        }
        let store = WatchedReads(store, time: SystemAwakeClock())
        let keeping = HeadKeeping(
            LogContinuity(store: store, heads: SignedHeadsFile(configuration.signedHeadsFile)),
            pause: SystemPause(),
            logger: logger
        )
        let parts = try SharedParts(
            configuration,
            SharedParts.World(
                store: store,
                files: files,
                clock: clock,
                entropy: entropy,
                logger: logger,
                makeKinds: standardKinds
            ),
            share: .ofGateways,
            listeners: [keeping]
        )
        self.parts = parts
        database = configuration.database
        let gateway = parts.gateway
        let told = EndsTold(
            at: try SharedParts.socket(configuration),
            index: parts.index,
            clock: clock,
            pause: SystemPause(),
            logger: logger
        ) { gateway?.cutWhatIsOver() }
        services =
            [parts.changeFeed(), told, parts.watch, parts.late, parts.drift, parts.tokenKeys]
            + [keeping]
            + (gateway.map { [$0] } ?? [])
            + parts.work.ending(parts.forWork)
            + Self.listener(configuration, parts, store, clock, logger, onListening)
    }

    /// Where operators look, if it is said.
    private static func listener(
        _ configuration: Configuration,
        _ parts: SharedParts,
        _ store: any Store,
        _ clock: any WallClock,
        _ logger: Logger,
        _ onListening: @escaping @Sendable (Int) async -> Void
    ) -> [any Service] {
        guard let address = configuration.gatewayOperatorListen else { return [] }
        let pages = OperatorPages(
            index: parts.index,
            store: store,
            clock: clock,
            metrics: Metrics(),
            metricsAccess: configuration.gatewayMetrics,
            condition: GatewayCondition(watch: parts.watch, gateway: parts.gateway)
        )
        return [
            Listener(
                .gatewayOperators,
                at: address,
                answers: Dispatcher(doors: [], others: pages.responder()),
                proxies: configuration.trustedProxies,
                clock: clock,
                logger: logger,
                onListening: onListening
            )
        ]
    }

    /// Runs until asked to stop.
    package func run() async throws {
        defer { LogOutput.standardError.flush() }
        do {
            let claim = try GatewayClaim(of: database, alone: true)
            try await parts.begin()
            try await parts.run(services)
            withExtendedLifetime(claim) {}
        } catch {
            try await parts.close()
            throw error
        }
        try await parts.close()
    }
}

/// How the gateway apart is: what it stands on, and whether engineers reach it.
private struct GatewayCondition: ServerCondition {
    let watch: HealthWatch
    let gateway: Gateway?

    func problems() async -> [String] {
        let closed = gateway?.closed ?? []
        return await watch.problems()
            + closed.map {
                "The gateway of the service \($0) does not listen; the log of lockboxd gateway says why."
            }
    }

    var remarks: [String] { watch.remarks }

    var gauges: [Gauge] {
        watch.gauges + [
            Gauge(
                "lockbox_gateways_closed",
                "Gateways that should listen and do not. Alert above 0.",
                gateway?.closed.count ?? 0
            ),
            Gauge(
                "lockbox_gateway_connections",
                "Connections that go on through gateways.",
                gateway?.connections ?? 0
            ),
        ]
    }
}
