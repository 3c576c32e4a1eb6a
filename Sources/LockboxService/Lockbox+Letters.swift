import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// Says which letters the caller does not want from now on. Nobody does that for somebody else.
    package func changeMutedLetters(to muted: MutedLetters, by caller: Person) async throws
        -> Person
    {
        try await changeSettings(by: caller) { change, count in
            let before = try change.tx.current(caller)
            guard muted != before.mutedLetters else { return before }
            try count.addSettings(of: before, takesAway: false, at: change.now)
            var after = before
            after.mutedLetters = muted
            try change.update(before, to: after)
            return after
        }
    }

    /// Says in which time zone the caller reads times from now on; nil for none in particular. Nobody
    /// does that for somebody else.
    package func changeTimeZone(to zone: TimeZoneName?, by caller: Person) async throws {
        try await changeSettings(by: caller) { change, count in
            let before = try change.tx.current(caller)
            guard zone != before.timeZone else { return }
            try count.addSettings(of: before, takesAway: false, at: change.now)
            var after = before
            after.timeZone = zone
            try change.update(before, to: after)
        }
    }
}
