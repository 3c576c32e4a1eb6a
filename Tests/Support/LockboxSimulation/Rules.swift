import LockboxDecisions
import LockboxDomain

/// What must hold of access whatever fails.
enum Rules {
    /// How long a service waits for an answer, in milliseconds.
    static let answerPatience: Int64 = 1000
    /// By how much the clocks of two processes differ at the most.
    static let skew: Int64 = 200
    /// From the end of access until the last session is cut, where everything works.
    static let bound: Int64 = 1000
    /// For how long everything must have worked, so that a lease can be taken over and what failed
    /// be tried again.
    static let recovery: Int64 = 6000

    /// A service let somebody in.
    static func letIn(_ credential: Credential, at now: Int64, _ truth: Truth) {
        guard let access = truth.access(credential.grant) else {
            return truth.violated("let in under \(credential.grant), which nobody granted")
        }
        let instant = SimulatedClock.instant(now).milliseconds
        // An answer may be as old as memory may be, and as late as a service waits for it.
        let late = DecisionIndex.freshness.milliseconds + answerPatience + skew
        if instant + skew < access.starts || instant > access.ends + answerPatience + skew {
            truth.violated("let in under \(credential.grant) outside its window")
        }
        if let ended = access.endedEarly, now > ended + late {
            truth.violated("let in under \(credential.grant), \(now - ended) ms after its end")
        }
    }

    /// While everything works, no session outlives its access by more than the bound.
    static func check(
        _ sessions: [SimulatedMailbox.Session],
        at now: Int64,
        workingSince: Int64,
        _ truth: Truth
    ) {
        for session in sessions {
            guard let access = truth.access(session.grant) else { continue }
            let planned = access.ends - SimulatedClock.instant(0).milliseconds
            let end = min(planned, access.endedEarly ?? planned)
            if now > max(end, workingSince + recovery) + bound + skew {
                truth.violated("\(session.username) is open \(now - end) ms after its end")
            }
        }
    }

    /// No letter goes out twice but where something went wrong since it did.
    static func check(_ letters: [SimulatedRelay.Letter], troubles: [Range<Int64>], _ truth: Truth)
    {
        var last: [String: Int64] = [:]
        for letter in letters {
            if let before = last[letter.messageID] {
                let since = before - outcomePatience..<letter.takenAt + 1
                if !troubles.contains(where: { $0.overlaps(since) }) {
                    truth.violated(
                        "\(letter.messageID) was sent at \(before) and \(letter.takenAt)"
                    )
                }
            }
            last[letter.messageID] = letter.takenAt
        }
    }

    /// How long an attempt may take until its outcome is written down, in milliseconds.
    private static let outcomePatience: Int64 = 1000
}
