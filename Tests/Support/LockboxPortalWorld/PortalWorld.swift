import AsyncHTTPClient
import CryptoExtras
package import LockboxAudit
package import LockboxDomain
package import LockboxFixtures
package import LockboxIdentity
import LockboxNotifier
import LockboxOIDC
package import LockboxPortal
package import LockboxPorts
package import LockboxService
import LockboxServices
import LockboxStoreSQLite
package import LockboxTestProvider
import Synchronization

/// The portal over real rooms, in one process: a store of its own, a clock that stands still,
/// chance that repeats itself. Two tenants and the provider, with people of every role, who all
/// have one password.
package final class PortalWorld: Sendable {
    package static let publicURL = "https://lockbox.example-cloud.test"
    package static let password = "correct horse battery"
    package static let invitationKey = InvitationKey(seed: Array(repeating: 9, count: 32))

    package let clock = FixedClock()
    package let store: BreakableStore
    package let audited: AuditedStore
    package let lockbox: Lockbox
    package let sessions: Sessions
    package let signIn: SignIn
    let invitations: Invitations
    package let forgottenPasswords: ForgottenPasswords
    package let passkeys: Passkeys
    package let log: LogReader
    package let site: PortalSite
    /// Where people sign in whose organisation has it so.
    package let provider = TestProvider()
    let responder: PortalResponder
    let memory = Mutex(Memory())

    /// What the steps of a scene leave for its page.
    struct Memory {
        /// Secrets of sessions, by first name.
        var secrets: [String: String] = [:]
        /// The cookie that says what was just done, by person.
        var done: [String: String] = [:]
        /// Who sends what her browser has, although that session is over.
        var signedOut: Set<String> = []
        /// People who came besides.
        var people: [Person] = []
        /// The request that the last step was about.
        var request: AccessRequestID?
        /// The invitation that was sent last.
        var invitation: Invitation?
        /// The change of how people sign in that was asked for last.
        var signInChange: SignInChangeID?
        /// The support request that was opened last.
        var support: SupportRequestNumber?
        /// The API token that was used last.
        var token: TokenID?
        /// What a command line without a browser shows.
        var userCode: String?
        /// The provisioning token that was used last.
        var provisioning: ProvisioningTokenID?
        /// The first passkey that somebody added.
        var passkey: PasskeyID?
    }

    /// Runs `body` in a world of its own, which is gone afterwards but for the file at `path`, where
    /// there is to be one.
    package static func with<Value: Sendable>(
        at path: String? = nil,
        _ body: (PortalWorld) async throws -> Value
    ) async throws -> Value {
        let store =
            if let path { try await SQLiteStore.open(path: path) } else {
                try await SQLiteStore.temporary()
            }
        let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
        let value: Value
        do {
            let world = try PortalWorld(store: BreakableStore(store), hasher: hasher)
            try await world.furnish()
            value = try await body(world)
        } catch {
            try await hasher.shutDown()
            try await store.close()
            throw error
        }
        try await hasher.shutDown()
        try await store.close()
        return value
    }

    private init(store: BreakableStore, hasher: PasswordHasher) throws {
        self.store = store
        let entropy = SeededEntropy(seed: 1)
        let feed = LiveFeed()
        let kinds = Self.kinds()
        let letters = Portal(name: "Lockbox", publicURL: Self.publicURL, showAddress: true)
        let uses = UseCounts()
        audited = AuditedStore(
            store: store,
            clock: clock,
            entropy: entropy,
            readers: [RemovalPlanner(kinds: kinds), NoticePlanner(portal: letters, kinds: kinds)],
            listeners: [feed, uses]
        )
        lockbox = Lockbox(
            store: audited,
            kinds: kinds,
            enforcers: NoEnforcers(),
            ends: RememberedEnds(),
            uses: uses,
            signing: SigningPlace(
                logPrefix: "lockbox.example-cloud.test",
                webOrigin: Self.publicURL,
                entropy: SeededEntropy(seed: 3)
            )
        )
        signIn = SignIn(store: audited, hasher: hasher)
        sessions = Sessions(store: audited, signIn: signIn)
        invitations = Invitations(
            store: audited,
            signIn: signIn,
            sessions: sessions,
            key: Self.invitationKey
        )
        forgottenPasswords = ForgottenPasswords(store: audited)
        passkeys = Passkeys(inTheWorldOf: audited, sessions, clock)
        log = LogReader(
            store: store,
            signer: try Ed25519CheckpointSigner(seed: Array(repeating: 7, count: 32)),
            heads: RememberedHeads(),
            origin: "lockbox.example-cloud.test"
        )
        // Forms' keys from chance of their own, so that looking at a page does not change what
        // comes after it.
        site = PortalSite(
            lockbox: lockbox,
            sessions: sessions,
            signIn: signIn,
            providers: ProviderSignIn(store: audited, sessions: sessions),
            openID: Self.openID(provider, clock),
            clientSecretKey: ClientSecretKey(seed: Self.seed),
            invitations: invitations,
            forgottenPasswords: forgottenPasswords,
            passkeys: passkeys,
            log: log,
            logCheck: LogCheck(store: store, clock: clock),
            clock: clock,
            entropy: SeededEntropy(seed: 2),
            publicURL: Self.publicURL,
            proxies: .none,
            appearance: Self.appearance,
            feed: feed,
            makePause: { OneRound() }
        )
        responder = site.responder()
    }

    private static let appearance = Appearance(
        colour: "#7c3aed",
        logo: Appearance.Logo(Array(logo.utf8)),
        help: "help@example-cloud.test, +49 30 123456",
        helpLink: "https://help.example-cloud.test/"
    )

    private static let seed = [UInt8](repeating: 7, count: 32)

    private static let logo = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#7c3aed"
        d="M9 25a7 7 0 0 1-1-13.9A9 9 0 0 1 25.300 13 6 6 0 0 1 24 25z"/></svg>
        """

    private static func openID(_ provider: TestProvider, _ clock: FixedClock) -> OpenIDClient {
        OpenIDClient(
            http: provider,
            clock: clock,
            entropy: SeededEntropy(seed: 3),
            publicURL: publicURL,
            seed: seed,
            secret: { _ in "a secret" },
            sign: { _ in "" }
        )
    }

    private static func kinds() -> ServiceKinds {
        ServiceKinds([
            IMAPKind(
                ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) { _ in
                    "a key"
                }
            ), HTTPKind(gateways: QuietGateways()), SQLKind(),
        ])
    }

    // MARK: - Who and what is there

    /// The person with this first name, in lower case: `adam`.
    package func person(_ name: String) -> Person {
        let everyone = Fixture.everybody + memory.withLock { $0.people }
        guard let person = everyone.last(where: { $0.email.text.hasPrefix(name + "@") }) else {
            preconditionFailure("nobody here is called \(name)")
        }
        return person
    }

    private func furnish() async throws {
        try await audited.write(by: .console) { change in
            let tx = change.tx
            try tx.saveProviderName("Example Cloud")
            change.emit(.directory(.providerRenamed("Example Cloud")))
            for tenant in [Fixture.contoso, Fixture.fabrikam] {
                try tx.save(tenant)
                change.emit(.directory(.tenantAdded(tenant)))
            }
            for person in Fixture.everybody { try change.welcome(person) }
            try tx.save(Fixture.mail)
            change.emit(.directory(.serviceAdded(Fixture.mail.service)))
            for (resource, tenant) in Fixture.resources {
                try tx.save(resource, of: tenant)
                change.emit(.directory(.resourceAdded(resource, tenant)))
            }
        }
    }

    /// Somebody new, who can sign in at once.
    @discardableResult
    package func welcome(_ person: Person) async throws -> Person {
        try await audited.write(by: .console) { change in try change.welcome(person) }
        memory.withLock { $0.people.append(person) }
        return person
    }
}

extension Change {
    fileprivate mutating func welcome(_ person: Person) throws {
        try tx.save(person)
        emit(.directory(.personAdded(person)))
        try tx.save(PasswordRecord(encoded: CheapPassword.encoded), of: person.id)
    }
}

/// The password as it is kept, with the least work that is still taken: a scene must not wait for
/// each sign-in.
private enum CheapPassword {
    static let encoded: String = {
        let salt = [UInt8](repeating: 9, count: 16)
        do {
            let key = try KDF.Scrypt.deriveKey(
                from: Array(PortalWorld.password.utf8),
                salt: salt,
                outputByteCount: 32,
                rounds: 1 << 10,
                blockSize: 8,
                parallelism: 1
            )
            return "scrypt$ln=10,r=8,p=1$\(hex(salt))$\(hex(key.withUnsafeBytes { Array($0) }))"
        } catch {
            preconditionFailure("no password: \(error)")
        }
    }()

    private static func hex(_ bytes: [UInt8]) -> String { Lockbox.text(bytes) }
}

/// A store that a scene can take away.
package final class BreakableStore: Store {
    private let store: any Store
    private let broken = Atomic(false)
    private let undoing = Atomic(false)
    private let breaksAfterWrite = Atomic(false)

    init(_ store: any Store) { self.store = store }

    /// From now on nothing can be read or written, or can be again.
    package func setBroken(_ isBroken: Bool) {
        broken.store(isBroken, ordering: .sequentiallyConsistent)
    }

    /// The next write is carried out, and from then on nothing can be read or written.
    package func breakAfterWrite() {
        breaksAfterWrite.store(true, ordering: .sequentiallyConsistent)
    }

    /// From now on each write is carried out and taken back, as if the database had failed at its
    /// commit.
    package func undoWrites() { undoing.store(true, ordering: .sequentiallyConsistent) }

    private func check() throws {
        if broken.load(ordering: .sequentiallyConsistent) {
            throw StoreError.unavailable("taken away")
        }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try check()
        guard undoing.load(ordering: .sequentiallyConsistent) else {
            let value = try await store.write(body)
            if breaksAfterWrite.load(ordering: .sequentiallyConsistent) { setBroken(true) }
            return value
        }
        return try await store.write { tx in
            _ = try body(tx)
            throw StoreError.unavailable("taken back")
        }
    }

    package func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try check()
        return try await store.read(lane, body)
    }

    package func changedElsewhere() async throws -> Bool {
        try check()
        return try await store.changedElsewhere()
    }
}
