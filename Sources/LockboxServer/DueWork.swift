import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxNotifier
import LockboxPorts
import LockboxService
import LockboxWork
import Logging
import ServiceLifecycle

/// The lanes of due work of one process, with the pauses between their looks.
struct DueWork: Sendable {
    let waker: LaneWaker
    private let pauses = Pauses()
    private let first: FirstActions
    private let holder: ID<WorkProcess>
    private let time: any MonotonicClock

    private struct Pauses: Sendable {
        let memory = SystemPause()
        let late = SystemPause()
        let drift = SystemPause()
        let expiry = SystemPause()
        let cut = SystemPause()
        let orders = SystemPause()
        let mail = SystemPause()
        let retention = SystemPause()
        let operations = SystemPause()
    }

    init(entropy: any Entropy, time: any MonotonicClock) {
        holder = entropy.id()
        self.time = time
        first = FirstActions(time: time)
        waker = LaneWaker(
            expiry: pauses.expiry,
            cut: pauses.cut,
            orders: pauses.orders,
            mail: pauses.mail,
            first: first
        )
    }

    /// To be made before the store is: it listens to its commits.
    func lateLooks(_ enforcers: any EnforcerDirectory, _ logger: Logger) -> LateLooks {
        LateLooks(enforcers: enforcers, time: time, pause: pauses.late, logger: logger)
    }

    func drift(_ parts: Parts) -> DriftWatch {
        DriftWatch(
            store: parts.store,
            needsOpening: { [kinds = parts.kinds] in kinds[$0]?.needsOpening ?? false },
            enforcers: parts.enforcers,
            operators: parts.operators,
            entropy: parts.entropy,
            time: time,
            pause: pauses.drift,
            logger: parts.logger
        )
    }

    /// Access ended, and may not be written down yet.
    func endAsked() { pauses.memory.wake() }

    /// What the lanes are made of.
    struct Parts {
        let index: DecisionIndex
        let lockbox: Lockbox
        let store: AuditedStore
        let kinds: ServiceKinds
        let enforcers: any EnforcerDirectory
        let mailer: any Mailer
        let letters: Letters
        let operators: Operators
        let entropy: any Entropy
        let clock: any WallClock
        let logger: Logger
    }

    /// One loop for each lane. Ending access needs no lease; settling its end, sending letters
    /// and removing what is kept no longer are one process's at a time (decision 0017).
    func lanes(_ parts: Parts) -> [any Service] {
        let mail = MailJob(
            store: parts.store,
            mailer: parts.mailer,
            clock: parts.clock,
            letters: parts.letters,
            operators: parts.operators,
            entropy: parts.entropy,
            logger: parts.logger,
            sleep: SystemPause.sleep
        )
        let cut = CutJob(
            store: parts.store,
            enforcers: parts.enforcers,
            first: first,
            logger: parts.logger
        ) { [orders = pauses.orders] in orders.wake() }
        let orders = RemovalJob(
            store: parts.store,
            enforcers: parts.enforcers,
            first: first,
            logger: parts.logger
        )
        let memory = CutFromMemory(
            index: parts.index,
            enforcers: parts.enforcers,
            first: first,
            clock: parts.clock,
            time: time,
            pause: pauses.memory,
            logger: parts.logger
        ) { [cut = pauses.cut] in cut.wake() }
        let retention = RetentionJob(
            store: parts.store,
            clock: parts.clock,
            logger: parts.logger,
            sleep: SystemPause.sleep
        )
        return [
            memory,
            loop(ExpiryJob(lockbox: parts.lockbox), pauses.expiry, parts),
            loop(OperationsJob(lockbox: parts.lockbox), pauses.operations, parts),
            loop(cut, pauses.cut, parts),
            loop(orders, pauses.orders, parts, isLeased: true),
            loop(mail, pauses.mail, parts, isLeased: true),
            loop(retention, pauses.retention, parts, isLeased: true),
        ]
    }

    private func loop<Work: Job>(
        _ job: Work,
        _ pause: any Pause,
        _ parts: Parts,
        isLeased: Bool = false
    ) -> LaneLoop<Work> {
        LaneLoop(
            job,
            store: parts.store,
            lease: isLeased ? Lease(lane: job.lane.name, holder: holder, time: time) : nil,
            pause: pause,
            sleep: SystemPause.sleep,
            logger: parts.logger
        )
    }
}
