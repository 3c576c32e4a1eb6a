package import LockboxAudit
import LockboxDomain
package import LockboxPorts
package import Logging
import ServiceLifecycle
import Synchronization

/// The one loop for due work: looks for what is due in a lane, carries it out within the lane's
/// bounds, and waits until the next is due, a write wakes it, or a quarter of a second has passed.
///
/// It decides nothing. Whether access is open, and whether a decision is in time, is judged by the
/// clock where it matters; a late loop neither prolongs nor kills anything.
package struct LaneLoop<Work: Job>: Service {
    private let job: Work
    private let store: AuditedStore
    private let lease: Lease?
    private let pause: any Pause
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let trouble = Trouble()

    /// With a `lease` only the process that holds it carries out anything. `sleep` waits for a
    /// duration or until its task is cancelled, and throws then.
    package init(
        _ job: Work,
        store: AuditedStore,
        lease: Lease? = nil,
        pause: any Pause,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        logger: Logger
    ) {
        self.job = job
        self.store = store
        self.lease = lease
        self.pause = pause
        self.sleep = sleep
        var logger = logger
        logger[metadataKey: "lane"] = "\(job.lane.name)"
        self.logger = logger
    }

    /// Runs until shutdown or cancellation. Once for each loop.
    package func run() async {
        await withDiscardingTaskGroup { group in
            let running = InFlight(job.lane)
            var wait: Int64 = 0
            while await pause(milliseconds: wait) {
                let busy = running.keys
                guard let look = await look(running) else {
                    wait = Lane.waitAfterFailedLook
                    continue
                }
                wait = look.wait
                let ready = job.ready(look.due)
                guard let claim = look.claim else { continue }
                for batch in running.begin(ready, notIn: busy, key: job.key) {
                    group.addTask { await carryOut(batch, claim, running) }
                }
            }
            await letFinish(running)
            group.cancelAll()
        }
        await leave()
    }

    private struct Look: Sendable {
        let due: [Work.Item]
        /// Milliseconds until the next look.
        let wait: Int64
        /// Nil where nothing is due, or another process has the lane.
        var claim: Claim?
    }

    /// Nil if the store cannot be used.
    private func look(_ running: InFlight) async -> Look? {
        do {
            var look = try await store.read(.endingAccess) { tx, now in
                try lease?.observe(in: tx)
                let due = try job.due(at: now, limit: job.lane.seen, in: tx)
                let next = try job.nextDue(in: tx).map { ($0 - now).milliseconds }
                // What is due and has no place yet is looked at again when a place becomes free.
                let wait = next.map { $0 > 0 ? $0 : Lane.longestWait } ?? Lane.longestWait
                return Look(due: due, wait: min(wait, Lane.longestWait))
            }
            // An idle lane writes nothing; one with work renews its lease while that goes on.
            if !look.due.isEmpty || !running.isEmpty {
                look.claim = if let lease { try await lease.claim(in: store) } else { .free }
            }
            if trouble.isOver() { logger.notice("due work can be carried out again") }
            return look
        } catch {
            if !(error is CancellationError), trouble.begins() {
                logger.error("cannot look for due work", metadata: ["error": "\(error)"])
            }
            return nil
        }
    }

    private func carryOut(_ batch: [Work.Item], _ claim: Claim, _ running: InFlight) async {
        do {
            try await job.carryOut(batch, under: claim)
        } catch {
            logger.error("due work failed", metadata: ["error": "\(error)"])
            try? await sleep(Lane.waitAfterFailure)  // best effort: only a wait
        }
        running.end(batch.map(job.key))
        // A place is free.
        pause.wake()
    }

    /// Others need not wait for our silence.
    private func leave() async {
        do {
            try await lease?.release(in: store)
        } catch {
            logger.notice("the lane's lease runs out by itself", metadata: ["error": "\(error)"])
        }
    }

    /// What is cut off is done again after the next start; what hangs is cut off all the same.
    private func letFinish(_ running: InFlight) async {
        var waited = Duration.zero
        while waited < job.lane.stopPatience, !running.isEmpty {
            do { try await sleep(Lane.stopStep) } catch { return }
            waited += Lane.stopStep
        }
    }
}

/// Whether the last look failed, so that trouble is logged when it begins and not four times a
/// second.
private final class Trouble: Sendable {
    private let isOn = Atomic(false)

    func begins() -> Bool { !isOn.exchange(true, ordering: .relaxed) }
    func isOver() -> Bool { isOn.exchange(false, ordering: .relaxed) }
}
