import LockboxDomain
import LockboxPorts
import Logging

/// What became of one attempt to send a letter.
enum Attempt: Equatable {
    case sent(String)
    /// It will not get better by trying again.
    case refused(String)
    /// It may.
    case failed(String)
    /// It may, and nobody knows whether it arrived.
    case unknown(String)
    /// Not tried, because it would no longer be true.
    case tooLate

    init(_ error: MailError) {
        switch error {
        case .refused(let code, let text): self = .refused("\(code) \(text)")
        case .deferred(let code, let text): self = .failed("\(code) \(text)")
        case .unreachable(let text): self = .failed("not reached: \(text)")
        case .outcomeUnknown(let text): self = .unknown("no answer, it may have arrived: \(text)")
        case .invalid(let field): self = .refused("cannot be written as mail: \(field)")
        }
    }
}

/// A notice as it is after an attempt, ready to be written down.
struct Settlement {
    let notice: Notice

    init(of read: Notice, _ attempt: Attempt, at now: Timestamp, limits: MailLimits) {
        var notice = read
        switch attempt {
        case .tooLate:
            notice.delivery = .cancelled
        case .sent(let reply):
            notice.attempts += 1
            notice.delivery = .sent
            notice.sentAt = now
            notice.lastReply = Self.kept(reply, limits)
        case .refused(let reply):
            notice.attempts += 1
            notice.delivery = .refused
            notice.lastReply = Self.kept(reply, limits)
        case .failed(let reply), .unknown(let reply):
            notice.attempts += 1
            notice.lastReply = Self.kept(reply, limits)
            if Self.isHopeless(notice, at: now, limits) {
                notice.delivery = .refused
            } else {
                let next = now + limits.delay(after: notice.attempts, of: notice.id.text)
                // Past its end only what may have left is tried again.
                notice.nextAttempt =
                    notice.goodUntil.map { $0 > now ? min($0, next) : next } ?? next
            }
        }
        switch attempt {
        case .sent, .refused, .tooLate: notice.begunAt = nil
        // Whether an earlier attempt arrived is as open as before.
        case .failed: notice.begunAt = read.begunAt
        case .unknown: notice.begunAt = read.begunAt ?? now
        }
        self.notice = notice
    }

    /// A letter with an end is cancelled there; how old it is says little, because a reminder is
    /// written long before it is due.
    private static func isHopeless(_ notice: Notice, at now: Timestamp, _ limits: MailLimits)
        -> Bool
    {
        if notice.attempts >= limits.attempts { return true }
        let isOld = notice.goodUntil == nil && now - notice.createdAt >= limits.age
        return isOld && notice.attempts >= limits.backOff.count
    }

    private static func kept(_ reply: String, _ limits: MailLimits) -> String {
        String(String.UnicodeScalarView(reply.unicodeScalars.prefix(limits.replyLength)))
    }

    /// Writes it down, unless that was done before, somebody cancelled the letter meanwhile, or the
    /// lane is another process's now; false then. A letter that did go out is recorded as sent even
    /// so: the record tells what happened.
    func apply(in tx: any StoreTransaction, under claim: Claim) throws -> Bool {
        guard
            let stored = try tx.notices(about: notice.request).first(where: { $0.id == notice.id })
        else {
            throw StoreError.corrupt("notice \(notice.id) is not there")
        }
        switch stored.delivery {
        case .queued: break
        case .cancelled where notice.delivery == .sent: break
        case .cancelled, .sent, .refused: return false
        }
        guard try notice.delivery == .sent || claim.stands(in: tx) else { return false }
        var outcome = notice
        outcome.isUnwanted = stored.isUnwanted
        // It certainly did not leave, and nobody wants it any more.
        if stored.isUnwanted, outcome.delivery == .queued, outcome.begunAt == nil {
            outcome.cancel()
        }
        try tx.update(outcome)
        return true
    }

    var logLine: String {
        switch notice.delivery {
        case .sent: "letter sent"
        case .queued: "letter deferred"
        case .refused: "letter cannot be delivered"
        case .cancelled: "letter no longer needed"
        }
    }

    /// No names or addresses.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "notice": "\(notice.id)", "request": "\(notice.request)",
            "kind": "\(notice.kind.rawValue)",
            "attempts": "\(notice.attempts)",
        ]
        if notice.delivery != .sent, let reply = notice.lastReply { metadata["reply"] = "\(reply)" }
        return metadata
    }
}
