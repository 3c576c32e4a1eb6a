package import LockboxAudit
package import LockboxDomain
package import LockboxNotifier
package import LockboxPorts
package import Logging

/// Sends what the outbox holds, and writes down what became of it.
///
/// That an attempt begins is written down first, then the letter is sent, then what became of it. A
/// crash in between, or an answer that got lost, sends it again under the same message identifier;
/// nothing is ever lost for the sake of not sending twice, and what may have left is never called
/// cancelled.
package struct MailJob: Job {
    private let store: AuditedStore
    private let mailer: any Mailer
    private let clock: any WallClock
    private let letters: Letters
    private let limits: MailLimits
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    /// `sleep` waits for a duration or until its task is cancelled, and throws then.
    package init(
        store: AuditedStore,
        mailer: any Mailer,
        clock: any WallClock,
        letters: Letters,
        limits: MailLimits = MailLimits(),
        logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.mailer = mailer
        self.clock = clock
        self.letters = letters
        self.limits = limits
        self.logger = logger
        self.sleep = sleep
    }

    package var lane: Lane {
        Lane(
            .mail,
            parallel: limits.concurrentLetters,
            seen: 2 * limits.concurrentLetters,
            stopPatience: limits.stopPatience
        )
    }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws
        -> [Notice]
    {
        try tx.noticesDue(at: now, limit: limit)
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        try tx.nextNoticeAttempt()
    }

    package func key(of notice: Notice) -> WorkKey { WorkKey(item: notice.id.text) }

    package func carryOut(_ notices: [Notice], under claim: Claim) async throws {
        for notice in notices where claim.isGood {
            if isOver(notice) {
                await settle(notice, .tooLate, under: claim)
            } else if try await begin(notice) {
                await settle(notice, await attempt(notice, under: claim), under: claim)
            }
        }
    }

    /// What may have left is sent again even then, so that it is known to be sent.
    private func isOver(_ notice: Notice) -> Bool {
        guard let goodUntil = notice.goodUntil, notice.begunAt == nil else { return false }
        return clock.now() >= goodUntil
    }

    /// Letters that begin at once share one wait for the disk. A crash after this sends the letter
    /// at the next start, for the first or the second time. False where it was cancelled meanwhile.
    private func begin(_ notice: Notice) async throws -> Bool {
        try await store.note(for: .ending) { tx, now in try tx.beginNotice(notice.id, at: now) }
    }

    private func attempt(_ notice: Notice, under claim: Claim) async -> Attempt {
        let now = clock.now()
        do {
            let receipt = try await mailer.send(letters.letter(for: notice, at: now)) {
                claim.isGood
            }
            return .sent(receipt.reply)
        } catch {
            return Attempt(error)
        }
    }

    /// Writes the outcome down, trying until the store takes it: a letter that was sent must not go
    /// out again because the store was away for a moment. A crash before this is done sends the
    /// letter again.
    private func settle(_ notice: Notice, _ attempt: Attempt, under claim: Claim) async {
        let settlement = Settlement(of: notice, attempt, at: clock.now(), limits: limits)
        var failures = 0
        while true {
            do {
                try await write(settlement, under: claim)
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
            do { try await sleep(limits.outcomeRetry) } catch { return }
        }
    }

    private func write(_ settlement: Settlement, under claim: Claim) async throws {
        switch settlement.notice.delivery {
        case .refused:
            try await store.write(by: .system, for: .ending) { change in
                guard try settlement.apply(in: change.tx, under: claim) else { return }
                let notice = settlement.notice
                change.emit(
                    .request(
                        .noticeUndeliverable(
                            UndeliverableNotice(
                                tenant: notice.tenant,
                                request: notice.request,
                                recipient: notice.recipient,
                                kind: notice.kind.rawValue
                            )
                        )
                    )
                )
            }
        case .queued, .sent, .cancelled:
            try await store.note(for: .ending) { tx, _ in
                _ = try settlement.apply(in: tx, under: claim)
            }
        }
    }
}
