package import LockboxAudit
package import LockboxDomain
package import LockboxNotifier
package import LockboxPorts
package import Logging

/// Sends what the outbox holds, and writes down what became of it.
///
/// That an attempt begins is written down first, then the letter is sent, then what became of it. A
/// crash in between, or an answer that got lost, sends it again under the same message identifier;
/// while the letter is right it is not lost for the sake of not sending twice, and what may have left
/// is never called cancelled.
package struct MailJob: Job {
    private let store: AuditedStore
    private let mailer: any Mailer
    private let clock: any WallClock
    private let letters: Letters
    private let operators: Operators
    private let entropy: any Entropy
    private let limits: MailLimits
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    /// `sleep` waits for a duration or until its task is cancelled, and throws then.
    package init(
        store: AuditedStore,
        mailer: any Mailer,
        clock: any WallClock,
        letters: Letters,
        operators: Operators = Operators([]),
        entropy: any Entropy,
        limits: MailLimits = MailLimits(),
        logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.store = store
        self.mailer = mailer
        self.clock = clock
        self.letters = letters
        self.operators = operators
        self.entropy = entropy
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
            guard let letter = try await begin(notice) else { continue }
            await settle(notice, await attempt(letter, under: claim), under: claim)
        }
    }

    /// In one write: whether the letter is still right, and that an attempt begins. Nil where none
    /// does. Letters that begin at once share one wait for the disk. A crash after this sends the
    /// letter at the next start, for the first or the second time, if it is right then too.
    private func begin(_ read: Notice) async throws -> Letter? {
        try await store.note(for: .ending) { [letters, limits, entropy] tx, now in
            guard var notice = try tx.notice(read.id), notice.delivery == .queued else {
                return nil
            }
            switch try notice.standing(at: now, in: tx) {
            case .right(let recipient, let earlier):
                guard try tx.beginNotice(notice.id, at: now) else { return nil }
                return letters.letter(for: notice, to: recipient, after: earlier, at: now)
            case .notYet:
                notice.nextAttempt = now + limits.waitForEarlier
                try tx.update(notice)
                return nil
            case .over:
                notice.drop()
                try tx.update(notice)
                return nil
            case .tooMany:
                try notice.leaveOut(at: now, entropy: entropy, in: tx)
                return nil
            }
        }
    }

    private func attempt(_ letter: Letter, under claim: Claim) async -> Attempt {
        do {
            return .sent(try await mailer.send(letter) { claim.isGood }.reply)
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
                logger.log(
                    level: settlement.logLevel,
                    "\(settlement.logLine)",
                    metadata: settlement.metadata
                )
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
        case .refused, .unconfirmed, .bounced:
            try await store.write(by: .system, for: .ending) { [operators, entropy] change in
                guard try settlement.apply(in: change.tx, under: claim) else { return }
                try change.giveUp(settlement.notice, operators, entropy)
            }
        case .queued, .sent, .cancelled, .leftOut:
            try await store.note(for: .ending) { [operators, entropy] tx, now in
                guard try settlement.apply(in: tx, under: claim), settlement.needsOperator else {
                    return
                }
                try operators.tell(
                    .relayRefuses,
                    detail: settlement.notice.lastReply,
                    at: now,
                    entropy: entropy,
                    in: tx
                )
            }
        }
    }
}

extension Change {
    /// A letter will not arrive: for the log, and for those who can do something about it.
    mutating func giveUp(
        _ notice: Notice,
        wasToFormerAddress: Bool = false,
        _ operators: Operators,
        _ entropy: any Entropy
    ) throws {
        if !notice.tellsOfGivenUpLetter {
            try operators.tell(
                .letterGivenUp,
                detail: notice.lastReply,
                at: now,
                entropy: entropy,
                in: tx
            )
        }
        // What the operators do not get is no customer's affair.
        guard let tenant = notice.tenant, let recipient = notice.recipient else { return }
        emit(
            .request(
                .noticeUndeliverable(
                    UndeliverableNotice(
                        tenant: tenant,
                        request: notice.request,
                        recipient: recipient,
                        kind: notice.kind.rawValue,
                        reply: notice.lastReply,
                        wasToFormerAddress: wasToFormerAddress
                    )
                )
            )
        )
    }
}
