package import LockboxDomain
import LockboxLibpq
package import LockboxPorts
import MerkleLog
package import NIOCore

/// Makes a login role for each access and ends it with everything that it began (decision 0035).
///
/// A login name belongs to one grant, and so does its role: ending one touches no other, but for what
/// was prepared after `SET ROLE`, which does not say by whom (`PostgresRoles.rollBackPrepared`).
package struct PostgresEnforcer: Enforcer {
    /// Waits between further looks after the role is gone: a server process that let somebody in
    /// just before may show only now (decision 0011).
    package static let settling: [TimeAmount] = [
        .milliseconds(100), .milliseconds(200), .milliseconds(400),
    ]

    /// The server's log is waited for with some looks, and this between them: five seconds.
    package static let looksAtLog = 200
    private static let betweenLooksAtLog = TimeAmount.milliseconds(25)

    private let address: PostgresAddress
    private let roles: PostgresSettings.Roles
    /// What the server writes down; nil where it need not.
    private let log: PostgresLog?
    private let entropy: any Entropy
    private let server: PostgresServer
    private let clock: any WallClock
    private let loops: any EventLoopGroup
    private let settling: [TimeAmount]
    private let looksAtLog: Int
    /// For a cut, and for everything else.
    private let patience: (cut: PostgresSession.Patience, rest: PostgresSession.Patience)

    /// `log`: the server must write down what is run, and it is read there. `silence` is how many milliseconds a
    /// connection or a statement may take.
    init(
        address: PostgresAddress,
        roles: PostgresSettings.Roles,
        log: PostgresLog? = nil,
        server: PostgresServer,
        clock: any WallClock,
        entropy: any Entropy,
        loops: any EventLoopGroup,
        settling: [TimeAmount] = Self.settling,
        looksAtLog: Int = Self.looksAtLog,
        silence: (cut: Int32, rest: Int32) = (2000, 5000)
    ) {
        self.address = address
        self.roles = roles
        self.log = log
        self.entropy = entropy
        self.server = server
        self.clock = clock
        self.loops = loops
        self.settling = settling
        self.looksAtLog = looksAtLog
        patience = (.init(silence: silence.cut), .init(silence: silence.rest))
    }

    package func open(_ credential: Credential, secret: String) async throws(EnforcerError) {
        let verifier: String
        do {
            verifier = try SCRAMVerifier.text(secret)
        } catch {
            throw EnforcerError("a password could not be prepared")
        }
        let name = credential.username
        guard GrantID(loginName: name) ?? Probe.grant(of: name) != nil,
            PostgresName.isDatabase(credential.resource.localName)
        else { throw EnforcerError("this database cannot be opened") }
        guard clock.now() < credential.expiresAt else {
            throw EnforcerError("the end of this access is over")
        }
        let isWriting = credential.actions.contains(.write)
        guard let group = isWriting ? roles.write : roles.read else {
            throw EnforcerError("the service has no role for this")
        }
        let opening = RoleOpening(
            username: name,
            database: credential.resource.localName,
            group: group,
            isWriting: isWriting,
            isLogged: log != nil,
            verifier: verifier,
            end: credential.expiresAt
        )
        // A log that cannot be read gives no access.
        try await readLog("what is run could not be recorded")
        try await work { roles throws in try roles.open(opening) }
    }

    package func cut(_ orders: [Removal]) async throws(EnforcerError) {
        let names = orders.flatMap(\.usernames)
        guard !names.isEmpty else { return }
        try await run(on: server.cutting, patience.cut) { roles throws in try roles.cut(names) }
    }

    package func close(_ order: Removal) async throws(EnforcerError) {
        let own = roles
        try await each(order.usernames) { roles, name in try roles.end(name, of: own) }
        for time in settling {
            await loops.pause(time)
            try await each(order.usernames) { roles, name in try roles.look(for: name) }
        }
        // Nobody is there any more: what the server says now comes after all that was run.
        if !order.usernames.isEmpty {
            try await readLog("what was run could not be read to its end")
        }
    }

    /// Returns once everything is recorded that the server has logged up to now.
    private func readLog(_ failure: String) async throws(EnforcerError) {
        guard let log else { return }
        let mark = Hex.encode(entropy.bytes(16))
        await log.expect(mark)
        let written: Result<Void, EnforcerError>
        do {
            let form = log.form
            try await work { roles throws in try roles.write(mark, into: form) }
            written = .success(())
        } catch {
            written = .failure(error)
        }
        var isRead = false
        if case .success = written {
            for _ in 0..<looksAtLog where !isRead {
                await loops.pause(Self.betweenLooksAtLog)
                isRead = await log.hasPassed(mark)
            }
        }
        let problem = await log.forget(mark)
        try written.get()
        guard isRead else {
            throw EnforcerError(
                failure,
                cause: problem
                    ?? "the folder's log is read, and what Lockbox had the server write is not in it; is "
                    + "it the server's log_directory, and is log_min_messages no higher than log?"
            )
        }
    }

    package func list() async throws(EnforcerError) -> [OpenAccess] {
        try await work { roles throws in try roles.openLogins() }
    }

    /// Sessions are cut and the role can sign in no more; it is not dropped, for what it owns would go
    /// with it.
    package func shutOut(_ username: String) async throws(EnforcerError) {
        // Lists of names go to the server with commas between them.
        guard !username.contains(",") else {
            throw EnforcerError("the login role has a comma in its name")
        }
        try await work { roles throws in try roles.cut([username]) }
    }

    /// Each on a connection of its own: every one is tried, whatever becomes of the others.
    private func each(
        _ names: [String],
        _ body: @escaping @Sendable (PostgresRoles, String) throws -> Void
    ) async throws(EnforcerError) {
        var firstError: EnforcerError?
        for name in names {
            do {
                try await work { roles throws in try body(roles, name) }
            } catch {
                firstError = firstError ?? error
            }
        }
        if let firstError { throw firstError }
    }

    private func work<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresRoles) throws -> Value
    ) async throws(EnforcerError) -> Value {
        try await run(on: server.working, patience.rest, body)
    }

    private func run<Value: Sendable>(
        on pool: BlockingPool,
        _ patience: PostgresSession.Patience,
        _ body: @escaping @Sendable (PostgresRoles) throws -> Value
    ) async throws(EnforcerError) -> Value {
        do {
            return try await pool.run { [address, server] in
                Result {
                    try Self.againIfHindered {
                        try body(
                            PostgresRoles(
                                session: PostgresSession(address, patience),
                                memory: server.memory,
                                other: { database in
                                    var other = address
                                    other.database = database
                                    return try PostgresSession(other, patience)
                                }
                            )
                        )
                    }
                }
            }.get()
        } catch {
            throw EnforcerError(error)
        }
    }

    private static let attempts = 5

    /// Who changes a role or a database while somebody else does is refused by the server, once the
    /// other is done, as an internal error ("tuple concurrently updated"). All that is done here may
    /// be done again.
    private static func againIfHindered<Value>(_ body: () throws -> Value) throws -> Value {
        for _ in 1..<attempts {
            do {
                return try body()
            } catch PostgresError.refused(PostgresError.internalError, _) {
                continue
            }
        }
        return try body()
    }
}
