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
        /// To no address that we made.
        case notOurs
    }

    /// Writes down what a mail server reported to the address of `mail`'s option `bounces`.
    package func takeBounce(_ report: DeliveryReport) async throws -> Bounce {
        guard let letter = try server.letter(comingBackTo: report.recipients) else {
            return .notOurs
        }
        guard let failure = report.failure else { return .nothingFailed }
        return try await server.recordBounce(of: letter, reason: failure)
            ? .recorded(letter) : .over(letter)
    }
}
