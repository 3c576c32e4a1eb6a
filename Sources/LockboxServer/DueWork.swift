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
        let witnesses = SystemPause()
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

    func drift(_ parts: Parts, _ operators: Operators) -> DriftWatch {
        DriftWatch(
            store: parts.store,
            own: parts.own,
            needsOpening: { [kinds = parts.kinds] in kinds[$0]?.needsOpening ?? false },
            enforcers: parts.enforcers,
            operators: operators,
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
        let files: (any StoreFiles)?
        /// Which orders are this process's.
        let own: OwnOrders
        let kinds: ServiceKinds
        let enforcers: any EnforcerDirectory
        let entropy: any Entropy
        let clock: any WallClock
        let logger: Logger
    }

    /// What letters are sent with.
    struct Post {
        let mailer: any Mailer
        let letters: Letters
        let operators: Operators
    }

    /// What ends access, and writes down what was done with it: one loop for each lane. Ending needs
    /// no lease; settling the end is one process's at a time (decision 0017).
    func ending(_ parts: Parts) -> [any Service] {
        let cut = CutJob(
            store: parts.store,
            own: parts.own,
            enforcers: parts.enforcers,
            first: first,
            logger: parts.logger
        ) { [orders = pauses.orders] in orders.wake() }
        let orders = RemovalJob(
            store: parts.store,
            own: parts.own,
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
        return [
            memory,
            loop(ExpiryJob(lockbox: parts.lockbox), pauses.expiry, parts),
            loop(OperationsJob(lockbox: parts.lockbox), pauses.operations, parts),
            loop(cut, pauses.cut, parts),
            loop(orders, pauses.orders, parts, isLeased: true),
        ]
    }

    /// Sending letters, and removing what is kept no longer: one process's at a time.
    func bookkeeping(_ parts: Parts, _ post: Post) -> [any Service] {
        let mail = MailJob(
            store: parts.store,
            mailer: post.mailer,
            clock: parts.clock,
            letters: post.letters,
            operators: post.operators,
            entropy: parts.entropy,
            logger: parts.logger,
            sleep: SystemPause.sleep
        )
        let retention = RetentionJob(
            lockbox: parts.lockbox,
            store: parts.store,
            files: parts.files,
            clock: parts.clock,
            logger: parts.logger,
            sleep: SystemPause.sleep
        )
        return [
            loop(mail, pauses.mail, parts, isLeased: true),
            loop(retention, pauses.retention, parts, isLeased: true),
        ]
    }

    /// Sending checkpoints to witnesses: one process's at a time. Nothing where there are none.
    func witnessing(_ parts: Parts, _ job: WitnessJob, _ reader: LogReader) -> [any Service] {
        guard !reader.witnesses.isEmpty else { return [] }
        return [loop(job, pauses.witnesses, parts, isLeased: true)]
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
