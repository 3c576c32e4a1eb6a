import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService

/// What a yes to a service rests on, from before anything of it was read: while that stays as it was,
/// the same question has the same answer (decision 0048).
struct AnswerGround {
    private let repetition: Repetition
    private let clients: any ServiceClients
    private let index: DecisionIndex
    private let lockbox: Lockbox
    private let clock: any WallClock
    private let versions: (clients: Int, index: Int)

    /// Nil where nobody keeps answers.
    init?(of api: API, _ repetition: Repetition?) {
        guard let repetition else { return nil }
        self.repetition = repetition
        (clients, index, lockbox, clock) = (api.clients, api.index, api.lockbox, api.clock)
        versions = (api.clients.version, api.index.version)
    }

    private func isUnchanged(at now: Timestamp) -> Bool {
        clients.version == versions.clients && index.isUnchanged(since: versions.index, at: now)
    }

    /// The answer may be given again while `credential` is good. Each time is a use of it.
    func allowRepetition(using credential: Credential) {
        repetition.allow {
            lockbox.countUse(of: credential) { credential.covers($0) && isUnchanged(at: $0) }
        }
    }

    /// The answer may be given again until `end`, at a time of day that is not in doubt.
    func allowRepetition(until end: Timestamp) {
        repetition.allow {
            let now = clock.now()
            return clock.step == nil && now < end && isUnchanged(at: now)
        }
    }
}
