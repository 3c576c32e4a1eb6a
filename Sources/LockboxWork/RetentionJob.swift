package import LockboxAudit
package import LockboxDomain
package import LockboxPorts
package import LockboxService
package import Logging
import Synchronization

/// Removes what is only bookkeeping once it is kept no longer, and texts of logs that their tenant's
/// rules keep no longer: in rounds, each of small writes with
/// pauses between them, so that whoever ends something meanwhile waits for one of them at most.
///
/// Nothing depends on it: what is over is over whether its row is there or not. So it gives way to
/// everything: a round ends where writing is in trouble, and the next one goes on.
package final class RetentionJob: Job {
    package enum Round: Sendable {
        /// Everything that is over.
        case whole
    }

    /// Rows in one write.
    package static let batch = 500
    /// Between two rounds, and before the first after a start.
    package static let rest = TimeSpan.hours(1)
    package static let restAfterStart = TimeSpan.minutes(5)
    static let gap = Duration.milliseconds(100)

    package let lane = Lane(name: "retention", parallel: 1, seen: 1)

    private let lockbox: Lockbox
    private let store: AuditedStore
    private let files: (any StoreFiles)?
    private let clock: any WallClock
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let next = Mutex<Timestamp?>(nil)

    /// `sleep` waits for a duration or until its task is cancelled, and throws then. `files` are where
    /// the store keeps what was removed until it writes over it; nil where it keeps none.
    package init(
        lockbox: Lockbox,
        store: AuditedStore,
        files: (any StoreFiles)?,
        clock: any WallClock,
        logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.lockbox = lockbox
        self.store = store
        self.files = files
        self.clock = clock
        self.logger = logger
        self.sleep = sleep
    }

    package func due(at now: Timestamp, limit: Int, in tx: any StoreTransaction) throws -> [Round] {
        let begin = next.withLock { next in
            let begin = next ?? now + Self.restAfterStart
            next = begin
            return begin
        }
        return now < begin ? [] : [.whole]
    }

    package func nextDue(in tx: any StoreTransaction) throws -> Timestamp? {
        next.withLock { $0 }
    }

    package func key(of round: Round) -> WorkKey { WorkKey(item: "a round") }

    package func carryOut(_ rounds: [Round], under claim: Claim) async throws {
        // However it ends: what is left waits for the next round.
        defer { next.withLock { $0 = clock.now() + Self.rest } }
        for leftover in Leftover.allCases {
            var removed: Int
            repeat {
                guard goesOn(under: claim) else { return }
                do {
                    removed = try await remove(leftover, under: claim)
                } catch is WriteHeldBack {
                    return
                }
                if removed > 0 {
                    logger.info(
                        "removed what is kept no longer",
                        metadata: ["what": "\(leftover.rawValue)", "rows": "\(removed)"]
                    )
                }
                try await sleep(Self.gap)
            } while removed == Self.batch
        }
        try await eraseOldTexts(under: claim)
        await clearFiles()
    }

    private func eraseOldTexts(under claim: Claim) async throws {
        for tenant in try await lockbox.tenantsWithRetention() {
            var erased: ErasedTexts
            repeat {
                guard goesOn(under: claim) else { return }
                do {
                    erased = try await lockbox.eraseOldTexts(of: tenant) { tx in
                        try claim.stands(in: tx)
                    }
                } catch is WriteHeldBack {
                    return
                }
                if erased.texts > 0 {
                    logger.info(
                        "erased texts of a log that its tenant keeps no longer",
                        metadata: ["tenant": "\(tenant)", "texts": "\(erased.texts)"]
                    )
                }
                try await sleep(Self.gap)
            } while erased.texts > 0
        }
    }

    /// What was removed and erased since the last round is written over. Where readers are in the way
    /// the next round does it.
    private func clearFiles() async {
        do {
            try await files?.clear()
        } catch {
            logger.warning(
                "what was removed is still in the database's files; the next round tries again",
                metadata: ["error": "\(error)"]
            )
        }
    }

    private func goesOn(under claim: Claim) -> Bool { claim.isGood && store.isWritingWell }

    private func remove(_ leftover: Leftover, under claim: Claim) async throws -> Int {
        try await store.note(for: .tidying) { tx, now in
            guard try claim.stands(in: tx) else { return 0 }
            return try tx.remove(
                leftover,
                overAt: now - leftover.kept,
                limit: Self.batch
            )
        }
    }
}

extension Leftover {
    /// For how long after it is over.
    fileprivate var kept: TimeSpan {
        switch self {
        case .commands: Limits.commandsKept
        case .tokens: Limits.tokensKept
        case .loginRequests: Limits.loginRequestsKept
        case .invitations: Limits.invitationsKept
        case .letters: Limits.lettersKept
        // Nobody asks for them any more.
        case .sessions, .signInClients, .browserCodes: .zero
        }
    }
}
