package import LockboxMail
package import LockboxPorts
import LockboxServer

extension Installation {
    /// What became of a message that came to the address for bounces.
    package enum Bounce: Equatable, Sendable {
        /// The letter is written down as not delivered, and those it concerns are told.
        case recorded(NoticeID)
        /// The letter is of no concern any more, or was reported before.
        case over(NoticeID)
        /// A delivery report, and nothing failed for good.
        case nothingFailed
        /// To no address that we made, or about another recipient than the letter's.
        case notOurs
    }

    /// Writes down what a mail server reported to the address of `mail`'s option `bounces`.
    package func takeBounce(_ report: DeliveryReport) async throws -> Bounce {
        if report.failures.isEmpty { return .nothingFailed }
        for failure in report.failures {
            guard
                let letter = try server.letter(
                    comingBackTo: report.recipients,
                    from: failure.recipients
                )
            else { continue }
            return try await server.recordBounce(
                of: letter.id,
                to: letter.recipient,
                reason: failure.reason
            ) ? .recorded(letter.id) : .over(letter.id)
        }
        return .notOurs
    }
}
