package import LockboxAudit
package import LockboxDomain
package import LockboxNotifier
package import LockboxPorts
package import Logging
import ServiceLifecycle
import Synchronization

/// Compares what is open at each service with what should be, at the start and from then on
/// (decision 0044). What differs is shown, to operators and to the tenants whose data it reaches
/// (decision 0077). It is closed where it is Lockbox's own for certain: a login name that Lockbox gave
/// out, made as Lockbox made it, whose end was confirmed; and where a tenant's rules have it closed.
///
/// It needs no lease: each process looks, and a letter that was written is not written again.
package final class DriftWatch: Service {
    package enum Limits {
        /// Milliseconds between two looks at a service.
        package static let interval: Int64 = 30_000
        /// For so long what `lockboxd check-service` opens may be there.
        package static let check = Duration.seconds(600)
        /// Names that are looked up in one read.
        static let slice = 200
        /// Differences that are named at once, and those that tenants are told of.
        static let named = 10
        /// What is not seen for so long, and then again, tenants are told again.
        package static let absence = Duration.seconds(300)
        /// For so long it counts that a process told them that is gone.
        static let remembered = TimeSpan.days(1)
        /// Of a name that somebody else chose.
        static let shownCharacters = 200
    }

    /// What operators see of one service.
    package struct Report: Sendable {
        package let service: ServiceID
        package let differences: Int
        /// Since it could last be seen what is open, or since this process looks.
        package let age: Duration
    }

    struct State {
        var isLooking = false
        var lookedAt: Duration
        var isFailing = false
        var found: Set<Difference> = []
        var told: Set<Difference> = []
        var tenants: ToldTenants
        /// What was open, and should be.
        var open: Set<String> = []
        /// Since when what a check opens is there.
        var probes: [String: Duration] = [:]

        init(at now: Duration) {
            lookedAt = now
            tenants = ToldTenants(since: now)
        }
    }

    let store: AuditedStore
    private let own: OwnOrders
    private let needsOpening: @Sendable (ProtectedService.Kind) -> Bool
    private let enforcers: any EnforcerDirectory
    private let operators: Operators
    private let entropy: any Entropy
    let time: any MonotonicClock
    private let pause: any Pause
    let logger: Logger
    let states = Mutex<[ServiceID: State]>([:])
    private let closed = Atomic(0)

    /// `own`: whose services are looked at. `needsOpening`: services of the kind have open what they
    /// were told to open, and not only what is in use.
    package init(
        store: AuditedStore,
        own: OwnOrders = .all,
        needsOpening: @escaping @Sendable (ProtectedService.Kind) -> Bool,
        enforcers: any EnforcerDirectory,
        operators: Operators,
        entropy: any Entropy,
        time: any MonotonicClock,
        pause: any Pause,
        logger: Logger
    ) {
        self.store = store
        self.own = own
        self.needsOpening = needsOpening
        self.enforcers = enforcers
        self.operators = operators
        self.entropy = entropy
        self.time = time
        self.pause = pause
        self.logger = logger
    }

    /// In order of the services that are told anything.
    package var reports: [Report] {
        let now = time.elapsed()
        return states.withLock { $0 }.sorted { $0.key.text < $1.key.text }.map { service, state in
            Report(
                service: service,
                differences: state.found.count,
                age: now - state.lookedAt
            )
        }
    }

    /// Accesses that were found open after their end was confirmed.
    package var sessionsFound: Int { closed.load(ordering: .relaxed) }

    /// Runs until shutdown or cancellation.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var wait: Int64 = 0
            while await pause(milliseconds: wait) {
                wait = Limits.interval
                guard let services = await services() else { continue }
                states.withLock { states in
                    let there = Set(services.map(\.id))
                    states = states.filter { there.contains($0.key) }
                }
                // One that hangs holds up no other.
                for service in services where begins(service.id) {
                    group.addTask {
                        await self.look(at: service)
                        self.states.withLock { $0[service.id]?.isLooking = false }
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Nil where they cannot be read now, which others say.
    private func services() async -> [ProtectedService]? {
        do {
            return try await store.read { [own] tx, _ in
                try tx.services().filter(own.includes).map(\.service)
            }
        } catch {
            return nil
        }
    }

    private func begins(_ service: ServiceID) -> Bool {
        let now = time.elapsed()
        return states.withLock { states in
            guard states[service]?.isLooking != true else { return false }
            states[service, default: State(at: now)].isLooking = true
            return true
        }
    }

    // MARK: - Looking

    /// One look at one service.
    package func look(at service: ProtectedService) async {
        do {
            guard let enforcer = try enforcers.rememberedEnforcer(of: service.id) else {
                states.withLock { $0[service.id] = nil }
                return
            }
            // What opens, ends or is cut in this moment is no difference: it is not there twice.
            let first = try await compare(try await enforcer.list(), service)
            let found =
                first.differences.isEmpty
                ? first : try await compare(try await enforcer.list(), service)
            let differences = found.differences.intersection(first.differences)
            let reached = found.reached.filter { differences.contains($0.key) }
            var closed = await close(found.over, differences, by: enforcer)
            closed.formUnion(
                try await shutOut(reached.filter { !closed.contains($0.key) }, service.id, enforcer)
            )
            note(differences.subtracting(closed), open: found.open, at: service.id)
            remember(reached, closed, at: service.id)
            try await tell(differences, of: service.id)
            try await tellTenants(of: service.id)
        } catch {
            guard !(error is CancellationError) else { return }
            fail(service.id, error)
        }
    }

    private struct Comparison {
        var differences: Set<Difference> = []
        var open: Set<String> = []
        var over: [GrantID: Removal] = [:]
        /// Whose data each difference reaches, where that is known.
        var reached: [Difference: Set<TenantID>] = [:]
    }

    private func compare(_ list: [OpenAccess], _ service: ProtectedService) async throws
        -> Comparison
    {
        let (before, probes) = noteProbes(in: list, at: service.id)
        let names = Set(list.map(\.username)).union(before)
        let standings = try await standings(of: names, at: service)
        var comparison = Comparison()
        var reaches: [Difference: Set<String>] = [:]
        for open in list {
            let (name, oddity) = (open.username, open.oddity)
            func differs(_ kind: Difference.Kind) {
                let difference = Difference(username: name, kind: kind, oddity: oddity)
                comparison.differences.insert(difference)
                reaches[difference, default: []].formUnion(open.reaches)
            }
            switch standings[name] {
            case .open:
                comparison.open.insert(name)
                if oddity != nil { differs(.altered) }
            case .ending, .anothers: break
            case .over(let removal):
                differs(.reopened)
                comparison.over[removal.grant] = removal
            case .unknown, nil: if !probes.contains(name) { differs(.unknown) }
            }
        }
        if needsOpening(service.kind) {
            for name in before.subtracting(list.map(\.username)) {
                guard case .open = standings[name] else { continue }
                comparison.open.insert(name)
                comparison.differences.insert(
                    Difference(username: name, kind: .gone, oddity: nil)
                )
            }
        }
        if !reaches.isEmpty {
            comparison.reached = try await store.read { [reaches] tx, _ in
                try reaches.reduce(into: [:]) { reached, next in
                    reached[next.key] = try next.key.tenants(
                        standings[next.key.username],
                        reaching: next.value,
                        at: service,
                        tx
                    )
                }
            }
        }
        return comparison
    }

    /// What was open at the look before, and which of `list` a check has open now.
    private func noteProbes(in list: [OpenAccess], at service: ServiceID) -> (
        before: Set<String>, probes: Set<String>
    ) {
        let now = time.elapsed()
        let names = Set(list.map(\.username).filter { Probe.grant(of: $0) != nil })
        return states.withLock { states in
            var state = states[service] ?? State(at: now)
            let known = state.probes
            state.probes = Dictionary(uniqueKeysWithValues: names.map { ($0, known[$0] ?? now) })
            states[service] = state
            return (state.open, Set(state.probes.filter { now - $0.value < Limits.check }.keys))
        }
    }

    private func standings(of names: Set<String>, at service: ProtectedService) async throws
        -> [String: LoginStanding]
    {
        var standings: [String: LoginStanding] = [:]
        var left = names.sorted()[...]
        while !left.isEmpty {
            let slice = Array(left.prefix(Limits.slice))
            left = left.dropFirst(Limits.slice)
            let read = try await store.read { tx, now in
                try slice.map { try LoginStanding(of: $0, at: service, tx, now) }
            }
            for (name, standing) in zip(slice, read) { standings[name] = standing }
        }
        return standings
    }

    // MARK: - Acting

    /// Ends anew what is Lockbox's own for certain, and gives what is closed.
    private func close(
        _ over: [GrantID: Removal],
        _ differences: Set<Difference>,
        by enforcer: any Enforcer
    ) async -> Set<Difference> {
        var closed: Set<Difference> = []
        for (grant, removal) in over {
            let own = differences.filter { removal.usernames.contains($0.username) }
            guard !own.isEmpty, own.allSatisfy({ $0.kind == .reopened && $0.oddity == nil }) else {
                continue
            }
            self.closed.wrappingAdd(1, ordering: .relaxed)
            var metadata: Logger.Metadata = [
                "service": "\(removal.service)", "grant": "\(grant)",
            ]
            do {
                try await enforcer.cut([removal])
                try await enforcer.close(removal)
                closed.formUnion(own)
                logger.error(
                    "access was open again after its end, and is closed",
                    metadata: metadata
                )
            } catch {
                metadata["cause"] = "\(error.operatorText)"
                logger.error(
                    "access is open again after its end, and could not be closed",
                    metadata: metadata
                )
            }
        }
        return closed
    }

    // MARK: - Telling

    private func note(_ found: Set<Difference>, open: Set<String>, at service: ServiceID) {
        let now = time.elapsed()
        let before = states.withLock { states -> State? in
            guard var state = states[service] else { return nil }
            defer { states[service] = state }
            let before = state
            (state.lookedAt, state.isFailing, state.found, state.open) = (now, false, found, open)
            return before
        }
        guard let before else { return }
        if before.isFailing {
            logger.notice("it can be seen again what is open", metadata: ["service": "\(service)"])
        }
        if !found.subtracting(before.found).isEmpty {
            logger.error(
                "what is open at a service is not what should be",
                metadata: ["service": "\(service)", "differences": "\(Self.words(found))"]
            )
        } else if found.isEmpty, !before.found.isEmpty {
            logger.notice(
                "what is open at a service is what should be again",
                metadata: ["service": "\(service)"]
            )
        }
    }

    /// A letter to the operators, once about each difference.
    private func tell(_ differences: Set<Difference>, of service: ServiceID) async throws {
        let told = states.withLock { $0[service]?.told ?? [] }
        var known = told.intersection(differences)
        let new = differences.subtracting(known)
        if !new.isEmpty {
            let allKnow = try await store.note(for: .ending) { [operators, entropy] tx, now in
                try operators.tell(
                    .drift(service),
                    detail: Self.words(new),
                    at: now,
                    entropy: entropy,
                    in: tx
                )
            }
            if allKnow { known = differences }
        }
        states.withLock { [known] in $0[service]?.told = known }
    }

    private func fail(_ service: ServiceID, _ error: any Error) {
        let begins = states.withLock { states in
            guard states[service]?.isFailing == false else { return false }
            states[service]?.isFailing = true
            return true
        }
        guard begins else { return }
        logger.error(
            "it cannot be seen what is open at a service",
            metadata: ["service": "\(service)", "cause": "\(error.operatorText)"]
        )
    }

    private static func words(_ differences: Set<Difference>) -> String {
        let all = differences.map(\.words).sorted()
        let more = all.count - Limits.named
        return all.prefix(Limits.named).joined(separator: "; ")
            + (more > 0 ? "; and \(more) more" : "")
    }
}
