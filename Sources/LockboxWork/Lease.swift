package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import Synchronization

/// What this process knows of one lane's lease, and its way to get and keep it.
///
/// No instant of one process is compared with another's clock. A process that holds the lease
/// counts on it for `good` after it last wrote it down, by its own steady time; others take over
/// once they have seen it unchanged for `silence`, by theirs. The latter is longer, so that a holder
/// has stopped beginning anything before another begins.
package final class Lease: Sendable {
    package enum Limits {
        /// The holder writes it down again when this has passed and there is work.
        package static let renewal = Duration.seconds(1)
        package static let good = Duration.milliseconds(2500)
        package static let silence = Duration.seconds(3)
    }

    private struct State {
        /// As the store showed it last, and since when it has looked so.
        var seen: (lease: WorkLease?, since: Duration)?
        /// Our epoch, and the time before it was last written down.
        var held: (epoch: Int64, since: Duration)?
    }

    private let lane: String
    private let holder: ID<WorkProcess>
    private let time: any MonotonicClock
    private let state = Mutex(State())

    package init(lane: String, holder: ID<WorkProcess>, time: any MonotonicClock) {
        self.lane = lane
        self.holder = holder
        self.time = time
    }

    /// Takes note of how the store shows it now.
    package func observe(in tx: any StoreTransaction) throws {
        let lease = try tx.workLease(of: lane)
        let now = time.elapsed()
        state.withLock { state in
            if state.seen.map({ $0.lease != lease }) ?? true { state.seen = (lease, now) }
            if lease?.holder != holder || lease?.epoch != state.held?.epoch { state.held = nil }
        }
    }

    /// The right to carry out work of the lane; nil while another process has it. Writes only when
    /// there is something to renew or to take over.
    package func claim(in store: AuditedStore) async throws -> Claim? {
        let now = time.elapsed()
        let (held, seen) = state.withLock { ($0.held, $0.seen) }
        if let held, now - held.since < Limits.renewal {
            return Claim(lease: self, epoch: held.epoch)
        }
        guard let seen, isFree(seen.lease, silentFor: now - seen.since) else { return nil }
        let (lane, holder) = (lane, holder)
        // A crash after this write leaves the lane to whoever sees our silence.
        let written = try await store.note(for: .ending) { tx, _ -> WorkLease? in
            let stored = try tx.workLease(of: lane)
            guard stored == seen.lease else { return nil }
            let isOurs = stored?.holder == holder
            let next = WorkLease(
                lane: lane,
                holder: holder,
                epoch: (stored?.epoch ?? 0) &+ (isOurs ? 0 : 1),
                beat: (stored?.beat ?? 0) &+ 1
            )
            try tx.save(next)
            return next
        }
        guard let written else { return nil }
        state.withLock { state in
            state.seen = (written, now)
            state.held = (written.epoch, now)
        }
        return Claim(lease: self, epoch: written.epoch)
    }

    /// Leaves the lane to others at once; for stopping.
    package func release(in store: AuditedStore) async throws {
        let held = state.withLock { state in
            defer { state.held = nil }
            return state.held
        }
        guard let held else { return }
        let (lane, holder) = (lane, holder)
        try await store.note(for: .ending) { tx, _ in
            guard var lease = try tx.workLease(of: lane), lease.holder == holder,
                lease.epoch == held.epoch
            else { return }
            lease.holder = nil
            lease.beat = lease.beat &+ 1
            try tx.save(lease)
        }
    }

    private func isFree(_ lease: WorkLease?, silentFor silence: Duration) -> Bool {
        guard let lease, let by = lease.holder else { return true }
        return by == holder || silence >= Limits.silence
    }

    fileprivate func isGood(_ epoch: Int64) -> Bool {
        let now = time.elapsed()
        return state.withLock { state in
            state.held.map { $0.epoch == epoch && now - $0.since < Limits.good } ?? false
        }
    }

    fileprivate func stands(_ epoch: Int64, in tx: any StoreTransaction) throws -> Bool {
        let lease = try tx.workLease(of: lane)
        return lease?.holder == holder && lease?.epoch == epoch
    }
}

/// The right to carry out a piece of work.
package struct Claim: Sendable {
    private let lease: Lease?
    private let epoch: Int64

    fileprivate init(lease: Lease?, epoch: Int64) {
        self.lease = lease
        self.epoch = epoch
    }

    /// For lanes without a lease.
    package static let free = Claim(lease: nil, epoch: 0)

    /// Whether no other process can have begun yet. To be asked before each action outside: a
    /// process that was stopped for a while asks it too late to do harm.
    package var isGood: Bool { lease?.isGood(epoch) ?? true }

    /// Whether the lane is still this process's, in the write that says what became of the work. What
    /// was done stays true without it; what is to be tried again is the new holder's to say.
    package func stands(in tx: any StoreTransaction) throws -> Bool {
        try lease?.stands(epoch, in: tx) ?? true
    }
}
