import LockboxDomain
import LockboxEnforcerContract
import LockboxFixtures
import LockboxPorts
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LockboxServices

/// The tests' server, as engineers and its own people see it.
final class StagedPostgres: StagedService {
    let cluster: PostgresCluster
    private let server = PostgresServer()
    private let roles: PostgresSettings.Roles
    private let log: PostgresLog?
    private let connections = Connections()
    private let entropy = SeededEntropy()
    private let loops: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    private let behaviour = Mutex(ServiceBehaviour.well)
    /// Servers in its place that answer badly, by their ports.
    private let bad: [ServiceBehaviour: Int]

    let resource = Fixture.resource("database:contoso", of: Fixture.mail.service.id)

    private init(
        _ cluster: PostgresCluster,
        _ roles: PostgresSettings.Roles,
        _ log: PostgresLog?,
        _ bad: [ServiceBehaviour: Int]
    ) {
        (self.cluster, self.roles, self.log, self.bad) = (cluster, roles, log, bad)
    }

    /// A server where nobody is connected, whose log is read into `recorder`.
    static func with<Value: Sendable>(
        roles: PostgresSettings.Roles = .init(read: "crm_read", write: "crm_write"),
        statements: PostgresSettings.Statements? = nil,
        recorder: StagedRecorder = StagedRecorder(),
        _ body: (StagedPostgres) async throws -> Value
    ) async throws -> Value {
        let cluster = try #require(PostgresCluster.current)
        try cluster.clear()
        let silent = try await Self.listen(answer: nil)
        let garbled = try await Self.listen(answer: "HTTP/1.1 200 OK\r\n\r\n")
        let bad = [
            ServiceBehaviour.silent: silent.localAddress?.port ?? 0,
            .garbled: garbled.localAddress?.port ?? 0,
        ]
        let log = statements.map { PostgresLog($0, user: "lockbox") }
        let staged = StagedPostgres(cluster, roles, log, bad)
        let result: Result<Value, any Error>
        do {
            result = .success(
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while !Task.isCancelled, let log {
                            // What cannot be read shows in what the enforcer says.
                            _ = try? await log.read(into: recorder)
                            await staged.loops.pause(.milliseconds(10))
                        }
                    }
                    defer { group.cancelAll() }
                    return try await body(staged)
                }
            )
        } catch {
            result = .failure(error)
        }
        staged.connections.close()
        try await silent.close()
        try await garbled.close()
        try cluster.clear()
        return try result.get()
    }

    private static func listen(answer: String?) async throws -> any Channel {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BadServer(answer: answer))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
    }

    var enforcer: any Enforcer { enforcer(log) }

    /// The same, but that it counts on another log, which nobody reads.
    func reading(_ statements: PostgresSettings.Statements) -> any Enforcer {
        enforcer(PostgresLog(statements, user: "lockbox"))
    }

    private func enforcer(_ log: PostgresLog?) -> any Enforcer {
        let behaviour = behaviour.withLock { $0 }
        var address = cluster.address("lockbox", cluster.password, "postgres")
        switch behaviour {
        case .well: break
        case .refusing: address.keywords["password"] = "not it"
        case .garbled, .silent:
            address.keywords["host"] = "127.0.0.1"
            address.keywords["port"] = "\(bad[behaviour] ?? 0)"
        }
        return PostgresEnforcer(
            address: address,
            roles: roles,
            log: log,
            server: server,
            clock: FixedClock(),
            entropy: entropy,
            loops: loops,
            settling: [.milliseconds(1)],
            looksAtLog: behaviour == .well && log === self.log ? 400 : 4,
            silence: behaviour == .silent ? (100, 100) : (30_000, 30_000)
        )
    }

    func behave(_ behaviour: ServiceBehaviour) async { self.behaviour.withLock { $0 = behaviour } }

    func connect(as username: String) async {
        do {
            // The grants of the fixtures have their own time.
            try cluster.run("ALTER ROLE \"\(username)\" VALID UNTIL 'infinity'")
            connections.add(try session(username))
        } catch {
            Issue.record(error, "\(username) cannot connect")
        }
    }

    /// A session of an engineer's.
    func session(_ username: String, in database: String = "contoso") throws -> PostgresSession {
        try cluster.session(username, StagedAccess.secret, in: database)
    }

    /// Under which names somebody is connected; of a role that is gone its oid.
    func connected() async -> [String] {
        do {
            return try cluster.column(
                """
                SELECT coalesce(usename, usesysid::text) FROM pg_stat_activity
                WHERE backend_type = 'client backend'
                  AND coalesce(usename, '') NOT IN ('postgres', 'lockbox')
                ORDER BY 1
                """
            )
        } catch {
            Issue.record(error)
            return []
        }
    }
}

// All its state is behind the lock, and no connection is used after it was put there.
private final class Connections: @unchecked Sendable {
    private let lock = Mutex(())
    private var open: [PostgresSession] = []

    func add(_ session: PostgresSession) { lock.withLock { _ in open.append(session) } }

    func close() { lock.withLock { _ in open = [] } }
}

/// Says the same to everything, or nothing.
private final class BadServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String?

    init(answer: String?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
}
