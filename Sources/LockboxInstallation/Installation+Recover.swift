import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxServer
import LockboxService

extension Installation {
    /// Takes a database that does not go on from what was signed, opened alone: ends all that is open
    /// in it, and records that in each log. The same where the key that signed is lost. Says what is
    /// lost. Throws, and changes nothing, where nothing is.
    package func recover(reason: String) async throws -> [String] {
        let reason = try Text.check(
            reason,
            field: "reason",
            length: Limits.commentLength,
            multiline: true
        )
        let breaks = try await continuity.breaks()
        let isKeyKnown = try await server.log.isKeyKnown()
        guard !breaks.isEmpty || !isKeyKnown else {
            throw ConfigurationError(
                "nothing to recover: the database goes on from what was signed of its logs"
            )
        }
        let recoveries = try await continuity.recoveries(from: breaks, reason: reason)
        try await server.lockbox.recoverLogs(recoveries)
        // A crash before this leaves a database that is refused still; the same again records it a
        // second time, and nothing else.
        try await continuity.keepOnlyPresentHeads()
        try await server.log.signHeads()
        return breaks.map(\.description) + (isKeyKnown ? [] : ["another key signs from now on"])
    }
}
