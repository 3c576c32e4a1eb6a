package import LockboxDomain

/// Every bound of sending letters, by name.
package struct MailLimits: Sendable {
    /// Letters on their way at once. One that hangs takes one of these places until the mailer
    /// gives it up.
    package var concurrentLetters = 8
    /// Between two attempts to write down what became of a letter.
    package var outcomeRetry: Duration = .milliseconds(250)
    /// The wait after the first, second, … failed attempt; the last one repeats.
    package var backOff: [TimeSpan] = [
        .seconds(5), .seconds(15), .minutes(1), .minutes(5), .minutes(15), .hours(1),
    ]
    /// How much longer than its step a wait may be, in percent, so that letters which failed
    /// together do not return together.
    package var spreadPercent: Int64 = 20
    /// A letter that its recipient's server still defers at this age counts as refused, once every
    /// step of the back-off has been tried (RFC 5321 §4.5.4.1: at least 4 or 5 days). What the relay
    /// refuses about us, or does not answer, is never given up.
    package var age = TimeSpan.days(5)
    /// From this attempt on the operators are told of a passing refusal (4xx) about us. Of a lasting
    /// one (5xx) they are told at once.
    package var attemptsUntilTold = 4
    /// A letter that follows another one waits so long for what becomes of that.
    package var waitForEarlier = TimeSpan.seconds(1)
    /// How long letters on their way may take to finish when the process stops.
    package var stopPatience: Duration = .seconds(2)
    /// Scalars of a server's reply that are kept.
    package var replyLength = 200

    package init() {}
}

extension MailLimits {
    /// How long a letter waits after its `attempts`-th failed attempt. The spread follows from the
    /// letter's identifier, so that it is the same whoever computes it.
    func delay(after attempts: Int, of notice: String) -> TimeSpan {
        let step = backOff[min(max(attempts, 1), backOff.count) - 1].milliseconds
        // FNV-1a: any even spread over identifiers would do.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(notice)#\(attempts)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let spread = step * spreadPercent / 100
        return TimeSpan(milliseconds: step + (spread > 0 ? Int64(hash % UInt64(spread + 1)) : 0))
    }
}
