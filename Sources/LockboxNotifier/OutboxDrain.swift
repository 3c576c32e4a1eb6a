import LockboxDomain
package import LockboxPorts
package import Logging
import ServiceLifecycle
import Synchronization

/// Sends what the outbox holds, and writes down what became of it.
///
/// A letter is sent first and recorded after. A crash in between, or an answer that got lost, sends
/// it again under the same message identifier; nothing is ever lost for the sake of not sending
/// twice.
package final class OutboxDrain: ServiceLifecycle.Service {
    private let store: any Store
    private let mailer: any Mailer
    private let clock: any WallClock
    private let letters: Letters
    private let undeliverable: any UndeliverableRecorder
    private let limits: NotifierLimits
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    /// Letters on their way. The store still has them as due.
    private let inFlight = Mutex<Set<NoticeID>>([])
    /// Whether the last look at the store failed, so that trouble is logged when it begins and not
    /// four times a second.
    private let inTrouble = Atomic(false)

    /// `sleep` waits for a duration or until its task is cancelled, and throws then.
    package init(
        store: any Store,
        mailer: any Mailer,
        clock: any WallClock,
        letters: Letters,
        undeliverable: any UndeliverableRecorder,
        limits: NotifierLimits = NotifierLimits(),
        logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.mailer = mailer
        self.clock = clock
        self.letters = letters
        self.undeliverable = undeliverable
        self.limits = limits
        self.sleep = sleep
        self.logger = logger
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that there may be something to send now.
    package func poke() { waker.yield() }

    /// Runs until shutdown or cancellation. Once for each drain.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            for await _ in wakes.cancelOnGracefulShutdown() {
                for notice in await takeDue() { group.addTask { await self.deliver(notice) } }
            }
            await letInFlightLand()
            group.cancelAll()
        }
    }

    /// Time of day may jump, and other processes write too, so the outbox is looked at often rather
    /// than slept towards.
    private func tick() async {
        poke()
        while !Task.isCancelled {
            do { try await sleep(limits.pollInterval) } catch { return }
            poke()
        }
    }

    /// Letters that were cut off would go out twice; those that hang are cut off all the same.
    private func letInFlightLand() async {
        let step = Duration.milliseconds(20)
        var waited = Duration.zero
        while waited < limits.shutdownPatience, inFlight.withLock({ !$0.isEmpty }) {
            do { try await sleep(step) } catch { return }
            waited += step
        }
    }

    /// Due letters for as many places as are free, marked as on their way.
    private func takeDue() async -> [Notice] {
        let busy = inFlight.withLock { $0 }
        let free = limits.concurrentLetters - busy.count
        guard free > 0 else { return [] }
        let now = clock.now()
        do {
            // Those on their way are still due in the store, and first in line.
            let due = try await store.read { tx in
                try tx.noticesDue(at: now, limit: free + busy.count)
            }
            if inTrouble.exchange(false, ordering: .relaxed) {
                logger.notice("the outbox is readable again")
            }
            let taken = due.filter { !busy.contains($0.id) }.prefix(free)
            inFlight.withLock { $0.formUnion(taken.map(\.id)) }
            return Array(taken)
        } catch is CancellationError {
            return []
        } catch {
            if !inTrouble.exchange(true, ordering: .relaxed) {
                logger.error("the outbox cannot be read", metadata: ["error": "\(error)"])
            }
            return []
        }
    }

    // MARK: - One letter

    private func deliver(_ notice: Notice) async {
        await settle(notice, attempt(notice))
        inFlight.withLock { _ = $0.remove(notice.id) }
        // Its place is free.
        poke()
    }

    private func attempt(_ notice: Notice) async -> Attempt {
        let now = clock.now()
        if let goodUntil = notice.goodUntil, now >= goodUntil { return .tooLate }
        do {
            let receipt = try await mailer.send(letters.letter(for: notice, at: now))
            return .sent(receipt.reply)
        } catch {
            return Attempt(error)
        }
    }

    /// Writes the outcome down, trying until the store takes it: a letter that was sent must not go
    /// out again because the store was away for a moment. A crash before this is done sends the
    /// letter again.
    private func settle(_ notice: Notice, _ outcome: Attempt) async {
        let settlement = Settlement(of: notice, outcome, at: clock.now(), limits: limits)
        var failures = 0
        while true {
            do {
                try await write(settlement)
                logger.info("\(settlement.logLine)", metadata: settlement.metadata)
                return
            } catch {
                failures += 1
                if failures == 1 {
                    logger.error(
                        "a letter's outcome cannot be written down yet",
                        metadata: settlement.metadata.merging(["error": "\(error)"]) { $1 }
                    )
                }
            }
            do { try await sleep(limits.pollInterval) } catch { return }
        }
    }

    private func write(_ settlement: Settlement) async throws {
        switch settlement.notice.delivery {
        case .refused:
            try await undeliverable.record { tx in
                guard try settlement.apply(in: tx) else { return nil }
                let notice = settlement.notice
                return UndeliverableNotice(
                    tenant: notice.tenant,
                    request: notice.request,
                    recipient: notice.recipient,
                    kind: notice.kind.rawValue
                )
            }
        case .queued, .sent, .cancelled:
            try await store.write { tx in _ = try settlement.apply(in: tx) }
        }
    }
}
