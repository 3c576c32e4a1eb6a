import AsyncHTTPClient
import Foundation
import Hummingbird
import LockboxAPI
package import LockboxAudit
import LockboxDecisions
package import LockboxDomain
import LockboxGateway
import LockboxHTTP
package import LockboxIdentity
import LockboxNotifier
import LockboxPortal
package import LockboxPorts
package import LockboxService
package import LockboxServices
import LockboxWork
package import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Puts the rooms together. It knows the ports; the concrete store and mailer are handed to it.
package struct Server: Sendable {
    package let lockbox: Lockbox
    package let signIn: SignIn
    package let log: LogReader
    package let store: any Store
    package let kinds: ServiceKinds
    private let services: [any Service]
    private let directory: ServiceDirectory
    private let index: DecisionIndex
    private let gateway: Gateway
    private let hasher: PasswordHasher
    private let loop: MultiThreadedEventLoopGroup
    private let http: HTTPClient
    /// Of what the kinds are made.
    let tools: ServiceTools
    let makeKinds: @Sendable (ServiceTools) -> [any ServiceKind]
    private let logger: Logger
    private let mailer: any Mailer
    private let bounceAddresses: BounceAddresses?
    private let bounces: Bounces
    private let sender: Mailbox
    private let tokenKeys: TokenKeyFolder

    /// `onListening` is called with the ports once connections are accepted on all of them.
    package init(
        _ configuration: Configuration,
        store: any Store,
        files: (any StoreFiles)? = nil,
        mailer: any Mailer,
        bounceAddress: EmailAddress? = nil,
        clock: any WallClock,
        entropy: any Entropy,
        logger: Logger,
        kinds makeKinds: @escaping @Sendable (ServiceTools) -> [any ServiceKind] = standardKinds,
        onListening: @escaping @Sendable ([ListenerUse: Int]) async -> Void = { _ in }
    ) throws {
        let seed = try SigningKey.load(configuration.signingKeyFile, entropy: entropy)
        let time = SystemMonotonicClock()
        let work = DueWork(entropy: entropy, time: time)
        let index = DecisionIndex(store: store, clock: clock) {
            work.endAsked()
        }
        let health = WriteHealth(time: time)
        let feed = LiveFeed()
        let portal = Portal(name: "Lockbox", publicURL: configuration.publicURL, showAddress: true)
        // A loop of its own: whatever strangers send to the listeners, a cut does not wait for it.
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let http = HTTPClient(
            eventLoopGroup: loop,
            configuration: ServiceTools.httpConfiguration
        )
        let operators = Operators(configuration.operators)
        let book = GatewayBook(timers: loop)
        let tools = Self.tools(http, clock, entropy, book, logger)
        let kinds = ServiceKinds(makeKinds(tools))
        let directory = ServiceDirectory(store: store, kinds: kinds, logger: logger)
        let late = work.lateLooks(directory, logger)
        let audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: entropy,
            readers: [
                RemovalPlanner(kinds: kinds),
                NoticePlanner(portal: portal, kinds: kinds, operators: operators),
            ],
            listeners: [index, work.waker, feed, late],
            health: health
        )
        let hasher = PasswordHasher(entropy: entropy)
        self.store = store
        self.kinds = kinds
        self.index = index
        self.hasher = hasher
        self.loop = loop
        self.http = http
        self.tools = tools
        self.makeKinds = makeKinds
        self.directory = directory
        self.logger = logger
        lockbox = Lockbox(store: audited, kinds: kinds, enforcers: directory, ends: index)
        let tokenKeys = TokenKeyFolder(
            configuration.dataDir + "/token-keys",
            lifetime: configuration.tokenKeyLifetime,
            clock: clock,
            entropy: entropy,
            pause: SystemPause(),
            logger: logger
        )
        let tokens = AccessTokens(tokenKeys, entropy: entropy)
        let issuer = configuration.publicURL
        let browsers = BrowserSessions(portal: issuer, clock: clock, entropy: entropy)
        self.tokenKeys = tokenKeys
        gateway = Gateway(
            RequestAuthorizer(index: index, lockbox: lockbox, clock: clock, logger: logger),
            book: book,
            browsers: browsers,
            assertions: Assertions(clock: clock) {
                try tokens.assertion(of: $0, issuer: issuer, now: $1)
            },
            pause: SystemPause(),
            secret: tools.secret
        )
        signIn = SignIn(store: audited, hasher: hasher)
        log = LogReader(
            store: store,
            signer: try Ed25519CheckpointSigner(seed: seed),
            prefix: configuration.origin
        )
        let sender = try Self.sender(configuration)
        self.mailer = mailer
        bounceAddresses = bounceAddress.map { BounceAddresses(under: $0, seed: seed) }
        bounces = Bounces(store: audited, operators: operators, entropy: entropy)
        self.sender = sender
        let parts = DueWork.Parts(
            index: index,
            lockbox: lockbox,
            store: audited,
            kinds: kinds,
            enforcers: directory,
            mailer: mailer,
            letters: try Letters(
                sender: sender,
                host: sender.host,
                bounces: bounceAddresses
            ),
            operators: operators,
            entropy: entropy,
            clock: clock,
            logger: logger
        )
        let lanes = work.lanes(parts)
        let drift = work.drift(parts)
        let watch = HealthWatch(
            HealthWatch.Parts(
                store: store,
                audited: audited,
                files: files,
                health: health,
                index: index,
                clock: clock,
                time: time,
                late: late,
                drift: drift,
                reserve: configuration.diskReserve,
                logger: logger
            )
        )
        let api = API(
            lockbox: lockbox,
            signIn: signIn,
            log: log,
            index: index,
            clients: directory,
            store: store,
            clock: clock,
            metrics: Metrics(),
            publicURL: configuration.publicURL,
            proxies: configuration.trustedProxies,
            metricsAccess: configuration.metrics,
            condition: watch,
            tokens: tokens
        )
        let site = PortalSite(
            lockbox: lockbox,
            sessions: Sessions(store: audited, signIn: signIn),
            signIn: signIn,
            log: log,
            logCheck: LogCheck(store: store, clock: clock),
            clock: clock,
            entropy: entropy,
            publicURL: configuration.publicURL,
            proxies: configuration.trustedProxies,
            feed: feed,
            browsers: browsers,
            makePause: { SystemPause() }
        )
        let listeners = Self.listeners(
            configuration,
            api: api,
            site: site,
            logger: logger,
            onListening: onListening
        )
        services =
            [
                ChangeFeed(
                    store: store,
                    pause: SystemPause(),
                    logger: logger,
                    refresh: { reload in try await index.refresh(reload: reload) },
                    changed: { [gateway] in
                        do {
                            gateway.serve(try await directory.reload())
                        } catch {
                            logger.error(
                                "cannot read the services anew",
                                metadata: ["error": "\(error)"]
                            )
                        }
                        work.waker.wakeAll()
                        feed.changedElsewhere()
                    }
                )
            ] + [
                watch, late, drift, tokenKeys, gateway,
                StatementReading(
                    store: store,
                    kinds: kinds,
                    lockbox: lockbox,
                    pause: SystemPause(),
                    logger: logger
                ),
            ] + lanes + listeners
    }

    /// What services ask and what operators look at is answered where their own listeners are, if
    /// there are any, and nowhere else: strangers then do not share a port with them.
    private static func listeners(
        _ configuration: Configuration,
        api: API,
        site: PortalSite,
        logger: Logger,
        onListening: @escaping @Sendable ([ListenerUse: Int]) async -> Void
    ) -> [Listener] {
        let addresses = configuration.addresses
        var shared: Set<API.Audience> = [.people]
        if addresses[.services] == nil { shared.insert(.services) }
        if addresses[.operators] == nil { shared.insert(.operators) }
        let report = ListeningReport(of: Set(addresses.keys), onListening)
        let forwardAuth = Door(prefixes: [ForwardAuth.prefix], responder: ForwardAuth(api))
        return addresses.map { use, address in
            let dispatcher =
                switch use {
                case .everybody:
                    Dispatcher(
                        doors: [
                            Door(prefixes: API.prefixes, responder: api.responder(for: shared))
                        ] + (shared.contains(.services) ? [forwardAuth] : []),
                        others: site.responder()
                    )
                case .services:
                    Dispatcher(
                        doors: [forwardAuth],
                        others: api.responder(for: [.services])
                    )
                case .operators:
                    Dispatcher(doors: [], others: api.responder(for: [.operators]))
                }
            return Listener(
                use,
                at: address,
                answers: dispatcher,
                proxies: configuration.trustedProxies,
                logger: logger
            ) { port in await report.isListening(use, on: port) }
        }
    }

    /// Serves until asked to stop.
    package func run() async throws {
        // What became due while nobody ran happens before anybody is answered.
        _ = try await lockbox.expireDue()
        gateway.serve(try await directory.reload())
        try await tokenKeys.refresh()
        try await index.refresh(reload: true)
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // A mail relay that hangs does not keep the server from stopping; its letter is sent again
        // at the next start.
        group.maximumGracefulShutdownDuration = .seconds(10)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            try await close()
            throw error
        }
        try await close()
    }

    /// Sends a letter that says nothing but that it arrived, past the outbox, and gives the relay's
    /// answer.
    package func sendTestLetter(
        to address: EmailAddress,
        at now: Timestamp,
        id: ID<Notice>
    ) async throws(MailError) -> String {
        let text = "This is a test letter of Lockbox. Mail works.\n"
        return try await mailer.send(
            Letter(
                messageID: "\(id).lockbox@\(sender.host)",
                date: now,
                from: sender,
                to: Mailbox(name: "", address: address.text),
                subject: "Lockbox: test letter",
                text: text,
                html: "<!DOCTYPE html>\n<html lang=\"en\"><title>Lockbox: test letter</title>"
                    + "<p>This is a test letter of Lockbox. Mail works.</p></html>\n"
            )
        ).reply
    }

    /// The letter whose envelope sender one of `addresses` is, and which of `recipients` it was sent
    /// to. Throws where no address for bounces is configured.
    package func letter(
        comingBackTo addresses: [String],
        from recipients: [String]
    ) throws(ConfigurationError) -> (id: NoticeID, recipient: String)? {
        guard let bounceAddresses else {
            throw ConfigurationError("mail: there is no bounces=ADDRESS in its URL")
        }
        for address in addresses {
            for recipient in recipients {
                if let id = bounceAddresses.letter(comingBackTo: address, from: recipient) {
                    return (id, recipient)
                }
            }
        }
        return nil
    }

    /// As `Bounces.record`.
    package func recordBounce(
        of letter: NoticeID,
        to recipient: String,
        reason: String
    ) async throws -> Bool {
        try await bounces.record(letter, to: recipient, reason: reason)
    }

    /// Lets go of threads and connections. Needed where `run` is not called.
    package func close() async throws {
        try await hasher.shutDown()
        try await http.shutdown()
        try await loop.shutdownGracefully()
    }

    /// The key of a service is read for each of its orders, so that a new one works without a
    /// restart.
    private static func tools(
        _ http: HTTPClient,
        _ clock: any WallClock,
        _ entropy: any Entropy,
        _ gateways: GatewayBook?,
        _ logger: Logger
    ) -> ServiceTools {
        ServiceTools(http: http, clock: clock, entropy: entropy, gateways: gateways) { path in
            do {
                // Ending access does not wait for somebody to close a file.
                return try SecretFile.read(path, for: "services", mustBePrivate: false)
            } catch {
                logger.error("a service's key cannot be read", metadata: ["error": "\(error)"])
                throw error
            }
        }
    }

    /// What `init` would refuse, without making anything.
    package static func check(_ configuration: Configuration) throws {
        _ = try sender(configuration)
        if FileManager.default.fileExists(atPath: configuration.signingKeyFile) {
            _ = try SigningKey.load(configuration.signingKeyFile, entropy: SystemEntropy())
        }
    }

    /// The kinds as a directory file is read with them where no server is made.
    package static func kindsForReading() -> ServiceKinds {
        let silent = Logger(label: "lockbox") { _ in SwiftLogNoOpLogHandler() }
        return ServiceKinds(
            standardKinds(tools(.shared, SystemClock(), SystemEntropy(), nil, silent))
        )
    }

    private static func sender(_ configuration: Configuration) throws -> Mailbox {
        let host = configuration.publicHost
        let address =
            configuration.mailSender ?? "lockbox@\(host.contains(":") ? "localhost" : host)"
        guard EmailAddress(address) != nil else {
            throw ConfigurationError(
                "mail: \(address) is not an address that letters can come from; set from=ADDRESS in its URL"
            )
        }
        return Mailbox(name: "Lockbox", address: address)
    }
}

extension Mailbox {
    /// What stands behind the `@`, under which identifiers of letters are ours.
    fileprivate var host: String { String(address.split(separator: "@").last ?? "localhost") }
}

extension Configuration {
    /// The `from` of the mail URL, which is what letters come from.
    fileprivate var mailSender: String? {
        URLComponents(string: mail)?.queryItems?.first { $0.name == "from" }?.value
    }
}
