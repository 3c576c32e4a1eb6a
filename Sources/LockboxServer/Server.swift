import AsyncHTTPClient
import Foundation
import Hummingbird
import LockboxAPI
package import LockboxAudit
package import LockboxDomain
import LockboxHTTP
package import LockboxIdentity
import LockboxNotifier
import LockboxPortal
package import LockboxPorts
import LockboxSCIM
package import LockboxService
package import LockboxServices
import LockboxWork
package import Logging
import ServiceLifecycle

/// Puts the rooms together. It knows the ports; the concrete store and mailer are handed to it.
package struct Server: Sendable {
    package let lockbox: Lockbox
    package let signIn: SignIn
    package let log: LogReader
    package let store: any Store
    package let kinds: ServiceKinds
    private let services: [any Service]
    let parts: SharedParts
    private let hasher: PasswordHasher
    let makeKinds: @Sendable (ServiceTools) -> [any ServiceKind]
    private let configuration: Configuration
    private let mailer: any Mailer
    private let bounceAddresses: BounceAddresses?
    private let bounces: Bounces
    private let sender: Mailbox

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
        let store = WatchedReads(store, time: SystemAwakeClock())
        let secret = try configuration.serverSecret()
        let signer = try configuration.signer()
        let heads = SignedHeadsFile(configuration.signedHeadsFile)
        let keeping = HeadKeeping(
            LogContinuity(store: store, heads: heads),
            pause: SystemPause(),
            logger: logger
        )
        let feed = LiveFeed()
        let parts = try SharedParts(
            configuration,
            SharedParts.World(
                store: store,
                files: files,
                clock: clock,
                entropy: entropy,
                logger: logger,
                makeKinds: makeKinds
            ),
            share: configuration.gateways == .apart ? .butOfGateways : .all,
            listeners: [feed, keeping]
        )
        self.parts = parts
        self.configuration = configuration
        let hasher = PasswordHasher(entropy: entropy)
        self.store = store
        self.hasher = hasher
        self.makeKinds = makeKinds
        (kinds, lockbox) = (parts.kinds, parts.lockbox)
        signIn = SignIn(store: parts.audited, hasher: hasher)
        log = LogReader(
            store: store,
            signer: signer,
            heads: heads,
            origin: configuration.origin,
            witnesses: configuration.witnesses
        )
        let witnessing = WitnessJob(
            store: parts.audited,
            reader: log,
            client: parts.witnessClient,
            clock: clock,
            logger: logger
        )
        parts.watch.watch(witnessing)
        let sender = try Self.sender(configuration)
        self.mailer = mailer
        let invitationKey = InvitationKey(seed: secret)
        let clientSecretKey = ClientSecretKey(seed: secret)
        bounceAddresses = bounceAddress.map { BounceAddresses(under: $0, seed: secret) }
        bounces = Bounces(
            store: parts.audited,
            operators: parts.operators,
            entropy: entropy
        )
        self.sender = sender
        let post = DueWork.Post(
            mailer: mailer,
            letters: try Letters(
                sender: sender,
                host: sender.host,
                bounces: bounceAddresses,
                codes: invitationKey,
                appearance: configuration.appearance
            ),
            operators: parts.operators
        )
        let api = API(
            lockbox: lockbox,
            signIn: signIn,
            log: log,
            index: parts.index,
            clients: parts.directory,
            store: store,
            clock: clock,
            metrics: Metrics(),
            publicURL: configuration.publicURL,
            proxies: configuration.trustedProxies,
            metricsAccess: configuration.metrics,
            condition: parts.watch,
            tokens: parts.tokens,
            receiptPage: { try ReceiptPage.document(of: $0) }
        )
        let sessions = Sessions(store: parts.audited, signIn: signIn)
        let forgottenPasswords = ForgottenPasswords(store: parts.audited)
        let site = PortalSite(
            lockbox: lockbox,
            sessions: sessions,
            signIn: signIn,
            providers: ProviderSignIn(store: parts.audited, sessions: sessions),
            openID: parts.openID(configuration, clientSecretKey, seed: secret),
            clientSecretKey: clientSecretKey,
            invitations: Invitations(
                store: parts.audited,
                signIn: signIn,
                sessions: sessions,
                key: invitationKey
            ),
            forgottenPasswords: forgottenPasswords,
            passkeys: Passkeys(
                store: parts.audited,
                sessions: sessions,
                key: PasskeyKey(seed: secret),
                publicURL: configuration.publicURL,
                clock: clock,
                entropy: entropy
            ),
            log: log,
            logCheck: LogCheck(store: store, clock: clock),
            clock: clock,
            entropy: entropy,
            publicURL: configuration.publicURL,
            proxies: configuration.trustedProxies,
            appearance: configuration.appearance,
            feed: feed,
            makePause: { SystemPause() }
        )
        let listeners = Self.listeners(
            configuration,
            api: api,
            site: site,
            directories: SCIM(
                lockbox: lockbox,
                signIn: signIn,
                clock: clock,
                publicURL: configuration.publicURL,
                proxies: configuration.trustedProxies
            ),
            clock: clock,
            logger: logger,
            onListening: onListening
        )
        let gateway = parts.gateway.map { [$0] } ?? []
        services =
            [parts.changeFeed { feed.changedElsewhere() }]
            + [parts.watch, parts.late, parts.drift, parts.tokenKeys, keeping] + gateway
            + [
                StatementReading(
                    store: store,
                    kinds: kinds,
                    lockbox: lockbox,
                    pause: SystemPause(),
                    logger: logger
                ),
                UseWriting(lockbox: lockbox, pause: SystemPause(), logger: logger),
                ForgottenPasswordWork(forgottenPasswords, pause: SystemPause(), logger: logger),
            ] + parts.work.ending(parts.forWork) + parts.work.bookkeeping(parts.forWork, post)
            + parts.work.witnessing(parts.forWork, witnessing, log)
            + listeners
    }

    /// What services ask and what operators look at is answered where their own listeners are, if
    /// there are any, and nowhere else: strangers then do not share a port with them.
    private static func listeners(
        _ configuration: Configuration,
        api: API,
        site: PortalSite,
        directories: SCIM,
        clock: any WallClock,
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
                            Door(prefixes: API.prefixes, responder: api.responder(for: shared)),
                            Door(prefixes: [SCIM.prefix], responder: directories.responder()),
                        ] + (shared.contains(.services) ? [forwardAuth] : []),
                        others: site.responder(),
                        pathsOfOthers: [PortalSite.authorizationPath]
                    )
                case .services:
                    Dispatcher(
                        doors: [forwardAuth],
                        others: api.responder(for: [.services])
                    )
                case .operators, .gatewayOperators:
                    Dispatcher(doors: [], others: api.responder(for: [.operators]))
                }
            return Listener(
                use,
                at: address,
                answers: dispatcher,
                proxies: configuration.trustedProxies,
                clock: clock,
                logger: logger
            ) { port in await report.isListening(use, on: port) }
        }
    }

    /// Serves until asked to stop.
    package func run() async throws {
        defer { LogOutput.standardError.flush() }
        do {
            let claim =
                parts.gateway == nil
                ? nil : try GatewayClaim(of: configuration.database, alone: false)
            try await parts.begin()
            try await parts.run(services)
            withExtendedLifetime(claim) {}
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
        let text = "This is a test e-mail of Lockbox. Mail works.\n"
        return try await mailer.send(
            Letter(
                messageID: "\(id).lockbox@\(sender.host)",
                date: now,
                from: sender,
                to: Mailbox(name: "", address: address.text),
                subject: "Lockbox: test e-mail",
                text: text,
                html: "<!DOCTYPE html>\n<html lang=\"en\"><title>Lockbox: test e-mail</title>"
                    + "<p>This is a test e-mail of Lockbox. Mail works.</p></html>\n"
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

    /// How many open files it takes to run the gateways that are registered; nil where none are.
    package func openFilesForGateways() async throws -> String? {
        let gateways = OpenFiles.gateways(of: try await store.read { tx in try tx.services() })
        return gateways == 0 ? nil : OpenFiles.words(configuration, gateways: gateways)
    }

    /// Lets go of threads and connections. Needed where `run` is not called.
    package func close() async throws {
        try await hasher.shutDown()
        try await parts.close()
    }

    /// What `init` would refuse, without making anything.
    package static func check(_ configuration: Configuration) throws {
        _ = try sender(configuration)
        try configuration.requireSigningKey()
        _ = try configuration.signer()
        _ = try configuration.serverSecret()
    }

    /// The kinds as a directory file is read with them where no server is made.
    package static func kindsForReading() -> ServiceKinds {
        let silent = Logger(label: "lockbox") { _ in SwiftLogNoOpLogHandler() }
        return ServiceKinds(
            standardKinds(SharedParts.tools(.shared, SystemClock(), SystemEntropy(), silent))
        )
    }

    private static func sender(_ configuration: Configuration) throws -> Mailbox {
        let host = configuration.publicHost
        let address =
            configuration.mailSender ?? "lockbox@\(host.contains(":") ? "localhost" : host)"
        guard EmailAddress(address) != nil else {
            throw ConfigurationError(
                "mail: \(address) is not an address that e-mails can come from; set from=ADDRESS in its URL"
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
