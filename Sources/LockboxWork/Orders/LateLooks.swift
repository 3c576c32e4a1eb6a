import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import Logging
import ServiceLifecycle
import Synchronization

/// Looks at a service once more some minutes after it confirmed a removal: a sign-in that waited
/// there for a free process for longer than a removal settles could have become a session since.
///
/// What waits for its look is kept in memory: a restart loses it, and with it only this second pair
/// of eyes.
package final class LateLooks: Service, CommitListener {
    package enum Limits {
        /// From the confirmation to the look.
        package static let after = Duration.seconds(180)
        /// Milliseconds between two rounds.
        static let interval: Int64 = 5000
        static let kept = 10_000
    }

    private struct Waiting {
        let removal: Removal
        let due: Duration
    }

    private let enforcers: any EnforcerDirectory
    private let time: any MonotonicClock
    private let pause: any Pause
    private let logger: Logger
    private let waiting = Mutex<[Waiting]>([])
    private let found = Atomic(0)

    package init(
        enforcers: any EnforcerDirectory,
        time: any MonotonicClock,
        pause: any Pause,
        logger: Logger
    ) {
        self.enforcers = enforcers
        self.time = time
        self.pause = pause
        self.logger = logger
    }

    /// Sessions that were found late since the start of the process.
    package var sessionsFound: Int { found.load(ordering: .relaxed) }

    package func committed(_ events: [Event]) async {
        for case .access(.removalConfirmed(let removal)) in events {
            let due = time.elapsed() + Limits.after
            waiting.withLock { waiting in
                guard waiting.count < Limits.kept else { return }
                waiting.append(Waiting(removal: removal, due: due))
            }
        }
    }

    package func run() async {
        while await pause(milliseconds: Limits.interval) {
            let now = time.elapsed()
            let due = waiting.withLock { waiting in
                let due = waiting.prefix { $0.due <= now }
                waiting.removeFirst(due.count)
                return due.map(\.removal)
            }
            // One that hangs holds up no other.
            await withDiscardingTaskGroup { group in
                for (service, removals) in Dictionary(grouping: due, by: \.service) {
                    group.addTask { await self.look(at: service, removals) }
                }
            }
        }
    }

    private func look(at service: ServiceID, _ removals: [Removal]) async {
        do {
            guard let enforcer = try enforcers.rememberedEnforcer(of: service) else { return }
            let open = Set(try await enforcer.list().map(\.username))
            let late = removals.filter { !open.isDisjoint(with: $0.usernames) }
            guard !late.isEmpty else { return }
            found.wrappingAdd(late.count, ordering: .relaxed)
            logger.error(
                "sessions are open again after their removal was confirmed",
                metadata: [
                    "service": "\(service)", "grants": "\(late.map(\.grant.text))",
                ]
            )
            try await enforcer.cut(late)
            for removal in late { try await enforcer.close(removal) }
        } catch {
            logger.error(
                "a service could not be looked at once more",
                metadata: ["service": "\(service)", "cause": "\(error.operatorText)"]
            )
        }
    }
}
