import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Synchronization

/// The clock of one process: the true time, and by how much its machine is off.
final class SimulatedClock: WallClock {
    private let scheduler: Scheduler
    private let offset: Mutex<Int64>
    private let latest = Mutex(Fixture.now)

    init(_ scheduler: Scheduler, offBy offset: Int64) {
        self.scheduler = scheduler
        self.offset = Mutex(offset)
    }

    /// What time it truly is.
    static func instant(_ milliseconds: Int64) -> Timestamp {
        Fixture.now + TimeSpan(milliseconds: milliseconds)
    }

    func now() -> Timestamp {
        let shown = Self.instant(scheduler.now + offset.withLock { $0 })
        return latest.withLock { latest in
            latest = max(latest, shown)
            return latest
        }
    }

    var step: TimeSpan? { nil }
    var ahead: TimeSpan { .zero }
}

/// How much time has passed, whatever the clocks show.
struct SimulatedMonotonicClock: MonotonicClock {
    let scheduler: Scheduler

    func elapsed() -> Duration { .milliseconds(scheduler.now) }
}
