package import LockboxDomain
package import LockboxPorts
import LockboxServices
package import NIOCore
import Synchronization

/// What goes on through the gateways of this process, by service and grant. It is in memory, so
/// that cutting waits for nothing.
package final class GatewayBook: GatewayConnections {
    typealias Number = UInt64

    /// One connection.
    struct Entry: Sendable {
        let credential: Credential
        let admittedAt: Timestamp
        /// Ends it; may be called on any thread, and again.
        let cut: @Sendable () -> Void
        /// Is over when nothing is left of it.
        let gone: EventLoopFuture<Void>
    }

    private struct State {
        var count: Number = 0
        var entries: [Number: Entry] = [:]

        func hasRoom(under grant: GrantID, besides old: Number?) -> Bool {
            entries.count { $0.key != old && $0.value.credential.grant == grant }
                < GatewayLimits.connectionsOfGrant
        }
    }

    private let state = Mutex(State())
    private let timers: any EventLoopGroup
    private let timeout: TimeAmount
    private let settling: TimeAmount

    /// `timeout` is for connections to be gone once they are cut; it is measured on `timers`, which
    /// are no loops of a gateway. `settling` is how long gateways of other processes may take.
    package init(
        timers: any EventLoopGroup,
        timeout: TimeAmount = GatewayLimits.cutting,
        settling: TimeAmount = GatewayLimits.settling
    ) {
        self.timers = timers
        self.timeout = timeout
        self.settling = settling
    }

    /// A place for what begins, or goes on `inPlaceOf` an entry that is there; nil, and nothing
    /// changed, where its grant has as much as it may have.
    func enter(_ entry: Entry, inPlaceOf old: Number? = nil) -> Number? {
        state.withLock { state in
            guard state.hasRoom(under: entry.credential.grant, besides: old) else { return nil }
            if let old { state.entries[old] = nil }
            state.count += 1
            state.entries[state.count] = entry
            return state.count
        }
    }

    /// Whether there is one.
    func hasRoom(under grant: GrantID, besides old: Number?) -> Bool {
        state.withLock { $0.hasRoom(under: grant, besides: old) }
    }

    func leave(_ number: Number) { _ = state.withLock { $0.entries.removeValue(forKey: number) } }

    /// Cuts what goes on under one credential, but for what is at `place`.
    func cut(under credential: CredentialID, except place: Number?) {
        for (number, entry) in state.withLock({ $0.entries })
        where number != place && entry.credential.id == credential {
            entry.cut()
        }
    }

    /// Beside the timer of each end, and the order to cut: cuts what another process ended, what a
    /// clock that jumped has ended, and what nobody knows any more whether it ended.
    func cutWhatIsOver(by authorizer: RequestAuthorizer) {
        let now = authorizer.clock.now()
        for entry in entries
        where !authorizer.mayGoOn(entry.credential, since: entry.admittedAt, at: now) {
            entry.cut()
        }
    }

    /// Does that again and again, whatever the loops of gateways are at.
    func watch(by authorizer: RequestAuthorizer) -> RepeatedTask {
        timers.next().scheduleRepeatedTask(
            initialDelay: .zero,
            delay: GatewayLimits.watchInterval
        ) { _ in self.cutWhatIsOver(by: authorizer) }
    }

    /// All that goes on.
    var entries: [Entry] { state.withLock { Array($0.entries.values) } }

    private func entries(of usernames: Set<String>, at service: ServiceID) -> [Entry] {
        entries.filter {
            $0.credential.resource.service == service
                && usernames.contains($0.credential.username)
        }
    }

    // MARK: - For the enforcer

    package func cut(_ usernames: Set<String>, at service: ServiceID) async throws(EnforcerError) {
        let open = entries(of: usernames, at: service)
        for entry in open { entry.cut() }
        try await all(open.map(\.gone))
        guard entries(of: usernames, at: service).isEmpty else {
            throw EnforcerError("the gateway still shows open connections")
        }
    }

    package func settle() async {
        let pause = timers.next().scheduleTask(in: settling) {}
        _ = try? await pause.futureResult.get()  // best effort: a pause
    }

    package func connected(to service: ServiceID) async throws(EnforcerError) -> [String] {
        let open = entries.filter { $0.credential.resource.service == service }
        // Whose loop does not answer is not known to be there, nor to be gone.
        try await all(open.map { $0.gone.eventLoop.submit {} })
        return Set(open.map(\.credential.username)).sorted()
    }

    private func all(_ futures: [EventLoopFuture<Void>]) async throws(EnforcerError) {
        let loop = timers.next()
        let done = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: timeout) {
            done.fail(EnforcerError("the gateway does not answer"))
        }
        EventLoopFuture.andAllComplete(futures, on: loop).whenComplete { _ in
            timer.cancel()
            done.succeed()
        }
        do {
            try await done.futureResult.get()
        } catch {
            throw EnforcerError("the gateway does not answer")
        }
    }
}
