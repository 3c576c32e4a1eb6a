import LockboxPorts

/// An enhanced status code (RFC 3463): `5.1.1`.
struct EnhancedStatus: Equatable {
    let kind: Int
    let subject: Int
    let detail: Int

    /// Nil unless `text` begins with one, followed by white space or nothing.
    init?(startOf text: some StringProtocol) {
        let word = text.utf8.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 1,
            parts.dropFirst().allSatisfy({ (1...3).contains($0.count) })
        else { return nil }
        var numbers: [Int] = []
        for part in parts {
            guard part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                return nil
            }
            numbers.append(part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        guard [2, 4, 5].contains(numbers[0]) else { return nil }
        (kind, subject, detail) = (numbers[0], numbers[1], numbers[2])
    }
}

/// What a relay's answer that is no yes is about. Only an answer about the recipient is final: an
/// answer about us is as wrong for everybody else, and good once somebody has mended it.
enum ReplyMeaning: Equatable {
    /// This recipient, for good.
    case refused
    /// This recipient, for now.
    case deferred
    /// Us, or the relay itself.
    case relay

    /// The last command that was sent before the answer.
    enum Step { case connect, sender, recipient, data, body }

    /// By the enhanced status where there is one (RFC 3463 §3, RFC 2034): addresses and disabled
    /// mailboxes are the recipient's, a full one is so for now; the mail system, routing, protocol,
    /// content and policy are ours. Without one, by default: 550, 551 and 553 to the recipient's
    /// command are final, 450 and 552 pass, all others are about us.
    init(code: Int, status: EnhancedStatus?, at step: Step) {
        guard step != .connect, step != .sender else {
            self = .relay
            return
        }
        let isLasting = code >= 500
        // A status of another class than the code says nothing that could be relied on.
        let status = status.flatMap { $0.kind == code / 100 ? $0 : nil }
        switch (status?.subject, status?.detail) {
        // The sender's address.
        case (1, 7), (1, 8): self = .relay
        case (1, _), (2, 1): self = isLasting ? .refused : .deferred
        case (2, _): self = .deferred
        case (0, _), (nil, _): self = Self.byDefault(code, at: step)
        case (_, _): self = .relay
        }
    }

    private static func byDefault(_ code: Int, at step: Step) -> ReplyMeaning {
        switch (code, step) {
        case (550, .recipient), (551, .recipient), (553, .recipient): .refused
        // RFC 5321 §4.5.3.1.10: 552 is to be taken as passing.
        case (450, .recipient), (552, .recipient): .deferred
        case (_, _): .relay
        }
    }

    func error(code: Int, text: String) -> MailError {
        switch self {
        case .refused: .refused(code: code, text: text)
        case .deferred: .deferred(code: code, text: text)
        case .relay: .relayRefused(code: code, text: text)
        }
    }
}
