package import LockboxPorts

/// Sends letters to a relay by SMTP (RFC 5321, RFC 6409) through libcurl: one connection a letter.
///
/// A task that is cancelled while its letter is on the way still learns how that ended.
package struct SMTPMailer: Mailer {
    private let configuration: SMTPConfiguration
    private let lane: BlockingPool

    package init(_ configuration: SMTPConfiguration) {
        self.configuration = configuration
        lane = BlockingPool(width: configuration.parallelism, label: "lockbox.mail")
    }

    package func send(
        _ letter: Letter,
        while mayGo: @escaping @Sendable () -> Bool
    ) async throws(MailError) -> MailReceipt {
        let message = try MailMessage(letter)
        return try await lane.send { [configuration] in
            SMTPTransfer.send(message, to: configuration, while: mayGo)
        }
    }
}

extension BlockingPool {
    /// What came of sending a letter by `work`.
    func send(
        _ work: @escaping @Sendable () -> Result<MailReceipt, MailError>
    ) async throws(MailError) -> MailReceipt {
        let result: Result<MailReceipt, MailError>
        do {
            result = try await run(work)
        } catch {
            throw .unreachable("too many letters are waiting to be sent")
        }
        return try result.get()
    }
}
