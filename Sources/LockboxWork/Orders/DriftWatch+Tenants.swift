import LockboxAudit
import LockboxDomain
import LockboxPorts
import Logging
import Synchronization

/// What of what differs at one service tenants were told, each thing once while it is there.
struct ToldTenants {
    /// When each was seen last.
    private var seen: [UnknownAccess: Duration] = [:]
    /// Seen, and not told yet.
    private var untold: [UnknownAccess] = []
    /// Since when this process looks.
    private let since: Duration

    init(since: Duration) { self.since = since }

    mutating func see(_ found: [UnknownAccess], at now: Duration) {
        seen = seen.filter { now - $0.value < DriftWatch.Limits.absence }
        for access in found where seen.updateValue(now, forKey: access) == nil {
            untold.append(access)
        }
    }

    /// The next that are to be told.
    var next: [UnknownAccess] { Array(untold.prefix(DriftWatch.Limits.named)) }

    mutating func told(_ accesses: [UnknownAccess]) {
        untold.removeAll { accesses.contains($0) }
    }

    /// For how long it counts what the log says: a process that begins knows of nothing that was told
    /// before.
    func memory(at now: Duration) -> TimeSpan {
        let absence = DriftWatch.Limits.absence
        return now - since < absence
            ? DriftWatch.Limits.remembered
            : TimeSpan(milliseconds: absence.components.seconds * 1000)
    }
}

extension DriftWatch {
    /// Shuts out what nobody granted and a tenant wants closed whose data it reaches; gives what the
    /// service shows no more.
    func shutOut(
        _ reached: [Difference: Set<TenantID>],
        _ service: ServiceID,
        _ enforcer: any Enforcer
    ) async throws -> Set<Difference> {
        let candidates = reached.filter { $0.key.canBeShutOut && !$0.value.isEmpty }
        guard !candidates.isEmpty else { return [] }
        let wanted = try await store.read { tx, _ in
            try candidates.filter { _, tenants in
                try tenants.contains { try tx.tenant($0)?.policy.closesUnknownAccess == true }
            }
        }
        let names = Set(wanted.keys.map(\.username))
        guard !names.isEmpty else { return [] }
        for name in names.sorted() {
            var metadata: Logger.Metadata = [
                "service": "\(service)", "login": "\(String(reflecting: name))",
            ]
            do {
                try await enforcer.shutOut(name)
                logger.error("access that nobody granted was shut out", metadata: metadata)
            } catch {
                metadata["cause"] = "\(error.operatorText)"
                logger.error("access that nobody granted could not be shut out", metadata: metadata)
            }
        }
        do {
            let left = Set(try await enforcer.list().map(\.username))
            return Set(wanted.keys.filter { !left.contains($0.username) })
        } catch {
            // It was seen open last: nothing says that it is closed.
            return []
        }
    }

    func remember(
        _ reached: [Difference: Set<TenantID>],
        _ closed: Set<Difference>,
        at service: ServiceID
    ) {
        let found = reached.flatMap { difference, tenants in
            tenants.compactMap {
                difference.unknownAccess($0, at: service, isClosed: closed.contains(difference))
            }
        }
        let now = time.elapsed()
        states.withLock { states in
            states[service]?.tenants.see(
                found.sorted { $0.loginName < $1.loginName },
                at: now
            )
        }
    }

    /// A record in the log of each tenant, and with it a letter, some at a time. A crash before it is
    /// written loses nothing of what is open still, for the next process finds it; of what was closed
    /// meanwhile the server's log says so.
    func tellTenants(of service: ServiceID) async throws {
        guard let told = states.withLock({ $0[service]?.tenants }), !told.next.isEmpty else {
            return
        }
        let (next, memory) = (told.next, told.memory(at: time.elapsed()))
        try await store.write(by: .system, for: .ending) { change in
            for found in next
            where try !found.isRecorded(since: change.now - memory, in: change.tx) {
                change.emit(.access(.unknownFound(found)))
            }
        }
        states.withLock { $0[service]?.tenants.told(next) }
    }
}
