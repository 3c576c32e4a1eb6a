import LockboxDomain
import LockboxPorts
import Synchronization

/// A service that obeys: it asks a process of Lockbox about each sign-in, and keeps a session open
/// until somebody cuts it.
final class SimulatedMailbox: Sendable {
    struct Session: Hashable, Sendable {
        let number: Int
        let username: String
        let grant: GrantID
    }

    private struct State {
        var sessions: [Session] = []
        var count = 0
    }

    private let state = Mutex(State())

    var sessions: [Session] { state.withLock(\.sessions) }
    /// How many there were.
    var opened: Int { state.withLock(\.count) }

    /// Somebody whom Lockbox let in.
    func open(_ credential: Credential) {
        state.withLock { state in
            state.count += 1
            state.sessions.append(
                Session(
                    number: state.count,
                    username: credential.username,
                    grant: credential.grant
                )
            )
        }
    }

    func end(_ usernames: Set<String>) {
        state.withLock { $0.sessions.removeAll { usernames.contains($0.username) } }
    }
}

/// How one process speaks to the mailboxes: calls get lost, before or after they had their effect.
struct SimulatedEnforcer: Enforcer {
    private let mailbox: SimulatedMailbox
    private let scheduler: Scheduler
    private let store: SimulatedStore
    private let faults: @Sendable () -> Faults

    init(_ world: Node.World, _ store: SimulatedStore) {
        (mailbox, scheduler, faults) = (world.mailbox, world.scheduler, world.faults)
        self.store = store
    }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        try await call { mailbox.end(Set(orders.flatMap(\.usernames))) }
    }

    func close(_ order: Removal) async throws(EnforcerError) {
        try await call { mailbox.end(Set(order.usernames)) }
    }

    func list() async throws(EnforcerError) -> [OpenAccess] {
        try await call { mailbox.sessions.map { OpenAccess(username: $0.username) } }
    }

    private func call<Value>(_ effect: () -> Value) async throws(EnforcerError) -> Value {
        let (wait, isLost, isUnheard) = scheduler.draw { chance in
            (
                Int64.random(in: 0...5, using: &chance), chance.happens(faults().network),
                chance.happens(faults().network)
            )
        }
        if !store.isDead { await scheduler.sleep(wait) }
        guard !isLost, !store.isDead else { throw EnforcerError("does not answer") }
        let value = effect()
        guard !isUnheard else { throw EnforcerError("does not answer") }
        return value
    }
}

struct SimulatedEnforcers: EnforcerDirectory {
    let one: SimulatedEnforcer

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { one }
    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? { one }
}
