import LockboxDomain
import LockboxPorts
import LockboxService

/// The letters about a request, and how each fared (`{{#letters}}{{> letters}}{{/letters}}`).
struct LetterList: Sendable {
    struct Line: Sendable {
        let addressee: String
        /// Nil where the reader is not told who it is.
        let address: String?
        let about: String
        let fate: String
        let fateTone: String
        let fateAt: ShownTime?
        /// The receiving server's last words, where it did not take the letter.
        let reply: String?
    }

    let letterLines: [Line]
    let hasRefused: Bool
    /// As in "Letters (…)".
    let letterCount: String
    /// How many reached a mail server, wait, and were refused.
    let tally: String

    init(_ reading: RequestReading) {
        let now = reading.view.at
        letterLines = reading.letters.map { Line($0, now: now) }
        let notices = reading.letters.map(\.notice)
        hasRefused = notices.contains(where: \.isUndelivered)
        letterCount = counted(Int64(notices.count), "letter")
        let parts: [(Notice.Delivery, String)] = [
            (.sent, "delivered"), (.queued, "waiting"), (.refused, "refused"),
            (.bounced, "came back"),
            (.cancelled, "not needed any more"), (.unconfirmed, "perhaps delivered"),
            (.leftOut, "left out"),
        ]
        tally = parts.compactMap { delivery, words in
            let count = notices.count { $0.delivery == delivery }
            return count == 0 ? nil : "\(count) \(words)"
        }.joined(separator: ", ")
    }
}

extension LetterList.Line {
    fileprivate init(_ view: NoticeView, now: Timestamp) {
        let notice = view.notice
        addressee = view.name
        address = view.address
        about = notice.kind.words
        switch notice.delivery {
        case .sent:
            (fate, fateTone) = ("delivered to the mail server", Badge.Tone.good.rawValue)
            (fateAt, reply) = (notice.sentAt.map { ShownTime($0) }, nil)
        case .cancelled:
            (fate, fateTone, fateAt, reply) = (
                "not needed any more", Badge.Tone.quiet.rawValue, nil, nil
            )
        case .leftOut:
            (fate, fateTone) = ("left out", Badge.Tone.quiet.rawValue)
            (fateAt, reply) = (nil, view.lastReply)
        case .unconfirmed:
            (fate, fateTone) = (
                "may have arrived; not needed any more", Badge.Tone.quiet.rawValue
            )
            (fateAt, reply) = (nil, view.lastReply)
        case .bounced:
            (fate, fateTone, fateAt) = ("came back undelivered", Badge.Tone.bad.rawValue, nil)
            reply = view.lastReply
        case .refused:
            (fate, fateTone, fateAt) = ("refused", Badge.Tone.bad.rawValue, nil)
            reply = view.lastReply
        case .queued:
            let tried =
                notice.attempts == 0 ? "" : "tried \(counted(Int64(notice.attempts), "time")), "
            let isDue = notice.nextAttempt <= now
            (fate, fateTone) = (
                tried + (isDue ? "being sent" : "waiting until"), Badge.Tone.waiting.rawValue
            )
            fateAt = isDue ? nil : ShownTime(notice.nextAttempt)
            reply = notice.attempts == 0 ? nil : view.lastReply
        }
    }
}

extension Notice.Kind {
    /// What the letter does, as in "to Adam Cole: …".
    fileprivate var words: String {
        switch self {
        case .managerAsked: "asks for the review"
        case .customerAsked: "asks for a decision"
        case .reminder: "reminds of the decision"
        case .lastReminder: "reminds for the last time"
        case .rejected: "tells that a manager rejected it"
        case .approved: "tells that it is approved"
        case .denied: "tells that it is denied"
        case .expired: "tells that it expired"
        case .withdrawn: "tells that it was withdrawn"
        case .accessEnded: "tells that access is over"
        case .accessBegan: "tells that access began"
        case .accessReport: "reports what the access was used for"
        case .accessScheduled: "tells when access will begin"
        case .removalFailed: "warns that a service did not confirm the end"
        case .removalRecovered: "tells that the service has confirmed the end"
        case .questionAsked: "tells of a question"
        case .questionAnswered: "tells of an answer"
        case .supportWritten: "tells of a message on the support request"
        case .supportClosed: "tells that the support request was closed"
        case .supportReopened: "tells that the support request was reopened"
        case .askedOnBehalf: "tells that a program asks on her behalf"
        case .takenBack: "tells that it was taken back"
        case .settled: "tells that nothing needs to be decided any more"
        case .sideChanged: "tells of a change of the organisation"
        case .approverUnreached: "tells that somebody was not reached"
        case .lettersLeftOut: "tells that e-mails are left out"
        case .invitation: "invites to choose a password"
        case .operatorsNeeded: "tells the operators"
        }
    }
}
