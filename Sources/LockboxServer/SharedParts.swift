import AsyncHTTPClient
import LockboxAPI
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxGateway
import LockboxHTTP
import LockboxIdentity
import LockboxNotifier
import LockboxOIDC
import LockboxPorts
import LockboxService
import LockboxServices
import LockboxWork
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// What the server and the gateway apart are both made of: one store and what is remembered of it,
/// the rules, the ends of access, and the gateways where they are in this process.
struct SharedParts: Sendable {
    /// What the two are made from.
    struct World {
        let store: WatchedReads
        let files: (any StoreFiles)?
        let clock: any WallClock
        let entropy: any Entropy
        let logger: Logger
        let makeKinds: @Sendable (ServiceTools) -> [any ServiceKind]
    }

    let kinds: ServiceKinds
    /// Of what the kinds are made.
    let tools: ServiceTools
    let index: DecisionIndex
    let work: DueWork
    let audited: AuditedStore
    let lockbox: Lockbox
    let directory: ServiceDirectory
    let late: LateLooks
    let watch: HealthWatch
    let tokenKeys: TokenKeyFolder
    let tokens: AccessTokens
    /// Nil where gateways are in another process.
    let gateway: Gateway?
    /// Those that this process may open.
    let files: OpenFiles
    let operators: Operators
    let drift: DriftWatch
    /// What due work is made of.
    let forWork: DueWork.Parts
    private let world: World
    private let loop: MultiThreadedEventLoopGroup
    private let http: HTTPClient
    /// Another one: no cut waits for a provider that strangers have asked.
    private let providerHTTP = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: ProviderHTTPClient.configuration
    )
    private let looks: NextLook
    private let uses = UseCounts()

    /// It names each row of a grant that is not obeyed: somebody has written into the database.
    private static func index(
        _ world: World,
        _ logs: ReadLogs,
        endAsked: @escaping @Sendable () -> Void
    ) -> DecisionIndex {
        DecisionIndex(store: world.store, logs: logs, clock: world.clock, endAsked: endAsked) {
            open in
            world.logger.error(
                "the log does not grant this row of a grant: it is not obeyed",
                metadata: ["request": "\(open.request)", "grant": "\(open.grant.id)"]
            )
        }
    }

    /// `share` says which of the two it is; `listeners` hear of each commit besides.
    init(
        _ configuration: Configuration,
        _ world: World,
        share: OrderShare,
        listeners: [any CommitListener] = []
    ) throws {
        let (store, clock, entropy) = (world.store, world.clock, world.entropy)
        let (awake, time) = (SystemAwakeClock(), SystemMonotonicClock())
        let work = DueWork(entropy: entropy, time: time)
        let logs = ReadLogs()
        let index = Self.index(world, logs) { work.endAsked() }
        let health = WriteHealth(time: awake)
        // A loop of its own: whatever strangers send to the listeners, a cut does not wait for it.
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        http = HTTPClient(eventLoopGroup: loop, configuration: ServiceTools.httpConfiguration)
        operators = Operators(configuration.operators)
        let book = GatewayBook(timers: loop)
        let apart =
            share == .butOfGateways ? GatewayCall(to: try Self.socket(configuration)) : nil
        let own = share == .butOfGateways ? nil : book
        tools = Self.tools(http, clock, entropy, gateways: own, apart: apart, world.logger)
        kinds = ServiceKinds(world.makeKinds(tools))
        directory = ServiceDirectory(store: store, kinds: kinds, share: share, logger: world.logger)
        late = work.lateLooks(directory, world.logger)
        audited = AuditedStore(
            store: store,
            logs: logs,
            clock: clock,
            entropy: entropy,
            readers: Self.readers(configuration, kinds, operators),
            listeners: [index, uses, work.waker, late] + listeners,
            health: health,
            operatorAtConsole: configuration.operatorAtConsole
        )
        lockbox = Lockbox(
            store: audited,
            kinds: kinds,
            enforcers: directory,
            ends: index,
            uses: uses,
            signing: SigningPlace(configuration, entropy)
        )
        forWork = DueWork.Parts(
            index: index,
            lockbox: lockbox,
            store: audited,
            files: world.files,
            own: OwnOrders(share, of: kinds),
            kinds: kinds,
            enforcers: directory,
            entropy: entropy,
            clock: clock,
            logger: world.logger
        )
        drift = work.drift(forWork, operators)
        watch = HealthWatch(Self.health(configuration, world, forWork, health, awake, late, drift))
        tokenKeys = Self.tokenKeys(configuration, world)
        tokens = AccessTokens(tokenKeys, entropy: entropy)
        looks = NextLook()
        let others = share == .ofGateways ? looks : nil
        files = Self.files(configuration, share)
        gateway =
            share == .butOfGateways
            ? nil : Self.gateway(configuration, forWork, others, book, tokens, tools, files)
        self.index = index
        self.work = work
        self.world = world
        self.loop = loop
    }

    private static func health(
        _ configuration: Configuration,
        _ world: World,
        _ parts: DueWork.Parts,
        _ health: WriteHealth,
        _ time: any MonotonicClock,
        _ late: LateLooks,
        _ drift: DriftWatch
    ) -> HealthWatch.Parts {
        HealthWatch.Parts(
            store: world.store,
            audited: parts.store,
            files: world.files,
            health: health,
            index: parts.index,
            clock: world.clock,
            time: time,
            late: late,
            drift: drift,
            reserve: configuration.diskReserve,
            logger: world.logger
        )
    }

    private static func files(_ configuration: Configuration, _ share: OrderShare) -> OpenFiles {
        OpenFiles(
            of: share == .ofGateways
                ? configuration.gatewayListeners : Array(configuration.addresses.keys)
        )
    }

    /// Where the gateways apart hear of ends.
    static func socket(_ configuration: Configuration) throws -> GatewaySocket {
        try GatewaySocket(in: configuration.dataDir + "/gateway")
    }

    private static func readers(
        _ configuration: Configuration,
        _ kinds: ServiceKinds,
        _ operators: Operators
    ) -> [any EventReader] {
        let portal = Portal(name: "Lockbox", publicURL: configuration.publicURL, showAddress: true)
        return [
            RemovalPlanner(kinds: kinds),
            NoticePlanner(portal: portal, kinds: kinds, operators: operators),
        ]
    }

    private static func tokenKeys(_ configuration: Configuration, _ world: World) -> TokenKeyFolder
    {
        TokenKeyFolder(
            configuration.dataDir + "/token-keys",
            lifetime: configuration.tokenKeyLifetime,
            clock: world.clock,
            entropy: world.entropy,
            pause: SystemPause(),
            logger: world.logger
        )
    }

    private static func gateway(
        _ configuration: Configuration,
        _ parts: DueWork.Parts,
        _ others: NextLook?,
        _ book: GatewayBook,
        _ tokens: AccessTokens,
        _ tools: ServiceTools,
        _ files: OpenFiles
    ) -> Gateway {
        let issuer = configuration.publicURL
        return Gateway(
            RequestAuthorizer(
                index: parts.index,
                lockbox: parts.lockbox,
                others: others,
                clock: parts.clock,
                logger: parts.logger
            ),
            book: book,
            browsers: BrowserSessions(
                portal: issuer,
                clock: parts.clock,
                entropy: parts.entropy
            ),
            assertions: Assertions(clock: parts.clock) {
                try tokens.assertion(of: $0, issuer: issuer, now: $1)
            },
            pause: SystemPause(),
            secret: tools.secret,
            files: { try files.secure(gateways: $0) }
        )
    }

    /// The way to witnesses: like providers, they may be slow, and hold up no cut.
    var witnessClient: any WitnessClient { WitnessHTTPClient(providerHTTP) }

    /// Lockbox as the client of OpenID providers.
    func openID(_ configuration: Configuration, _ key: ClientSecretKey, seed: [UInt8])
        -> OpenIDClient
    {
        let (clock, tokens, logger) = (world.clock, tokens, world.logger)
        return OpenIDClient(
            http: ProviderHTTPClient(providerHTTP),
            clock: clock,
            entropy: world.entropy,
            publicURL: configuration.publicURL,
            seed: seed,
            secret: { secret in
                switch secret {
                case .file(let path): return try Self.secret(path, for: "signIn", logger)
                case .sealed(let bytes):
                    do {
                        return try key.open(bytes)
                    } catch {
                        logger.error("a client's secret was sealed with another signing key")
                        throw error
                    }
                }
            },
            sign: { try tokens.sign($0, as: "JWT", now: clock.now()) }
        )
    }

    /// What keeps up with other processes. `changed` runs after each commit of one.
    func changeFeed(_ changed: @escaping @Sendable () -> Void = {}) -> ChangeFeed {
        let (index, gateway, directory, work) = (index, gateway, directory, work)
        let (uses, logger) = (uses, world.logger)
        return ChangeFeed(
            store: world.store,
            pause: SystemPause(),
            looks: looks,
            logger: logger,
            refresh: { reload in
                if reload { uses.forget() }
                try await index.refresh(reload: reload)
                if reload { gateway?.cutWhatIsOver() }
            },
            changed: {
                do {
                    let services = try await directory.reload()
                    gateway?.serve(services)
                } catch {
                    logger.error("cannot read the services anew", metadata: ["error": "\(error)"])
                }
                work.waker.wakeAll()
                changed()
            }
        )
    }

    /// Reads what must be known, and lets happen what became due while nobody ran, before anybody is
    /// answered.
    func begin() async throws {
        _ = try await lockbox.expireDue()
        let services = try await directory.reload()
        gateway?.serve(services)
        try files.secure(gateways: gateway?.count ?? 0)
        try await tokenKeys.refresh()
        try await index.refresh(reload: true)
    }

    /// Runs `services` until the process is asked to stop.
    func run(_ services: [any Service]) async throws {
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: world.logger
        )
        // A mail relay that hangs does not keep the server from stopping; its letter is sent again
        // at the next start.
        group.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: group).run()
    }

    /// Lets go of threads and connections.
    func close() async throws {
        try await http.shutdown()
        try await providerHTTP.shutdown()
        try await loop.shutdownGracefully()
    }

    /// The key of a service is read for each of its orders, so that a new one works without a
    /// restart.
    static func tools(
        _ http: HTTPClient,
        _ clock: any WallClock,
        _ entropy: any Entropy,
        gateways: GatewayBook? = nil,
        apart: GatewayCall? = nil,
        _ logger: Logger
    ) -> ServiceTools {
        ServiceTools(
            http: http,
            clock: clock,
            entropy: entropy,
            gateways: gateways,
            gatewaysApart: apart
        ) { path in
            // Ending access does not wait for somebody to close a file.
            try secret(path, for: "services", logger)
        }
    }

    /// What is in a file of secrets now; where it cannot be read, the log says why.
    private static func secret(_ path: String, for place: String, _ logger: Logger) throws
        -> String
    {
        do {
            return try SecretFile.read(path, for: place, mustBePrivate: false)
        } catch {
            logger.error("a secret cannot be read", metadata: ["error": "\(error)"])
            throw error
        }
    }
}

extension SigningPlace {
    /// As logs are called and pages are found by `configuration`.
    fileprivate init(_ configuration: Configuration, _ entropy: any Entropy) {
        self.init(
            logPrefix: configuration.origin,
            webOrigin: WebOrigin(configuration.publicURL)?.description,
            entropy: entropy
        )
    }
}
