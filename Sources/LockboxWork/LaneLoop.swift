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
package struct LaneLoop<Work: Job>: ServiceLifecycle.Service {
    private let job: Work
    private let store: AuditedStore
    private let pause: any Pause
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let trouble = Trouble()

    /// `sleep` waits for a duration or until its task is cancelled, and throws then.
    package init(
        _ job: Work,
        store: AuditedStore,
        pause: any Pause,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        logger: Logger
    ) {
        self.job = job
        self.store = store
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
                guard let look = await look() else {
                    wait = Lane.waitAfterFailedLook
                    continue
                }
                for batch in running.begin(look.due, key: job.key) {
                    group.addTask { await carryOut(batch, running) }
                }
                wait = look.wait
            }
            await letFinish(running)
            group.cancelAll()
        }
    }

    private struct Look: Sendable {
        let due: [Work.Item]
        /// Milliseconds until the next look.
        let wait: Int64
    }

    /// Nil if the store cannot be read.
    private func look() async -> Look? {
        do {
            let look = try await store.read(.endingAccess) { tx, now in
                let due = try job.due(at: now, limit: job.lane.seen, in: tx)
                let next = try job.nextDue(in: tx).map { ($0 - now).milliseconds }
                // What is due and has no place yet is looked at again when a place becomes free.
                let wait = next.map { $0 > 0 ? $0 : Lane.longestWait } ?? Lane.longestWait
                return Look(due: due, wait: min(wait, Lane.longestWait))
            }
            if trouble.isOver() { logger.notice("due work can be read again") }
            return look
        } catch {
            if !(error is CancellationError), trouble.begins() {
                logger.error("due work cannot be read", metadata: ["error": "\(error)"])
            }
            return nil
        }
    }

    private func carryOut(_ batch: [Work.Item], _ running: InFlight) async {
        do {
            try await job.carryOut(batch)
        } catch {
            logger.error("due work failed", metadata: ["error": "\(error)"])
            try? await sleep(Lane.waitAfterFailure)  // best effort: only a wait
        }
        running.end(batch.map(job.key))
        // A place is free.
        pause.wake()
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
