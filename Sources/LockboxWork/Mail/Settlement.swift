import LockboxDomain
import LockboxPorts
import Logging

/// What became of one attempt to send a letter.
enum Attempt: Equatable {
    case sent(String)
    /// It will not get better by trying again.
    case refused(String)
    /// It may. `isLasting`: not before somebody does something.
    case failed(String, about: Notice.Trouble, isLasting: Bool)
    /// It may, and nobody knows whether it arrived.
    case unknown(String)
    /// We held it back ourselves: nobody said anything about it.
    case heldBack

    init(_ error: MailError) {
        switch error {
        case .refused(let code, let text): self = .refused("\(code) \(text)")
        case .deferred(let code, let text):
            self = .failed("\(code) \(text)", about: .recipient, isLasting: false)
        case .relayRefused(let code, let text):
            self = .failed("\(code) \(text)", about: .relay, isLasting: code >= 500)
        case .unreachable(let text):
            self = .failed("not reached: \(text)", about: .relay, isLasting: false)
        case .heldBack: self = .heldBack
        case .unsafe(let text): self = .failed(text, about: .relay, isLasting: true)
        case .outcomeUnknown(let text): self = .unknown("no answer, it may have arrived: \(text)")
        case .invalid(let field): self = .refused("cannot be written as mail: \(field)")
        }
    }
}

/// A notice as it is after an attempt, ready to be written down.
struct Settlement {
    let notice: Notice
    /// Whether it will not get better before an operator does something.
    let needsOperator: Bool

    init(of read: Notice, _ attempt: Attempt, at now: Timestamp, limits: MailLimits) {
        var notice = read
        switch attempt {
        case .sent(let reply):
            notice.attempts += 1
            notice.delivery = .sent
            notice.sentAt = now
            notice.lastReply = Self.kept(reply, limits)
            notice.trouble = nil
        case .refused(let reply):
            notice.attempts += 1
            notice.delivery = .refused
            notice.lastReply = Self.kept(reply, limits)
            notice.trouble = .recipient
        case .failed(let reply, _, _), .unknown(let reply):
            notice.attempts += 1
            notice.lastReply = Self.kept(reply, limits)
            notice.trouble =
                if case .failed(_, let about, _) = attempt { about } else { .relay }
            if Self.isHopeless(notice, before: read, attempt, at: now, limits) {
                notice.delivery = notice.begunAt == nil ? .refused : .unconfirmed
            } else {
                let next = now + limits.delay(after: notice.attempts, of: notice.id.text)
                // Past its end only what may have left is tried again.
                notice.nextAttempt =
                    notice.goodUntil.map { $0 > now ? min($0, next) : next } ?? next
            }
        // As before the attempt, and due as it was.
        case .heldBack: break
        }
        switch attempt {
        case .sent, .refused: notice.begunAt = nil
        // Whether an earlier attempt arrived is as open as before.
        case .failed, .heldBack: notice.begunAt = read.begunAt
        case .unknown: notice.begunAt = read.begunAt ?? now
        }
        self.notice = notice
        needsOperator =
            if case .failed(_, .relay, let isLasting) = attempt {
                isLasting || notice.attempts >= limits.attemptsUntilTold
            } else { false }
    }

    /// Only what the recipient's server alone defers, twice over, is given up. What is about us ends
    /// when somebody mends it, and a letter with an end is dropped there.
    private static func isHopeless(
        _ notice: Notice,
        before: Notice,
        _ attempt: Attempt,
        at now: Timestamp,
        _ limits: MailLimits
    ) -> Bool {
        guard case .failed(_, .recipient, _) = attempt, before.trouble == .recipient else {
            return false
        }
        return now - notice.sendAt >= limits.age && notice.attempts >= limits.backOff.count
    }

    private static func kept(_ reply: String, _ limits: MailLimits) -> String {
        String(String.UnicodeScalarView(reply.unicodeScalars.prefix(limits.replyLength)))
    }

    /// Writes it down, unless that was done before, somebody cancelled the letter meanwhile, or the
    /// lane is another process's now; false then. A letter that did go out is recorded as sent even
    /// so: the record tells what happened.
    func apply(in tx: any StoreTransaction, under claim: Claim) throws -> Bool {
        guard let stored = try tx.notice(notice.id) else {
            throw StoreError.corrupt("notice \(notice.id) is not there")
        }
        switch stored.delivery {
        case .queued: break
        case .cancelled, .unconfirmed:
            if notice.delivery != .sent { return false }
        case .sent, .refused, .bounced, .leftOut: return false
        }
        guard try notice.delivery == .sent || claim.stands(in: tx) else { return false }
        var outcome = notice
        outcome.isUnwanted = stored.isUnwanted
        // Nobody wants it any more: it is not tried again.
        if stored.isUnwanted, outcome.delivery == .queued { outcome.drop() }
        try tx.update(outcome)
        return true
    }

    var logLine: String {
        switch notice.delivery {
        case .sent: "letter sent"
        case .queued: "letter deferred"
        case .refused, .bounced: "letter cannot be delivered"
        case .cancelled: "letter no longer needed"
        case .leftOut: "letter left out: its recipient had got as many within a day as one may"
        case .unconfirmed: "letter may have arrived, and is not sent again"
        }
    }

    /// What somebody must mend stands out.
    var logLevel: Logger.Level {
        switch notice.delivery {
        case .refused, .unconfirmed, .bounced: .error
        case .queued where needsOperator: .error
        case .queued, .sent, .cancelled, .leftOut: .info
        }
    }

    /// No names or addresses.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "notice": "\(notice.id)", "kind": "\(notice.kind.rawValue)",
            "attempts": "\(notice.attempts)",
        ]
        if let request = notice.request { metadata["request"] = "\(request)" }
        if let trouble = notice.trouble { metadata["about"] = "\(trouble.rawValue)" }
        if notice.delivery != .sent, let reply = notice.lastReply { metadata["reply"] = "\(reply)" }
        return metadata
    }
}
